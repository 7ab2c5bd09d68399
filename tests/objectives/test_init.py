"""The contract table of objectives, and their values against torch.distributions."""

import json
from functools import partial

import pytest
import torch
from torch import nn

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.objectives.auxiliary_networks import with_auxiliary
from latentassay.training import fit

CASES = [
    (objectives.AE(), "ae-mlp"),
    (objectives.AE(), "vae-mlp"),
    (objectives.VAE(), "vae-mlp"),
    (objectives.VAE(), "vae-full-mlp"),
    (objectives.BetaVAE(4.0), "vae-conv-small"),
    (objectives.BetaVAE(0), "vae-mlp"),
    (objectives.WAE(), "ae-mlp"),
    (objectives.WAE(2, scales=(1.0,)), "vae-conv-small"),
    (objectives.BetaTCVAE(4.0, n=100), "vae-mlp"),
    (objectives.BetaTCVAE(2, 50, "weighted", alpha=0.5), "vae-conv-small"),
    (objectives.FactorVAE(width=8, layers=2), "vae-mlp"),
    (objectives.FactorVAE(10, width=4, seed=1), "vae-conv-small"),
    (objectives.FactorVAE(width=8), "vae-full-mlp"),
    (objectives.DIPVAE(), "vae-mlp"),
    (objectives.DIPVAE("ii", 5.0), "vae-conv-small"),
    (objectives.DIPVAE("ii", 2.0, 3.0), "vae-full-mlp"),
    (objectives.Renyi(0.5, samples=3), "vae-mlp"),
    (objectives.Renyi(1, samples=2), "vae-conv-small"),
    (objectives.Renyi(-2.0, samples=3), "vae-full-mlp"),
    (objectives.IWAE(samples=3), "vae-mlp"),
    (objectives.IWAE(samples=3, doubly=True), "vae-full-mlp"),
    (objectives.IWAE(samples=2, doubly=True), "vae-conv-small"),
    (objectives.AVAE(), "vae-mlp"),
    (objectives.AVAE(0.5, beta=2.0), "vae-conv-small"),
    (objectives.Invariance(objectives.AE()), "ae-mlp"),
    (objectives.Invariance(objectives.BetaVAE(2.0), 1.0, None), "vae-conv-small"),
    (objectives.Invariance(objectives.IWAE(2)), "vae-full-mlp"),
    (objectives.Invariance(objectives.AE(), 4.0, 2), "xae-mlp"),
    (objectives.Equivariance(objectives.AE()), "xae-mlp"),
    (objectives.Equivariance(objectives.VAE(), 2.0, None, own=False), "xvae-mlp"),
    (objectives.Invariance(objectives.AE(), **objectives.consistency.AUTHORS), "xae-mlp"),
    (objectives.Equivariance(objectives.AE(), **objectives.consistency.AUTHORS), "xae-mlp"),
    (objectives.Ramped(objectives.Invariance(objectives.BetaVAE(2.0)), 10), "vae-conv-small"),
    (objectives.Ramped(objectives.BetaVAE(4.0), 10, "beta"), "vae-mlp"),
    (objectives.GatePenalty(objectives.AE(), 0.5), "xae-mlp"),
    (objectives.SlowVAE(), "vae-mlp"),
    (objectives.SlowVAE(2.0, 1.0, 0.5, both=False), "vae-conv-small"),
    (objectives.PCL(), "features"),
    (objectives.WeakGAN(width=8), "vae-mlp"),
    (objectives.WeakGAN([[0], [1, 2]], width=8, sharpness=3.0), "vae-conv-small"),
    (objectives.WeakGAN(width=8), "vae-full-mlp"),
]
every_objective = pytest.mark.parametrize(("objective", "name"), CASES)


def tuples(objective):
    """Of what shape the tuples are that an objective learns from, where it does."""
    if isinstance(objective, objectives.WeakGAN):
        return (len(objective.shared or range(3)), 2)
    return (2,) if isinstance(objective, objectives.SlowVAE | objectives.PCL) else ()


def setting(name, n=6, objective=None):
    """In evaluation mode, where the gates of a causal block are not drawn at random."""
    x_shape = (1, 8, 8)
    make = models.features if name == "features" else partial(models.build, name)
    return make(x_shape=x_shape, latents=3).eval(), torch.rand(n, *tuples(objective), *x_shape)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_objective_is_in_the_table():
    assert {objectives.spec(objective)["name"] for objective, _ in CASES} == set(objectives.NAMES)


@every_objective
def test_total_and_parts_are_finite_scalars_that_train_the_model_and_what_it_brings(objective, name):
    model, x = setting(name, objective=objective)
    ready = with_auxiliary(objective, model)
    loss = ready.loss(model, x, seeded())
    assert loss.total.shape == () and torch.isfinite(loss.total)
    assert all(part.shape == () and torch.isfinite(part) for part in loss.parts.values())
    loss.total.backward()
    for module in (model, ready.networks):
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())


@every_objective
def test_depends_on_its_generator_alone(objective, name):
    model, x = setting(name, objective=objective)
    before = torch.get_rng_state()
    assert torch.equal(objective(model, x, seeded()).total, objective(model, x, seeded()).total)
    assert torch.equal(before, torch.get_rng_state())


# One sample says little about the AVAE's divergence, which divides by 1 − ρ², and about what a GAN makes; one row has
# nothing to contrast with, and is no distribution.
BY_CHANCE = (
    objectives.AVAE
    | objectives.PCL
    | objectives.WeakGAN
    | objectives.WAE
    | objectives.BetaTCVAE
    | objectives.FactorVAE
    | objectives.DIPVAE
)


