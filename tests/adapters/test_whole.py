"""An ordinary module is brought behind the door as it is."""

import warnings

import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.adapters._whole import as_autoencoder

W = torch.linalg.qr(torch.randn(9, 2, generator=torch.Generator().manual_seed(0)))[0]
X = torch.randn(128, 2, generator=torch.Generator().manual_seed(1)) @ W.T


class MyVAE(nn.Module):
    """Codes that are right, and a second output that is the same everywhere."""

    def __init__(self, second):
        super().__init__()
        self.weight, self.second = nn.Parameter(W.clone()), second

    def encode(self, x):
        mean = x @ self.weight
        return mean, torch.full_like(mean, self.second)

    def decode(self, z):
        return z @ self.weight.T


@pytest.mark.parametrize(("second", "output", "std"), [(-2.0, "mean_logvar", 0.367879), (0.1, "mean_std", 0.1)])
def test_the_second_of_a_pair_is_told_by_its_sign_or_by_data(second, output, std):
    found = as_autoencoder(MyVAE(second), X)
    assert found.model.latent_shape == (2,) and found.name == "MyVAE" and found.model.prior is not None
    assert f"output='{output}', prior='normal'" in found.assumed and "latent_shape=(2,)" in found.assumed
    torch.testing.assert_close(found.model.encode(X).std, torch.full((128, 2), std))


def test_what_cannot_be_told_is_asked():
    with pytest.raises(la.InputError, match=r"say la\.wrap"):
        as_autoencoder(MyVAE(1.5), X)


def test_a_plain_autoencoder_has_no_prior_and_modes_stay():
    net = nn.Module()
    net.encoder, net.decoder = nn.Sequential(nn.Linear(9, 3), nn.Dropout()), nn.Linear(3, 9)
    found = as_autoencoder(net.train(), X)
    assert found.model.prior is None and found.model.latent_shape == (3,) and net.encoder[1].training


def test_a_wrong_size_names_what_came():
    with pytest.raises(la.ContractError, match=r"\(2, 5\)"):
        as_autoencoder(MyVAE(-1.0), X[:, :5])


def test_assay_takes_it_and_bears_its_name():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result = la.assay(MyVAE(-6.0), X, samples=64, grid=5, budget=10, questions=["units"])
    assert result.meta.model == "MyVAE"
    assert sum("assumed of MyVAE" in str(each.message) for each in seen) == 1


def test_of_a_slow_encoder_two_rows_are_asked_where_they_tell():
    asked = []

    class Slow(MyVAE):
        def encode(self, x):
            asked.append(len(x))
            return super().encode(x)

    as_autoencoder(Slow(-2.0), X)
    assert sum(asked) == 4


def test_data_of_a_guessed_layout_go_in_as_the_model_takes_them():
    class Series(MyVAE):
        def encode(self, x):
            return super().encode(x.flatten(1))

        def decode(self, z):
            return super().decode(z).reshape(-1, 3, 3)

    data = la.data.own(X.reshape(-1, 3, 3).numpy())
    assert data.x_shape == (1, 3, 3)
    result = la.assay(as_autoencoder(Series(-2.0), data).model, data, samples=64, questions=["units"])
    assert result.meta.x_shape == (3, 3)
