"""An ordinary module is brought behind the door as it is."""

import html
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.adapters._whole import as_autoencoder
from latentassay.core.autoencoder import HasCodebook
from latentassay.core.codebooks import nearest_entries

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


def test_means_and_log_variances_side_by_side_are_told_by_what_the_decoder_takes():
    net = nn.Module()
    net.encoder, net.decoder = nn.Linear(9, 4), nn.Linear(2, 9)
    found = as_autoencoder(net, X)
    assert found.model.latent_shape == (2,) and "output='mean_logvar', prior='normal'" in found.assumed
    answer = net.encoder(X)
    torch.testing.assert_close(found.model.encode(X).mean, answer[:, :2])
    torch.testing.assert_close(found.model.encode(X).std, (0.5 * answer[:, 2:]).exp())


def test_what_cannot_be_told_is_asked():
    with pytest.raises(la.InputError, match=r"say la\.wrap"):
        as_autoencoder(MyVAE(1.5), X)


def test_a_plain_autoencoder_has_no_prior_and_modes_stay():
    net = nn.Module()
    net.encoder, net.decoder = nn.Sequential(nn.Linear(9, 3), nn.Dropout()), nn.Linear(3, 9)
    found = as_autoencoder(net.train(), X)
    assert found.model.prior is None and found.model.latent_shape == (3,) and net.encoder[1].training


class Quantised(nn.Module):
    """Maps of two channels, every place moved to the nearest of three entries."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))

    def encode(self, x):
        return self.table(nearest_entries(x, self.table.weight)).mT.view(len(x), 2, 4, 4)

    def decode(self, z):
        return z


def test_the_table_that_codes_come_from_is_the_codebook():
    x = torch.rand(64, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    found = as_autoencoder(Quantised(), x)
    assert isinstance(found.model, HasCodebook) and "codebook=model.table.weight" in found.assumed
    counts = torch.bincount(found.model.quantise(found.model.encode(x).mean).flatten(), minlength=3)
    distances = torch.cdist(x.flatten(2).mT.reshape(-1, 2), Quantised().table.weight)
    torch.testing.assert_close(counts, torch.bincount(distances.argmin(1), minlength=3))


def test_weights_that_codes_are_not_rows_of_are_no_codebook():
    net = nn.Module()
    net.encoder, net.decoder = nn.Linear(9, 3), nn.Linear(3, 9)  # its weight has rows as long as a code
    assert not isinstance(as_autoencoder(net, X).model, HasCodebook)


def test_a_wrong_size_names_what_came():
    with pytest.raises(la.ContractError, match=r"\(2, 5\)"):
        as_autoencoder(MyVAE(-1.0), X[:, :5])


def test_assay_takes_it_and_bears_its_name():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result = la.assay(MyVAE(-6.0), X, samples=64, grid=5, budget=10, questions=["units"])
    assert result.meta.model == "MyVAE"
    assert sum("assumed of MyVAE" in str(each.message) for each in seen) == 1
    page = html.unescape(result.to_html())
    assert "prior='normal'" in page[page.index("<h1") : page.index("<section")]


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


@pytest.mark.filterwarnings("ignore:assumed of")
@pytest.mark.parametrize("stored", ["channels first", "channels last"])
def test_series_go_in_as_the_first_layer_takes_them(stored, tmp_path):
    """What takes three channels alone can be tried on no other layout than its own."""
    net = nn.Module()
    net.encoder = nn.Sequential(nn.Conv1d(3, 4, 4, 4), nn.Flatten(), nn.Linear(8, 2))
    net.decoder = nn.Sequential(nn.Linear(2, 24), nn.Unflatten(1, (3, 8)))
    x = torch.randn(40, 3, 8, generator=torch.Generator().manual_seed(0)).numpy()
    np.save(tmp_path / "x.npy", x if stored == "channels first" else x.transpose(0, 2, 1))
    result = la.assay(net, la.data.own(tmp_path / "x.npy"), samples=32, questions=["units"])
    assert result.meta.x_shape == (3, 8)


@pytest.mark.filterwarnings("ignore:assumed of")
def test_series_go_as_they_are_into_what_takes_time_first(tmp_path):
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.code, self.up = nn.GRU(3, 4, batch_first=True), nn.Linear(4, 2), nn.Linear(2, 24)

        def encode(self, x):
            return self.code(self.down(x)[1][0])

        def decode(self, z):
            return self.up(z).view(-1, 8, 3)

    np.save(tmp_path / "x.npy", torch.randn(40, 8, 3).numpy())
    result = la.assay(Recurrent(), la.data.own(tmp_path / "x.npy"), samples=32, questions=["units"])
    assert result.meta.x_shape == (8, 3)