@pytest.mark.parametrize(("objective", "name"), [case for case in CASES if not isinstance(case[0], BY_CHANCE)])
def test_is_a_mean_over_the_batch(objective, name):
    """Twice the same rows, with no noise to tell them apart, is the same loss: only the sampled z may differ."""
    model, x = setting(name, 1, objective)
    expected = objective(model, x, seeded()).parts
    doubled = objective(model, x.expand(2000, *x.shape[1:]), seeded()).parts
    for part in expected:
        torch.testing.assert_close(doubled[part], expected[part], rtol=0.05, atol=0.5)


@every_objective
def test_spec_rebuilds_it_from_json(objective, name):
    assert objectives.build(**json.loads(json.dumps(objectives.spec(objective)))) == objective


SINGLE = [case for case in CASES if not tuples(case[0]) and case[1].endswith("mlp")]


@pytest.mark.parametrize(("objective", "name"), SINGLE)
def test_six_steps_are_three_and_three(objective, name, tmp_path):
    """Networks of its own, their optimiser and the noise are part of what is kept."""
    data, options = setting(name, 12)[1], {"batch_size": 5, "device": "cpu"}
    whole = fit(setting(name)[0], objective, data, steps=6, **options).model
    fit(setting(name)[0], objective, data, steps=3, out=tmp_path, **options)
    parts = fit(setting(name)[0], objective, data, steps=6, out=tmp_path, resume=True, **options).model
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), parts.parameters(), strict=True))


@pytest.mark.parametrize("wrong", [1.5, -0.1])
@pytest.mark.parametrize(("objective", "name"), SINGLE)
def test_values_that_the_likelihood_cannot_have_are_refused(objective, name, wrong):
    """The cross entropy of 1.5 is a number, too, and nothing about it would say that it means nothing."""
    model, x = setting(name, 12)
    odd = x.index_fill(0, torch.tensor(3), wrong)
    for data, validation in ((odd, None), (x, odd)):
        with pytest.raises(InputError, match=r"data must lie in \[0, 1\] .* got values from"):
            fit(model, objective, data, steps=3, batch_size=4, validation=validation, device="cpu")


@every_objective
def test_a_module_that_cannot_be_trained_so_is_told_why(objective, name):
    with pytest.raises(ContractError, match=r"lacks .*(encode|decoder_output)"):
        objective(nn.Linear(3, 3), torch.rand(2, 3), seeded())


@every_objective
def test_single_observations_and_tuples_are_not_taken_for_one_another(objective, name):
    model, x = setting(name, objective=objective)
    wrong = x[:, 0] if tuples(objective) else torch.stack([x, x], 1)
    with pytest.raises(InputError, match="tuples"):
        objective(model, wrong, seeded())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vea", {}, "known are ae"),
        ("vae", {"beta": 2.0}, "objective vae got an unexpected keyword argument 'beta'; its options are kl"),
        ("beta-vae", {}, "missing a required argument: 'beta'; its options are beta, kl"),
        ("invariance", {"base": {"name": "ae", "beta": 2.0}}, "objective ae got an unexpected"),
    ],
)
def test_build_refuses_what_it_does_not_know(name, options, message):
    with pytest.raises(InputError, match=message):
        objectives.build(name, **options)


def test_a_bug_inside_an_objective_surfaces_as_itself(monkeypatch):
    def broken(objective):
        return len(None)

    monkeypatch.setattr(objectives.WAE, "__post_init__", broken)
    with pytest.raises(TypeError, match="NoneType"):
        objectives.build("wae", weight=1.0)
    with pytest.raises(TypeError, match="NoneType"):
        objectives.build("invariance", base={"name": "wae"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ae-hourglass", objectives.AE()),
        ("sae-12", objectives.AE()),
        ("adaae-16", objectives.AE()),
        ("wae-hourglass", objectives.WAE()),
        ("vae-hourglass", objectives.BetaVAE(2.0)),
        ("vlae-4", objectives.BetaVAE(2.0)),
    ],
)
def test_a_models_family_says_what_the_paper_trains_it_with(name, expected):
    assert objectives.published(name, beta=2.0) == expected


def test_an_objective_of_the_users_own_has_no_spec():
    assert objectives.spec(lambda model, x, generator: None) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ae-s", objectives.AE()),
        ("xsae-s4", objectives.AE()),
        ("xvae-mlp", objectives.BetaVAE(1.0)),
        ("avae-standard", objectives.AVAE()),
        ("xcae-i-s", objectives.Invariance(objectives.AE())),
        ("xcsae-e-s4", objectives.Equivariance(objectives.AE())),
        ("xcvae-e-v32", objectives.Equivariance(objectives.BetaVAE(1.0))),
        ("vae-conv", objectives.BetaVAE(1.0)),
    ],
)
def test_every_model_has_its_published_objective(name, expected):
    assert objectives.published(name) == expected


def test_a_spec_that_leaves_options_out_is_completed_with_their_defaults():
    older = {"name": "invariance", "base": {"name": "beta-vae", "beta": 2.0}, "weight": 3.0}
    found = objectives.complete(older)
    assert found == objectives.spec(objectives.build(**older)) and found["base"]["kl"] == "exact"
    assert objectives.complete({"name": "of another version", "beta": 1}) == {"name": "of another version", "beta": 1}
