"""Consistency as a part of the loss: against algorithms 1 and 2 as loops, and what training with it does."""

import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.nn.statistics import use_running_statistics
from latentassay.objectives.consistency import AUTHORS
from tests.oracles.consistency import authors_l_inv, l_eqv, l_inv

BASES = {"xae-mlp": objectives.AE(), "xvae-mlp": objectives.BetaVAE(0.5)}
UNITS = 5


def setting(name, n=12):
    model = models.build(name, x_shape=(7,), latents=UNITS, hidden=(9,)).double()
    with torch.no_grad():
        for parameter in model.block.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=seeded(3), dtype=torch.float64))
    return model.eval(), torch.rand(n, 7, generator=seeded(4), dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(model, base, x, wanted, *, values=1, rows=None, latents="prior"):
    """The latents, units and values that an objective draws, drawn again."""
    generator = seeded()
    base(model, x, generator)
    codes = model.encode(x).sample(generator).detach()
    chosen = torch.randperm(UNITS, generator=generator)[:wanted].tolist()
    rows = rows or len(x) // 2
    if latents == "prior" and model.prior is not None:
        z = model.prior.sample(rows, generator).double()
    elif latents == "posterior":
        z = codes[torch.randint(len(codes), (rows,), generator=generator)]
    else:
        columns = [codes[torch.randint(len(codes), (rows,), generator=generator), j] for j in range(UNITS)]
        z = torch.stack(columns, 1)
    donors = torch.randint(len(codes), (wanted * values,), generator=generator).view(wanted, values)
    return z, {m: [codes[donor, m] for donor in own] for m, own in zip(chosen, donors, strict=True)}


def respond(model):
    return lambda z: model.encode(model.decode(z)).mean


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("wanted", [1, 3, UNITS])
def test_invariance_is_algorithm_1(name, wanted):
    model, x = setting(name)
    loss = objectives.Invariance(BASES[name], 4.0, units_per_step=wanted)(model, x, seeded())
    oracle = l_inv(respond(model), *drawn(model, BASES[name], x, wanted))
    torch.testing.assert_close(loss.parts["invariance"], oracle)
    torch.testing.assert_close(loss.total, BASES[name](model, x, seeded()).total + 4 * oracle)


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("wanted", [1, UNITS])
@pytest.mark.parametrize("own", [True, False])
def test_equivariance_is_algorithm_2(name, wanted, own):
    model, x = setting(name)
    objective = objectives.Equivariance(BASES[name], 2.5, units_per_step=wanted, own=own)
    loss = objective(model, x, seeded())
    oracle = l_eqv(respond(model), model.causes, *drawn(model, BASES[name], x, wanted), own=own)
    torch.testing.assert_close(loss.parts["equivariance"], oracle)
    torch.testing.assert_close(loss.total, BASES[name](model, x, seeded()).total + 2.5 * oracle)


OPTIONS = [
    {"distance": "norm"},
    {"detach": True},
    {"values": 3, "rows": 4},
    {"latents": "posterior"},
    {"latents": "hybrid", "joint": False},
    {"statistics": "updated"},
    {"statistics": "running", "distance": "norm", "detach": True, "joint": False},
]


def gradients(model, loss):
    found = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
    return [torch.zeros(()) if each is None else each for each in found]


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
@pytest.mark.parametrize("kind", [objectives.Invariance, objectives.Equivariance])
def test_every_option_is_that_of_the_loops_with_its_gradients(name, kind, options):
    model, x = setting(name)
    loss = kind(BASES[name], 4.0, None, **options)(model, x, seeded())
    how = {key: options[key] for key in ("distance", "detach") if key in options}
    draws = {key: options[key] for key in ("values", "rows", "latents") if key in options}
    z, values = drawn(model, BASES[name], x, UNITS, **draws)
    if kind is objectives.Invariance:
        oracle = l_inv(respond(model), z, values, **how)
    else:
        oracle = l_eqv(respond(model), model.causes, z, values, **how)
    part = loss.parts[kind.__name__.lower()]
    torch.testing.assert_close(part, oracle)
    if how.get("distance") == "norm" and model.prior is None:
        return  # codes and hybrids may have the value that they are set to: the slope of a norm of rounding is rounding
    for a, b in zip(gradients(model, part), gradients(model, oracle), strict=True):
        torch.testing.assert_close(a, b)


def test_the_authors_options_are_their_formula():
    """Codes of an AE as base latents, norms, base response as given, all units."""
    model, x = setting("xae-mlp", n=16)
    loss = objectives.Invariance(objectives.AE(), 2.0, **AUTHORS)(model, x, seeded())
    z, values = drawn(model, objectives.AE(), x, UNITS, values=10, rows=10, latents="posterior")
    oracle = authors_l_inv(respond(model), z, values)
    torch.testing.assert_close(loss.parts["invariance"], oracle)


def test_a_norm_of_nothing_has_no_slope():
    """A constant decoder changes nothing, where the root of a square has no derivative."""
    model, x = setting("xae-mlp")
    with torch.no_grad():
        model.body.decoder[-2].weight.zero_()
    loss = objectives.Invariance(objectives.AE(), distance="norm")(model, x, seeded())
    assert loss.parts["invariance"] == 0
    assert all(torch.isfinite(each).all() for each in gradients(model, loss.total))


@pytest.mark.parametrize(("statistics", "expected"), [("kept", 1), ("running", 1), ("updated", 2)])
def test_whose_statistics_batch_normalisation_keeps(statistics, expected):
    model = models.build("xae-s", x_shape=(1, 8, 8)).train()
    objective = objectives.Invariance(objectives.AE(), statistics=statistics)
    objective(model, torch.rand(6, 1, 8, 8, generator=seeded(1)), seeded())
    passes = {int(value) for name, value in model.named_buffers() if name.endswith("num_batches_tracked")}
    assert passes == {expected}


def test_with_running_statistics_a_step_asks_what_evaluation_asks():
    """Without a causal block, whose gates are drawn in training."""
    model = models.build("ae-s", x_shape=(1, 8, 8))
    x = torch.rand(8, 1, 8, 8, generator=seeded(1))
    model.train().encode(x)
    codes = objectives.Invariance(Coded(), statistics="running")
    first = codes(model, x, seeded()).parts["invariance"]
    again = codes(model.eval(), x, seeded()).parts["invariance"]
    torch.testing.assert_close(first, again)
    model.train()
    kept = objectives.Invariance(Coded())(model, x, seeded()).parts["invariance"]
    assert not torch.allclose(kept, again)


class Coded:
    """A base of no loss whose codes do not depend on the mode of the network."""

    def __call__(self, model, x, generator):
        with use_running_statistics(model._model):
            model.encode(x)
        return objectives.Loss(torch.zeros(()), {})


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"distance": "l1"}, "distance must be one of square, norm, got 'l1'"),
        ({"latents": "uniform"}, "latents must be one of prior, posterior, hybrid"),
        ({"statistics": "none"}, "statistics must be one of kept, updated, running"),
        ({"values": 0}, "values must be a positive integer"),
        ({"rows": 0}, "rows must be a positive integer"),
    ],
)
@pytest.mark.parametrize("objective", [objectives.Invariance, objectives.Equivariance])
def test_unknown_variants_are_refused(objective, options, match):
    with pytest.raises(InputError, match=match):
        objective(objectives.AE(), **options)


