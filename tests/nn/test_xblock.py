"""The causal block: what depends on what, when it is random, and what its gates mean."""

import pytest
import torch
from torch.func import jacrev, vmap

from latentassay.core.errors import InputError
from latentassay.nn.xblock import AUTHORS, Annealed, XBlock

SIZES = [(1, 1), (5, 1), (4, 3)]


def block(units=5, size=1, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = XBlock(units, size, **options).double().eval()
        with torch.no_grad():
            made.mask_logits.normal_()
    return made


def noises(units, n=6):
    return torch.randn(n, units, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def jacobian(made, z):
    """Derivative of cause i by noise j, ``(n, units, size, units)``."""
    return vmap(jacrev(lambda row: made(row[None])[0]))(z)


@pytest.mark.parametrize(("units", "size"), SIZES)
def test_the_formula_as_a_loop(units, size):
    made, z = block(units, size), noises(units)
    gates = made.adjacency()
    for row, causes in zip(z, made(z), strict=True):
        expected = []
        for i in range(units):
            parents = [gates[j, i] * expected[j] for j in range(i)]
            expected.append(made.functions[i](torch.cat([*parents, row[i : i + 1]])))
        torch.testing.assert_close(causes, torch.stack(expected))


@pytest.mark.parametrize(("units", "size"), SIZES)
def test_no_cause_depends_on_a_later_noise(units, size):
    derivative = jacobian(block(units, size), noises(units))
    for i in range(units):
        assert (derivative[:, i, :, i + 1 :] == 0).all()
        assert (derivative[:, i, :, : i + 1] != 0).any(1).all()


def test_closing_every_gate_leaves_each_cause_to_its_own_noise():
    made = block()
    made.hard = True
    with torch.no_grad():
        made.mask_logits.fill_(-0.1)
    derivative = jacobian(made, noises(5))[:, :, 0]
    assert (derivative == torch.diag_embed(derivative.diagonal(dim1=1, dim2=2))).all()
    assert made.sparsity() == 1 and made.adjacency(hard=True).sum() == 0


def test_a_closed_gate_cuts_one_edge_and_no_other():
    made = block()
    with torch.no_grad():
        made.mask_logits.fill_(50.0)
        made.mask_logits[2] = -800  # parent 1 of unit 2, as the lower triangle counts; e^−800 is 0
    assert made.adjacency()[1, 2] == 0 and made.adjacency(hard=True).sum() == 9
    with torch.no_grad():  # and nothing else leads from 1 to 2: its only other parent is 0
        made.functions[1][0].weight[:, 0] = 0
    assert (jacobian(made, noises(5))[:, 2, 0, 1] == 0).all()
    assert (jacobian(made, noises(5))[:, 3, 0, 1] != 0).all()


def test_a_cause_set_by_hand_forgets_its_noise_and_parents_and_moves_its_descendants_alone():
    made, z = block(), noises(5)
    made.hard = True
    with torch.no_grad():  # 0 → 2 → 4, and 1 and 3 stand alone
        made.mask_logits.fill_(-1.0)
        for child, parent in ((2, 0), (4, 2)):
            made.mask_logits[child * (child - 1) // 2 + parent] = 1.0
    value = torch.full((6, 1), 1.7, dtype=torch.float64)
    before, after = made(z), made(z, {2: value})
    assert torch.equal(after[:, 2], value)
    assert torch.equal(after[:, [0, 1, 3]], before[:, [0, 1, 3]]) and (after[:, 4] != before[:, 4]).all()
    changed = z.clone()
    changed[:, :3] += 1
    assert torch.equal(made(changed, {2: value})[:, [2, 4]], after[:, [2, 4]])


def test_evaluation_is_deterministic_and_leaves_the_random_state():
    made, z, state = block(), noises(5), torch.get_rng_state()
    assert torch.equal(made(z), made(z)) and torch.equal(torch.get_rng_state(), state)
    made.train()
    assert not torch.equal(made(z), made(z))


def test_rows_of_one_pass_share_a_graph():
    made = block().train()
    z = noises(5, 1).expand(4, 5)
    causes = made(z)
    torch.testing.assert_close(causes, causes[:1].expand(4, 5, 1))  # kernels may round rows apart in the last digit


def test_gates_are_relaxed_bernoulli_variables():
    """At a low temperature a gate is open as often as its sigmoid says (Jang et al. 2017)."""
    made = block(2, temperature=0.01).train()
    with torch.no_grad():
        made.mask_logits.fill_(0.8)
    torch.manual_seed(0)
    gates = torch.stack([made._gates()[0, 1] for _ in range(4000)]).detach()
    assert float(((gates > 0.01) & (gates < 0.99)).double().mean()) < 0.05
    assert float((gates > 0.5).double().mean()) == pytest.approx(float(torch.tensor(0.8).sigmoid()), abs=0.03)


def test_one_gumbel_variable_opens_gates_more_often():
    """Above −logit with probability 1 − exp(−exp(logit)), .63 at 0 where the sigmoid says ½."""
    made = block(2, temperature=0.001, noise="gumbel").train()
    for logit in (0.0, -1.0):
        with torch.no_grad():
            made.mask_logits.fill_(logit)
        torch.manual_seed(0)
        gates = torch.stack([made._gates()[0, 1] for _ in range(4000)]).detach()
        expected = 1 - (-torch.tensor(logit).exp()).exp()
        assert float((gates > 0.5).double().mean()) == pytest.approx(float(expected), abs=0.03)


def test_logits_begin_where_they_are_told_to():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    assert set(XBlock(4, hidden=(), start=-2.0).mask_logits.tolist()) == {-2.0}
    spread = XBlock(60, spread=1.0, start=0.5).mask_logits.detach()
    assert float(spread.mean()) == pytest.approx(0.5, abs=0.1) and float(spread.std()) == pytest.approx(1, abs=0.1)
    assert not torch.equal(torch.get_rng_state(), state)


def test_the_authors_temperature_is_at_its_end_after_460_steps():
    """Theirs is max(exp(−t/100), 0.01)."""
    made = XBlock(3, **AUTHORS)
    for done in (0, 100, 230, 460, 1000):
        made.passes.fill_(done)
        theirs = max(float(torch.tensor(-done / 100).exp()), 0.01)
        assert made.temperature == pytest.approx(theirs, rel=0.01)


def test_a_temperature_falls_with_the_passes_and_survives_saving():
    made = block(3, temperature=Annealed(2.0, 0.5, 4)).train()
    seen = []
    for _ in range(6):
        seen.append(made.temperature)
        made(noises(3))
    assert seen == pytest.approx([2.0, 2**0.5, 1.0, 2**-0.5, 0.5, 0.5])
    other = block(3, temperature=Annealed(2.0, 0.5, 4))
    other.load_state_dict(made.state_dict())
    assert other.temperature == 0.5
    made.eval()(noises(3))
    assert int(made.passes) == 6


@pytest.mark.parametrize("units", [1, 2, 6, 12])
def test_parameters_are_those_of_table_4(units):
    """X models of S and standard have 1,011 and 2,418 parameters more than plain ones."""
    count = sum(p.numel() for p in XBlock(units).parameters())
    assert count == 10 * units * (units + 1) // 2 + 131 * units + units * (units - 1) // 2
    assert {6: 1011, 12: 2418}.get(units, count) == count


def test_sparsity_is_not_the_papers_constant():
    made = block(6)
    with torch.no_grad():
        made.mask_logits.fill_(1.0)
        made.mask_logits[:6] = -1.0
    assert made.sparsity() == 6 / 15
    assert XBlock(1).sparsity() == 0.0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"units": 0}, "at least one unit"),
        ({"size": 0}, "at least one unit"),
        ({"temperature": 0.0}, "must be positive"),
        ({"temperature": float("nan")}, "must be positive"),
        ({"temperature": Annealed(1.0, 0.0, 5)}, "must be positive"),
        ({"temperature": Annealed(1.0, 0.5, 0)}, "must be positive"),
        ({"temperature": (1.0, 0.5)}, "must be positive"),
        ({"noise": "normal"}, "noise must be one of logistic, gumbel"),
        ({"start": float("inf")}, "start must be finite"),
        ({"spread": -1.0}, "spread finite and not negative"),
    ],
)
def test_what_no_block_can_be_made_of(options, match):
    with pytest.raises(InputError, match=match):
        XBlock(**{"units": 3, **options})


@pytest.mark.parametrize("given", [{5: torch.zeros(6, 1)}, {-1: torch.zeros(6, 1)}, {0: torch.zeros(5, 1)}])
def test_causes_that_do_not_fit_are_refused(given):
    with pytest.raises(InputError, match=r"unit → \(6, 1\) with units 0 to 4"):
        block()(noises(5), given)
