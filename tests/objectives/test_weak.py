"""The weakly supervised GAN: its parts and whom they teach, and that its encoder finds the factors pairs share."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy.stats import spearmanr
from torch.nn.functional import binary_cross_entropy_with_logits

from latentassay import data, models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.data.codes import grid_codes
from latentassay.objectives.auxiliary_networks import with_auxiliary
from latentassay.objectives.weak import WeakGAN
from latentassay.training import cosine, fit


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def setting(latents=3, shared=None, n=5):
    model = models.build("vae-mlp", x_shape=(7,), latents=latents, hidden=(9,))
    ready = with_auxiliary(WeakGAN(shared, width=16), model)
    kinds = latents if shared is None else len(shared)
    return model, ready, torch.rand(n, kinds, 2, 7, generator=seeded(1))


def test_its_parts_are_the_formula_as_a_loop():
    shared = [[0], [1, 2], [2]]
    model, ready, x = setting(shared=shared)
    loss, judge = ready.loss(model, x, seeded()), ready.networks.eval()
    z = model.prior.sample(5 * 3 * 2, seeded()).reshape(5, 3, 2, 3)
    for kind, latents in enumerate(shared):
        z[:, kind, 1, latents] = z[:, kind, 0, latents]
    fakes = model.decode(z.flatten(0, 2)).reshape(x.shape)
    real, made = judge(x), judge(fakes)
    one, nothing = torch.ones(15), torch.zeros(15)
    # A forward pass in training mode refines the spectral norms, so its logits lie a little off those afterwards.
    discriminator = binary_cross_entropy_with_logits(torch.cat([real, made]).flatten(), torch.cat([one, nothing]))
    torch.testing.assert_close(loss.parts["discriminator"], discriminator, rtol=0.05, atol=0)
    generator = binary_cross_entropy_with_logits(made.flatten(), one)
    torch.testing.assert_close(loss.parts["generator"], generator, rtol=0.05, atol=0)
    encoder = -model.encode(fakes.flatten(0, 2)).log_prob(z.flatten(0, 2)).mean()
    torch.testing.assert_close(loss.parts["encoder"], encoder)
    torch.testing.assert_close(loss.total, sum(loss.parts.values()))


def test_each_part_teaches_one_network():
    for part in ("discriminator", "generator", "encoder"):
        model, ready, x = setting()
        networks = {"discriminator": ready.networks, "generator": model.decoder, "encoder": model.encoder}
        ready.loss(model, x, seeded()).parts[part].backward()
        for name, network in networks.items():
            moved = [p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters()]
            assert all(moved) if name == part else not any(moved), (part, name)


def test_what_the_generator_shares_is_the_same_in_both_and_nothing_else_is():
    from latentassay.objectives.weak import _draw_latents

    z = _draw_latents(models.build("vae-mlp", x_shape=(7,), latents=3), 50, ((0,), (1, 2)), seeded())
    assert (z[:, :, 0] == z[:, :, 1]).float().mean(0).tolist() == [[1, 0, 0], [0, 1, 1]]


def test_five_and_five_steps_are_ten(tmp_path):
    x = data.shared_pairs(turned(4), 50)

    def run(steps, out, **options):
        model = models.build("vae-mlp", x_shape=(6,), latents=2, likelihood="gaussian", hidden=(8,))
        fit(
            model,
            WeakGAN([[0], [1]], width=8),
            x,
            steps=steps,
            batch_size=8,
            out=tmp_path / out,
            device="cpu",
            checkpoint_every=5,
            validation=x,
            **options,
        )

    run(10, "straight")
    run(5, "halves")
    run(10, "halves", resume=True)
    expected, found = (load_file(next((tmp_path / out).glob("checkpoint-*"))) for out in ("straight", "halves"))
    assert any(name.endswith("_u") for name in expected)  # what spectral norms remember
    assert expected.keys() == found.keys() and all(
        torch.equal(tensor, found[name]) for name, tensor in expected.items()
    )


def turned(size=12):
    """Two factors, turned by 45° and bent, as vectors."""
    codes = grid_codes((size, size))
    mixed = (2 * codes / (size - 1) - 1) @ np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    x = np.concatenate([mixed, np.tanh(mixed @ np.random.default_rng(3).standard_normal((2, 4)))], 1)
    return data.FactorData(x.astype(np.float32), codes, ("a", "b"))


def recovered(steps, width, lr, seed):
    """|Spearman correlation| of factor (row) with latent (column): the latent that is shared is the factor that is."""
    observed = turned()
    model = models.build(
        "vae-mlp", x_shape=(6,), latents=2, likelihood="gaussian", hidden=(64, 64), activation="relu", seed=seed
    )
    fit(
        model,
        WeakGAN(width=width, seed=seed),
        data.shared_pairs(observed, 20_000),
        steps=steps,
        batch_size=64,
        lr=cosine(lr, steps),
        seed=seed,
        device="cpu",
    )
    with torch.no_grad():
        z = model.eval().encode(observed.batch(np.arange(len(observed)))).mean.numpy()
    return np.abs(spearmanr(np.concatenate([observed.factors, z], 1)).statistic[:2, 2:])


def test_its_encoder_recovers_the_shared_factors():
    found = recovered(1000, 64, 2e-3, seed=0)
    assert found.diagonal().min() > 0.95 and found[[0, 1], [1, 0]].max() < 0.2, found


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_does_from_any_seed(seed):
    found = recovered(2000, 64, 1e-3, seed)
    assert found.diagonal().min() > 0.95 and found[[0, 1], [1, 0]].max() < 0.2, found


@pytest.mark.parametrize(
    ("shared", "message"),
    [([[]], "at least one"), ([[0, 0]], "once"), ([[-1]], "from 0 on"), ([[0], []], "at least one")],
)
def test_kinds_that_make_no_sense_are_refused(shared, message):
    with pytest.raises(InputError, match=message):
        WeakGAN(shared)


def test_kinds_latents_and_pairs_must_fit():
    model, ready, x = setting()
    for shared in ([[3]], [[0, 1, 2]]):
        with pytest.raises(InputError, match="some of the model's 3 latents, but not all"):
            with_auxiliary(WeakGAN(shared), model)
    for options in ({"width": 0}, {"width": True}, {"sharpness": 0}, {"sharpness": float("nan")}):
        with pytest.raises(InputError, match=f"{next(iter(options))} must be"):
            WeakGAN(**options)
    with pytest.raises(InputError, match=r"3 kinds of pairs, got a batch \(5, 2, 2, 7\)"):
        ready.loss(model, x[:, :2], seeded())
    with pytest.raises(InputError, match=r"tuples of observations \(7,\).*data\.shared_pairs"):
        ready.loss(model, x[:, 0], seeded())


def test_models_must_have_a_prior():
    for name in ("ae-mlp",):
        with pytest.raises(ContractError, match="prior"):
            WeakGAN()(models.build(name, x_shape=(7,), latents=3), torch.rand(4, 3, 2, 7), seeded())
    with pytest.raises(ContractError, match="lacks decode"):
        with_auxiliary(WeakGAN(), models.features(x_shape=(7,), latents=2))


def test_it_is_rebuilt_from_json():
    import json

    objective = WeakGAN([[0], (1, 2)], width=8)
    assert objectives.build(**json.loads(json.dumps(objectives.spec(objective)))) == objective
    assert hash(objective) == hash(WeakGAN(((0,), (1, 2)), width=8))


def test_the_page_works_as_it_stands(capsys):
    import re

    from conftest import ROOT

    page, names = (ROOT / "docs" / "guides" / "weak-supervision.md").read_text("utf-8"), {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "weak-supervision.md", "exec"), names)
    assert "('scale',), ('orientation',)" in capsys.readouterr().out
    assert names["walks"].x_shape == (2, 1, 64, 64) and names["shared"].x_shape == (5, 2, 1, 64, 64)