def test_one_unit_costs_one_pass_of_the_batch():
    """Half of the rows are bases, half are intervened on, and nothing is encoded twice."""
    model, x = setting("xae-mlp")
    counts = {"encode": 0, "decode": 0}
    model.body.encoder.register_forward_pre_hook(lambda _, a: counts.update(encode=counts["encode"] + len(a[0])))
    model.body.decoder.register_forward_pre_hook(lambda _, a: counts.update(decode=counts["decode"] + len(a[0])))
    for objective, passes in (
        (objectives.AE(), 1),
        (objectives.Invariance(objectives.AE()), 2),
        (objectives.Equivariance(objectives.AE()), 2),
        (objectives.Invariance(objectives.AE(), 4.0, None), 4),
    ):
        counts.update(encode=0, decode=0)
        objective(model, x, seeded())
        assert counts == {"encode": passes * len(x), "decode": passes * len(x)}


@pytest.mark.parametrize("objective", [objectives.Invariance, objectives.Equivariance])
def test_both_networks_and_for_equivariance_the_block_learn_from_it(objective):
    model, x = setting("xae-mlp")
    loss = objective(objectives.AE(), 1.0, None)(model, x, seeded())
    loss.parts[objective.__name__.lower()].backward()
    for part in (model.body.encoder, model.body.decoder, model.block):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters())


