import torch

import latentassay as la
from latentassay.truth.diagnosers.baselines import active_units, kl_units, largest_mean

X = torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
KEEP = torch.tensor([1.0, 0.0, 1.0])
MODEL = la.from_torch(
    lambda x: (x * KEEP, 0.1 * KEEP + (1 - KEEP) + 0 * x),
    lambda z: z,
    latent_shape=(3,),
    prior="normal",
    output="mean_std",
)


def test_a_unit_whose_posterior_is_the_prior_is_named_by_all():
    for diagnose in (active_units, kl_units, largest_mean):
        assert diagnose(MODEL, X) == {("units.dead", ("1",)), ("units.collapsed", ("1",))}


def test_a_unit_that_varies_little_but_surely_is_no_collapse_to_the_divergence():
    model = la.from_torch(
        lambda x: (0.09 * x, torch.full_like(x, 0.01)),
        lambda z: z,
        latent_shape=(3,),
        prior="normal",
        output="mean_std",
    )
    assert kl_units(model, X) == set()
    assert active_units(model, X) == {("units.dead", ("0", "1", "2")), ("units.collapsed", ("0", "1", "2"))}


def test_deterministic_codes_have_no_divergence():
    assert kl_units(la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,)), X) == set()
