"""Every way to break the door's contract is named by its error."""

import pytest
import torch
from torch import nn

import latentassay as la


def x(n=6, d=4):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0))


class Good(nn.Module):
    latent_shape, prior = (2,), la.StandardNormal((2,))

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.down, self.up = nn.Linear(4, 2), nn.Linear(2, 4)

    def encode(self, x):
        return la.DiagonalGaussian(self.down(x), torch.ones(len(x), 2, device=x.device))

    def decode(self, z):
        return self.up(z)


def broken(**methods):
    return type("Broken", (Good,), methods)()


def test_a_good_model_passes_and_is_left_as_found():
    model = Good().train()
    model.up.eval()
    state = torch.get_rng_state()
    passed = la.check_autoencoder(model, x())
    assert "posterior" in passed and "decoding" in passed
    assert model.training and not model.up.training and model.down.training
    assert torch.equal(state, torch.get_rng_state()) and torch.is_grad_enabled()


@pytest.mark.parametrize("fault", [RuntimeError("boom"), ValueError("")])
def test_modes_are_restored_when_a_model_throws(fault):
    def encode(self, x):
        raise fault

    model = broken(encode=encode).train()
    with pytest.raises(la.ContractError, match=r"encode .* takes 4 numbers\) failed on a tensor \(6, 4\)"):
        la.check_autoencoder(model, x())
    assert model.training


BREAKS = {
    "encode must return a Posterior, got list": {"encode": lambda self, x: [self.down(x)]},
    "posterior mean must have shape \\(6, 2\\), got \\(6, 4\\)": {"encode": lambda self, x: la.Point(x)},
    "posterior mean holds NaN": {"encode": lambda self, x: la.Point(self.down(x) * torch.nan)},
    "std is negative": {"encode": lambda self, x: la.DiagonalGaussian(self.down(x), -torch.ones(len(x), 2))},
    "decode must return the shape of x, \\(6, 4\\), got \\(6, 2\\)": {"decode": lambda self, z: z},
    "decode must return a tensor, got tuple": {"decode": lambda self, z: (self.up(z),)},
    "decode returned NaN": {"decode": lambda self, z: self.up(z) / 0 * 0},
    "asked twice; is dropout on": {"decode": lambda self, z: self.up(z) + torch.rand(1)},
    "row by row; does it normalise": {"encode": lambda self, x: la.Point(self.down(x - x.mean(0)))},
    "latent_shape must be positive integers": {"latent_shape": (0,)},
    "prior.sample\\(3\\) must have shape": {"prior": la.StandardNormal((3,))},
    "switches itself to train mode": {"encode": lambda self, x: (self.train(), la.Point(self.down(x)))[1]},
    "draws from the global random state": {"encode": lambda self, x: (torch.rand(1), la.Point(self.down(x)))[1]},
    "changes its input in place": {"encode": lambda self, x: la.Point(self.down(x.clamp_(max=1e-9).mul_(1.0)))},
}


@pytest.mark.parametrize("message", BREAKS)
def test_every_breach_is_named(message):
    with pytest.raises(la.ContractError, match=message):
        la.check_autoencoder(broken(**BREAKS[message]), x())


class Draws(la.Posterior):
    """Ignores its generator."""

    def __init__(self, mean):
        self.mean, self.count = mean, 0

    @property
    def std(self):
        return torch.ones_like(self.mean)

    def sample(self, generator):
        self.count += 1
        return self.mean + self.count

    def log_prob(self, z):
        return z.sum(1)

    def kl_to_prior(self):
        return self.mean.sum(1)


def test_samples_must_depend_on_the_generator_alone():
    with pytest.raises(la.ContractError, match="generator alone"):
        la.check_autoencoder(broken(encode=lambda self, x: Draws(self.down(x))), x())


def test_views_of_strided_memory_are_found():
    def encode(self, x):
        return la.Point(self.down(x.contiguous()) + (0.0 if x.is_contiguous() else 1.0))

    with pytest.raises(la.ContractError, match="non-contiguous"):
        la.check_autoencoder(broken(encode=encode), x())


def test_non_contiguous_input_is_fine_for_a_good_model():
    la.check_autoencoder(Good(), torch.randn(4, 6, generator=torch.Generator().manual_seed(0)).T)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (torch.zeros(6, 4, dtype=torch.int64), "floating-point"),
        ([1.0, 2.0], "floating-point"),
        (torch.zeros(4), "shape"),
        (torch.zeros(1, 4), "at least 2"),
        (torch.full((6, 4), torch.inf), "NaN or infinite"),
    ],
)
def test_bad_observations_are_refused(value, match):
    with pytest.raises(la.InputError, match=match):
        la.check_autoencoder(Good(), value)


def test_wrong_rank_and_size_name_what_was_given():
    with pytest.raises(la.ContractError, match=r"encode .*takes 4 numbers\) failed on a tensor \(6, 5\)"):
        la.check_autoencoder(Good(), x(6, 5))


def test_no_model_at_all():
    with pytest.raises(la.ContractError, match="lacks latent_shape, prior, encode, decode"):
        la.check_autoencoder(object(), x())


def test_parts_on_two_devices_and_empty_weights():
    model = Good()
    model.up = model.up.to("meta")
    with pytest.raises(la.ContractError, match="different devices \\(cpu, meta\\)"):
        la.check_autoencoder(model, x())
    with pytest.raises(la.ContractError, match="meta device"):
        la.check_autoencoder(Good().to("meta"), x())


def test_double_precision_models_get_double_input():
    la.check_autoencoder(Good().double(), x())


def test_values_that_overflow_in_a_model_of_another_range_are_said():
    """A log-variance of bytes overflows where that of values in [0, 1] does not."""
    bright = 255 * torch.rand(6, 4, generator=torch.Generator().manual_seed(0))
    model = la.from_torch(lambda v: (v, 9 * v), lambda z: z, latent_shape=(4,), output="mean_logvar")
    assert la.check_autoencoder(model, bright / 255)
    with pytest.raises(la.ContractError, match=r"std holds NaN or infinite values for x from .* to 2\d\d"):
        la.check_autoencoder(model, bright)
