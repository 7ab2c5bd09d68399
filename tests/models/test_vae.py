"""The autoencoder behind the door."""

import pytest
import torch
from torch import nn

from latentassay import models
from latentassay.core.posteriors import DiagonalGaussian, FullCovarianceGaussian, Point, StandardNormal
from latentassay.nn.coders import Coders
from latentassay.nn.heads import AIMED, DIAGONAL, FULL, POINT
from latentassay.stats.likelihoods import SquaredError


@pytest.mark.parametrize(
    ("head", "width", "kind"), [(POINT, 2, Point), (AIMED, 2, Point), (DIAGONAL, 4, DiagonalGaussian), (FULL, 5, None)]
)
def test_the_head_says_what_codes_and_prior_there_are(head, width, kind):
    coders = Coders(nn.Linear(3, width), nn.Linear(2, 3))
    model = models.VAE(coders, head, SquaredError(), x_shape=(3,), latents=2)
    assert isinstance(model.encode(torch.rand(4, 3)), kind or FullCovarianceGaussian)
    assert model.prior == (None if head is POINT else StandardNormal((2,)))
    assert model.variables == ((0,), (1,)) and model.spec is None


def test_under_autocast_codes_and_outputs_have_the_precision_of_the_data():
    model = models.build("vae-mlp", x_shape=(3,), latents=2)
    with torch.autocast("cpu", torch.bfloat16):
        posterior = model.encode(torch.rand(4, 3))
        output = model.decoder_output(posterior.mean)
    assert posterior.mean.dtype == posterior.std.dtype == output.dtype == torch.float32
