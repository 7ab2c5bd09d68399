import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

import latentassay as la
from latentassay.core.observations import as_observations
from latentassay.explore.contents import collect
from latentassay.explore.library import MOST, ROW, SIDE, is_picture, make_library, sheet, shrink
from latentassay.explore.walks import response_distance


def beyond_torch():
    """A model that decodes with numpy: pictures of two grey values."""

    def decode(z):
        half = np.repeat(1 / (1 + np.exp(-z.numpy())), 8, 1).reshape(-1, 1, 4, 4)
        return torch.from_numpy(half)

    def encode(x):
        halves = x.flatten(1).reshape(-1, 2, 8).mean(2).clamp(0.01, 0.99)
        return torch.logit(halves)

    return la.from_torch(encode, decode, latent_shape=(2,))


@pytest.fixture(scope="module")
def found():
    model = beyond_torch()
    x = model.decode(torch.randn(200, 2, generator=torch.Generator().manual_seed(0)))
    result = la.assay(model, x, questions=["units", "holes"], samples=64)
    return model, x, collect(model, as_observations(x), result, seed=0, budget=3.0)


def test_every_entry_is_what_the_model_says(found):
    model, _, contents = found
    library = make_library(model, contents, reason="why", budget=20.0)
    assert len(library.at) <= MOST and library.reason == "why"
    z = torch.from_numpy(library.at)
    assert np.allclose(library.observations, model.decode(z).numpy(), atol=1e-6)
    assert np.allclose(library.back, la.respond(model, z).numpy(), atol=1e-4)
    assert np.allclose(library.distance, response_distance(model, z, contents.kept), atol=1e-4)
    assert np.allclose(library.at[: len(contents.sample_codes)], contents.sample_codes)


def test_time_ends_it(found):
    model, _, contents = found
    assert 0 < len(make_library(model, contents, reason="", budget=0.0).at) < 50


def test_a_sheet_holds_every_picture_at_its_place():
    pictures = np.random.default_rng(0).uniform(-1, 1, size=(ROW + 2, 3, 1, 1)).astype(np.float32)
    pictures = np.broadcast_to(pictures, (ROW + 2, 3, 16, 8))
    uri = sheet(pictures, (-1.0, 1.0))
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))) / 127.5 - 1
    assert image.shape == (32, ROW * 8, 3)
    assert np.abs(image[8, 12] - pictures[1, :, 8, 4]).max() < 0.15
    assert np.abs(image[24, 12] - pictures[ROW + 1, :, 8, 4]).max() < 0.15


def test_large_pictures_shrink_and_nothing_else_does():
    assert shrink(torch.rand(2, 3, 4 * SIDE, 2 * SIDE)).shape == (2, 3, SIDE, SIDE // 2)
    assert torch.allclose(shrink(torch.full((1, 1, 500, 500), 0.3)), torch.tensor(0.3))
    for x in (torch.rand(2, 3, 8, 8), torch.rand(2, 500), torch.rand(2, 3, 500)):
        assert shrink(x) is x
    assert is_picture(np.zeros((1, 3, 4, 4))) and not is_picture(np.zeros((1, 2, 4, 4)))


def test_the_page_of_a_model_it_cannot_run_says_so_and_why(found):
    model, x, _ = found
    page = la.explore(model, x, budget=6, samples=64)
    assert "decodings that were made beforehand, as it cannot run the model: what the model computes" in page
    assert "data:image/webp;base64," in page and '"networks":null' in page


def test_an_operation_that_is_not_known_is_named_with_its_layer(found):
    class Sorts(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = torch.nn.Linear(6, 2), torch.nn.Sequential(torch.nn.Linear(2, 6), Sorted())

    class Sorted(torch.nn.Module):
        def forward(self, x):
            return x.sort(1).values

    net = Sorts().eval()
    model = la.from_torch(net.encoder, net.decoder, latent_shape=(2,))
    page = la.explore(model, torch.randn(80, 6), budget=4, samples=64)
    assert "does not know aten.sort.default in layer" in page