def test_a_weight_of_zero_is_the_base_alone():
    model, x = setting("xae-mlp")
    for objective in (objectives.Invariance, objectives.Equivariance):
        assert objective(objectives.AE(), 0)(model, x, seeded()).total == objectives.AE()(model, x, seeded()).total


def test_a_constant_decoder_is_perfectly_consistent():
    model, x = setting("xae-mlp")
    with torch.no_grad():
        model.body.decoder[-2].weight.zero_()
    assert objectives.Invariance(objectives.AE())(model, x, seeded()).parts["invariance"] == 0


def test_spatial_latents_are_intervened_on_by_channel():
    class Spatial(torch.nn.Module):
        latent_shape, prior = (2, 3, 3), None
        likelihood = models.build("ae-mlp", x_shape=(3,)).likelihood

        def encode(self, x):
            from latentassay.core.posteriors import Point

            return Point(x.mean(1, keepdim=True).expand(-1, 2, 3, 3))

        def decoder_output(self, z):
            return z.sum(1, keepdim=True)

    x = torch.rand(8, 1, 3, 3, generator=seeded(1))
    found = objectives.Invariance(objectives.AE())(Spatial(), x, seeded()).parts["invariance"]
    generator = seeded()
    m = torch.randperm(2, generator=generator)[:1]
    codes = x.expand(-1, 2, 3, 3)
    rows = [torch.randint(8, (4,), generator=generator) for _ in range(2)]
    z = torch.stack([codes[rows[c], c] for c in range(2)], 1)
    v = codes[torch.randint(8, (1,), generator=generator)]
    other = z.clone()
    other[:, m] = v[:, m]
    change = (other.sum(1).sigmoid() - z.sum(1).sigmoid()).square().sum((1, 2))  # both channels answer alike
    torch.testing.assert_close(found, change.mean() / 2)


@pytest.mark.parametrize("weight", [-1.0, float("inf"), float("nan")])
@pytest.mark.parametrize("objective", [objectives.Invariance, objectives.Equivariance])
def test_weights_that_make_no_sense_are_refused(objective, weight):
    with pytest.raises(InputError, match="weight must be"):
        objective(objectives.AE(), weight)
    with pytest.raises(InputError, match="units_per_step must be"):
        objective(objectives.AE(), 1.0, 0)


def test_equivariance_needs_causes():
    with pytest.raises(ContractError, match=r"xae-s, or use objectives\.Invariance"):
        objectives.Equivariance(objectives.AE())(models.build("ae-mlp", x_shape=(7,)), torch.rand(4, 7), seeded())


def test_a_base_of_the_users_own_has_no_spec():
    assert objectives.spec(objectives.Invariance(lambda model, x, generator: None)) is None
    nested = objectives.Invariance(objectives.Invariance(objectives.AE(), 1.0), 2.0)
    assert objectives.build(**objectives.spec(nested)) == nested


@pytest.mark.parametrize(
    "objective",
    [objectives.Invariance(objectives.VAE()), objectives.Equivariance(objectives.VAE()), objectives.AVAE()],
)
def test_running_statistics_are_those_of_the_batch_alone(objective):
    """Hybrids or reconstructions among them would make units collapse in evaluation."""
    model = models.build("xvae-s", x_shape=(1, 28, 28)).train()
    objective(model, torch.rand(6, 1, 28, 28, generator=seeded(1)), seeded())
    passes = [int(value) for name, value in model.named_buffers() if name.endswith("num_batches_tracked")]
    assert passes and set(passes) == {1}
