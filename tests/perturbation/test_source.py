"""What a perturbation begins with: ε, ensembles and data that cannot be are refused."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import ContractError, InputError
from latentassay.perturbation import uniform_noise


@pytest.mark.parametrize("eps", [0, 1, -0.1, 1.5, float("nan"), True, "0.1"])
def test_eps_must_lie_between_0_and_1(toy, tmp_path, eps):
    for make in (toy.small, lambda data, out, eps: uniform_noise(data, out=out, eps=eps)):
        with pytest.raises(InputError, match="eps must lie between 0 and 1"):
            make(toy.grid(), tmp_path / "out", eps=eps)
    assert not (tmp_path / "out").exists()


def test_ensembles_that_cannot_be_are_refused(toy, tmp_path):
    a, b = toy.vae(0), toy.vae(1)
    cases = [
        ([a], [a], "both ensembles"),
        ([a, b], [b], "both ensembles"),
        ([a, a], [b], "one ensemble"),
        ([toy.vae(0)], [toy.vae(0)], "same weights"),  # not the same object, but the same model
        ([], [b], "at least one model"),
        ([a], [toy.vae(1, latents=3)], r"one shape, got \(2,\), \(3,\)"),
        ([a], [toy.vae(1, x_shape=(1, 4, 4))], r"observations \(1, 4, 4\), the data have \(1, 8, 8\)"),
    ]
    for entangled, disentangled, message in cases:
        with pytest.raises(InputError, match=message):
            toy.small(toy.grid(), tmp_path / "out", entangled=entangled, disentangled=disentangled)
    for model, message in ((toy.vae(0, name="ae-mlp"), "point codes"), (torch.nn.Linear(2, 2), "torch modules")):
        with pytest.raises(ContractError, match=message):
            toy.small(toy.grid(), tmp_path / "out", entangled=[model])
    assert not (tmp_path / "out").exists()


def test_data_that_cannot_be_are_refused(toy, tmp_path):
    from latentassay.data import FactorData

    codes, good = np.arange(20)[:, None], np.full((20, 8, 8), 0.5, np.float32)
    outside, unknown = good.copy(), good.copy()
    outside[7, 0, 0], unknown[7, 0, 0] = 1.01, np.nan
    cases = [
        (FactorData(outside, codes), r"lie in \[0, 1\]"),
        (FactorData(unknown, codes), "NaN"),
        (FactorData(good, codes[:, :0]), "no factor that varies"),
        (FactorData(good, 0 * codes), "no factor that varies"),
        (torch.from_numpy(good), "must be a FactorData"),
    ]
    for data, message in cases:
        for make in (toy.small, lambda data, out: uniform_noise(data, out=out)):
            with pytest.raises(InputError, match=message):
                make(data, tmp_path / "out")
    assert not (tmp_path / "out").exists()
