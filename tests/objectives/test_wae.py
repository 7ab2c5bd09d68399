"""WAE: its discrepancy against quadrature, what draws from the prior it asks for, and where it leads codes."""

import pytest
import torch
from torch import nn

from latentassay import objectives
from latentassay.core.errors import InputError
from latentassay.core.posteriors import DiagonalGaussian, Point, StandardNormal
from latentassay.stats.likelihoods import SquaredError
from latentassay.stats.mmd import SCALES
from tests.oracles.discrepancy import gaussian_mmd


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Open(nn.Module):
    """An encoder that shows observations as they are, as points or with some width."""

    def __init__(self, d, width=None, prior=None):
        super().__init__()
        self.x_shape = self.latent_shape = (d,)
        self.width, self.prior, self.likelihood = width, prior, SquaredError()

    def encode(self, x):
        return Point(x) if self.width is None else DiagonalGaussian(x, torch.full_like(x, self.width))

    def decoder_output(self, z):
        return z


def found(model, d, shift, std, batch=40, repeats=200, **options):
    """Mean and standard error of the part ``mmd`` over batches from N(shift, std² I)."""
    objective = objectives.WAE(**options)
    drawn = [shift + std * torch.randn(batch, d, generator=seeded(1000 + k)) for k in range(repeats)]
    values = torch.stack([objective(model, x, seeded(k)).parts["mmd"] for k, x in enumerate(drawn)]).double()
    return float(values.mean()), float(values.std()) / repeats**0.5


@pytest.mark.parametrize(("shift", "std"), [(0.0, 1.0), (0.5, 1.0), (0.0, 0.5), (0.0, 2.0)])
def test_the_discrepancy_is_unbiased_and_sums_seven_kernels_of_width_2d(shift, std):
    d = 3
    expected = sum(gaussian_mmd(2 * d * s, d, shift, std, 1.0) for s in SCALES)
    value, stderr = found(Open(d), d, shift, std)
    assert abs(value - expected) < 4 * stderr
    assert expected == 0 if (shift, std) == (0.0, 1.0) else expected > 10 * stderr  # nothing is shown by noise


def test_posteriors_with_width_are_sampled():
    """Their means have variance 0.64 and their width adds 0.36: nothing is left to correct."""
    value, stderr = found(Open(2, width=0.6), 2, 0.0, 0.8)
    assert abs(value) < 4 * stderr
    bare, _ = found(Open(2), 2, 0.0, 0.8)
    assert bare > 10 * stderr


def test_a_models_own_prior_is_what_codes_are_held_against():
    class Wide(StandardNormal):
        std = 3.0

        def sample(self, n, generator):
            return 3 * super().sample(n, generator)

    value, stderr = found(Open(2, prior=Wide((2,))), 2, 0.0, 3.0)
    assert abs(value) < 4 * stderr
    value, stderr = found(Open(2, prior=Wide((2,))), 2, 0.0, 1.0)
    assert abs(value - sum(gaussian_mmd(4 * 9 * s, 2, 0.0, 1.0, 3.0) for s in SCALES)) < 4 * stderr


def test_descent_leads_codes_to_the_prior():
    codes = nn.Parameter(0.7 + 0.4 * torch.randn(128, 2, generator=seeded()))
    generator, optimiser = seeded(1), torch.optim.Adam([codes], lr=0.05)
    for _ in range(150):
        optimiser.zero_grad()
        objectives.WAE()(Open(2), codes, generator).parts["mmd"].backward()
        optimiser.step()
    reached = codes.detach()
    assert float(reached.mean(0).abs().max()) < 0.25
    torch.testing.assert_close(torch.cov(reached.T), torch.eye(2), rtol=0, atol=0.25)


def test_the_parts_add_up_and_the_weight_weighs():
    model, x = Open(2), torch.randn(8, 2, generator=seeded())
    for weight in (0, 10.0, 100):
        loss = objectives.WAE(weight)(model, x, seeded())
        torch.testing.assert_close(loss.total, loss.parts["nll"] + weight * loss.parts["mmd"])
    assert float(loss.parts["nll"]) == 0


def test_spatial_codes_count_all_their_values():
    class Map(Open):
        latent_shape = (2, 2, 2)

        def __init__(self):
            super().__init__(8)
            self.latent_shape = (2, 2, 2)

        def encode(self, x):
            return Point(x.unflatten(1, self.latent_shape))

        def decoder_output(self, z):
            return z.flatten(1)

    value, stderr = found(Map(), 8, 0.5, 1.0, repeats=100)
    assert abs(value - sum(gaussian_mmd(16 * s, 8, 0.5, 1.0, 1.0) for s in SCALES)) < 4 * stderr


def test_half_precision_is_for_networks_alone():
    model, x = Open(3), torch.randn(16, 3, generator=seeded())
    whole = objectives.WAE()(model, x, seeded()).parts["mmd"]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(objectives.WAE()(model, x, seeded()).parts["mmd"], whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": -1.0}, "weight must be zero or"),
        ({"weight": float("nan")}, "weight must be"),
        ({"scales": ()}, "scales must be positive"),
        ({"scales": (1.0, 0.0)}, "scales must be positive"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        objectives.WAE(**options)


def test_one_row_is_refused():
    with pytest.raises(InputError, match="two rows"):
        objectives.WAE()(Open(2), torch.zeros(1, 2), seeded())
