from itertools import permutations

import numpy as np
import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.responses.conditioned import ConditionedMatrix, _of_shared_rows, reaverage
from tests.oracles import slow
from tests.oracles.linear import exact_inverse


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def linear_data(model, sizes=(5, 4), keep=None):
    """x = D z with z the centred factor codes: unit m is factor m."""
    codes = np.indices(sizes).reshape(len(sizes), -1).T
    codes = codes if keep is None else codes[keep]
    z = torch.from_numpy(codes).double()
    return la.data.FactorData(model.decode(z).numpy(), codes, tuple("abc"[: len(sizes)]), sizes)


def test_aligned_code_is_disentangled_and_complete():
    model = exact_inverse(2, 5)
    c = la.conditioned_response_matrix(model, linear_data(model), generator=seeded())
    # The next member of a shuffled cycle over k values: each pair once per group on average, E(v − z)² = 2σ²k/(k−1)
    expected = [np.sqrt(np.mean([(i - j) ** 2 for i in range(k) for j in range(k) if i != j])) for k in (5, 4)]
    assert_close(c.matrix.diagonal(), torch.tensor(expected), rtol=0.3, atol=0)
    assert c.matrix[0, 1] < 1e-6 and c.matrix[1, 0] < 1e-6
    assert la.causal_disentanglement(c).score == pytest.approx(1)
    assert la.causal_completeness(c).score == pytest.approx(1)
    assert c.factor_names == ("a", "b") and c.groups == (4, 5) and c.samples == (20, 20)


def test_rotated_code_is_entangled():
    model = exact_inverse(2, 5)
    turn = torch.tensor([[1.0, 1.0], [-1.0, 1.0]]).double() / 2**0.5
    turned = exact_inverse(2, 5)
    turned.E, turned.D = turn @ model.E, model.D @ turn.T
    c = la.conditioned_response_matrix(turned, linear_data(model, (6, 6)), generator=seeded())
    assert la.causal_disentanglement(c).score < 0.25


def test_equals_the_paper_loop():
    model, units = exact_inverse(3, 6, noise=0.0), [[0], [1, 2]]
    groups = [torch.randn(size, 3, generator=seeded(size)).double() for size in (4, 7)]
    x = model.decode(torch.cat(groups)).numpy()
    # two factors: which group, and a running number inside it, so that factor 1 varies alone inside a group
    codes = np.array([[g, i] for g, group in enumerate(groups) for i in range(len(group))])
    data = la.data.FactorData(x, codes, ("group", "member"), (2, 7))
    generator = seeded(3)
    from latentassay.responses.conditioned import _draw_groups, _extend, _Source, _Tally

    drawn = _draw_groups(data, 1, 50, generator)
    z_groups = [model.encode(data.batch(rows)).mean for rows in drawn]
    tally = _Tally(drawn, 2)
    source = _Source(model, data, la.Units(((0,), (1, 2)), (3,)), generator, 3)
    for part in (slice(0, 1), slice(1, 2)):
        _extend(source, tally, part)
    np.testing.assert_allclose(tally.entries("squares")[0], slow.conditioned_row(model, z_groups, units), rtol=1e-5)


@pytest.mark.parametrize("over", ["samples", "means"])
def test_averages_of_roots_are_the_loops(over):
    """The authors': inside each group a root mean square, and their mean."""
    model, units = exact_inverse(3, 6, noise=0.3), [[0], [1], [2]]
    codes = np.indices((4, 5, 3)).reshape(3, -1).T
    data = la.data.FactorData(model.decode(torch.from_numpy(codes).double()).numpy(), codes, ("a", "b", "c"), (4, 5, 3))
    generator, again = seeded(3), seeded(3)
    c = la.conditioned_response_matrix(model, data, generator=generator, over=over, average="roots")
    assert (c.over, c.average) == (over, "roots")
    from latentassay.responses.conditioned import _draw_groups

    for m, drawn in enumerate([_draw_groups(data, m, 50, again) for m in range(3)]):
        if over == "means":
            z_groups = [model.encode(data.batch(rows)).mean for rows in drawn]
            each = [slow.conditioned_row(model, [z], units) for z in z_groups]
            np.testing.assert_allclose(c.matrix[m], np.mean(each, 0), rtol=1e-5, atol=1e-6)
        roots = (c.group_sums[m] / c.group_sizes[m][:, None]).sqrt()
        assert_close(c.matrix[m], roots.mean(0))
    squares = reaverage(c, "squares")
    assert (squares.matrix >= c.matrix - 1e-9).all()  # Jensen
    assert_close(reaverage(squares, "roots").matrix, c.matrix)
    assert_close(reaverage(squares, "roots").matrix_stderr, c.matrix_stderr)


def test_means_have_zeros_where_samples_have_noise():
    """As LR's figure 6c: a unit that the factor leaves alone answers to nothing there, if z are means."""
    model = exact_inverse(2, 5, noise=0.2)
    by = {over: la.conditioned_response_matrix(model, linear_data(model), over=over) for over in ("samples", "means")}
    off = {over: float(c.matrix[0, 1]) for over, c in by.items()}
    assert off["means"] < 1e-6 and off["samples"] == pytest.approx(0.2 * 2**0.5, rel=0.3)
    scores = {over: float(la.causal_disentanglement(c).score) for over, c in by.items()}
    assert scores["means"] == pytest.approx(1) and scores["samples"] < 0.95
    assert la.causal_disentanglement(reaverage(by["means"], "roots")).variant == (
        "CDS, rescaled to [0, 1], over means, mean of groups' roots"
    )


def test_standard_errors_of_averaged_roots_are_those_of_other_groups():
    runs = [noisy_grid(seed) for seed in range(40)]
    found = [
        la.conditioned_response_matrix(m, d, generator=seeded(s), groups_per_factor=10, average="roots")
        for s, (m, d) in enumerate(runs)
    ]
    spread = torch.stack([c.matrix for c in found]).std(0)
    # with 10 groups an error is that of the mean times what Student's t is wider than a normal
    told = torch.stack([c.matrix_stderr for c in found]).mean(0) * 1.96 / 2.262
    assert_close(told, spread, rtol=0.4, atol=0)


@pytest.mark.parametrize(
    ("option", "message"), [({"over": "modes"}, "over must be"), ({"average": "x"}, "average must")]
)
def test_unknown_variants_are_refused(option, message):
    model = exact_inverse(2, 5)
    with pytest.raises(la.InputError, match=message):
        la.conditioned_response_matrix(model, linear_data(model), **option)
    with pytest.raises(la.InputError, match="no sums of its groups"):
        reaverage(fixed([[1.0, 0.0], [0.0, 1.0]]), "roots")


def noisy_grid(seed, sizes=(8, 6)):
    """Codes that follow their factor with noise: groups differ, as they do in life."""
    codes = np.indices((*sizes, 12)).reshape(3, -1).T
    z = torch.from_numpy(codes[:, :2]).double() / 4
    model = exact_inverse(2, 5)
    z = z + 0.2 * torch.randn(z.shape, generator=seeded(seed), dtype=torch.float64)
    return model, la.data.FactorData(model.decode(z).numpy(), codes, ("a", "b", "draw"), (*sizes, 12))


def test_intervals_cover_the_truth_also_when_entries_stop_early():
    """The value over all groups of many grids is the truth that 50 groups of one grid are asked for."""
    runs = [noisy_grid(seed) for seed in range(200)]
    large = [la.conditioned_response_matrix(m, d, generator=seeded(0), groups_per_factor=10**6) for m, d in runs]
    truth = torch.stack([c.matrix.square() for c in large]).mean(0).sqrt()
    for precision in (None, 0.15):
        hits, used = [], []
        for seed, (model, data) in enumerate(runs):
            c = la.conditioned_response_matrix(
                model, data, generator=seeded(seed), groups_per_factor=40, precision=precision
            )
            hits.append(((c.matrix - truth).abs() <= 1.96 * c.matrix_stderr).double())
            used.append(c.used.double())
        assert 0.92 <= float(torch.stack(hits).mean()) <= 0.98
    assert torch.stack(used).mean() < 38


@pytest.mark.parametrize("groups", [12, 40])
def test_intervals_of_causal_scores_cover_the_truth(groups):
    turn = torch.tensor([[0.94, 0.34], [-0.34, 0.94]]).double()

    def scores(seed, groups):
        model, data = noisy_grid(seed)
        model.E, model.D = turn @ model.E, model.D @ turn.inverse()
        c = la.conditioned_response_matrix(model, data, generator=seeded(seed), groups_per_factor=groups)
        return la.causal_disentanglement(c).score, la.causal_completeness(c).score

    truth = np.mean([scores(seed, 10**6) for seed in range(40)], 0)
    found = [scores(100 + seed, groups) for seed in range(40)]
    for place, right in enumerate(truth):
        assert np.mean([run[place].low <= right <= run[place].high for run in found]) >= 0.85


def test_groups_of_two_factors_that_hold_the_same_row_depend_on_each_other():
    model, data = noisy_grid(3)
    c = la.conditioned_response_matrix(model, data, generator=seeded(0), groups_per_factor=20)
    held = [
        [set(group.tolist()) for group in rows.split(sizes.tolist())]
        for rows, sizes in zip(c.group_rows, c.group_sizes, strict=True)
    ]
    for m, groups in enumerate(held):
        for group in groups:
            assert all(len(set(data.factors[sorted(group), k].tolist())) == 1 for k in range(3) if k != m)
    influences = [torch.randn(len(groups), generator=seeded(m)).double() for m, groups in enumerate(held)]
    expected = 0.0
    for (i, first), (j, other) in permutations(enumerate(held), 2):
        for g, group in enumerate(first):
            for h, partner in enumerate(other):
                expected += float(influences[i][g] * influences[j][h]) if group & partner else 0.0
    assert _of_shared_rows(c, influences) == pytest.approx(expected)


def test_standard_errors_of_causal_scores_know_of_shared_rows():
    """With 40 of 48 to 96 groups most rows are met by all three factors."""
    grids = [noisy_grid(seed) for seed in range(200)]
    found = [
        la.conditioned_response_matrix(model, data, generator=seeded(seed), groups_per_factor=40)
        for seed, (model, data) in enumerate(grids)
    ]
    for score in (la.causal_disentanglement, la.causal_completeness):
        scores = [score(c).score for c in found]
        stderr = np.sqrt(np.mean([estimate.stderr**2 for estimate in scores]))
        assert stderr / np.std(np.array(scores, dtype=float)) == pytest.approx(1, abs=0.15)


def test_a_budget_ends_after_whole_rounds():
    model, data = noisy_grid(0)
    c = la.conditioned_response_matrix(model, data, generator=seeded(0), budget=1e-9)
    assert (c.used == 4).all() and c.groups == (4, 4, 4) and c.samples == (32, 24, 48)


def test_partial_grids_work_and_lonely_factors_are_refused():
    model = exact_inverse(2, 5)
    c = la.conditioned_response_matrix(model, linear_data(model, keep=np.arange(12)), generator=seeded())
    assert c.groups == (4, 3)
    with pytest.raises(la.InputError, match="never varies"):
        la.conditioned_response_matrix(model, linear_data(model, keep=np.arange(4)), generator=seeded())
    with pytest.raises(la.InputError, match="two factors"):
        single = la.data.FactorData(np.zeros((4, 5), np.float32), np.arange(4)[:, None])
        la.conditioned_response_matrix(model, single, generator=seeded())
    for option in ({"groups_per_factor": 1}, {"precision": 0.0}, {"budget": 0}):
        with pytest.raises(la.InputError):
            la.conditioned_response_matrix(model, linear_data(model), generator=seeded(), **option)


def fixed(matrix):
    matrix = torch.tensor(matrix, dtype=torch.float64)
    units = la.Units.default((matrix.shape[1],))
    return ConditionedMatrix(
        matrix, matrix * 0, ("f",) * len(matrix), units, (1,), (1,), torch.ones(matrix.shape).long()
    )


@pytest.mark.parametrize("seed", range(5))
def test_scores_equal_the_loops_and_rescale_to_the_unit_interval(seed):
    matrix = torch.rand(3, 5, generator=seeded(seed)).tolist()
    for function, over_factors, least in (
        (la.causal_disentanglement, True, 1 / 3),
        (la.causal_completeness, False, 1 / 5),
    ):
        plain = slow.concentration(matrix, over_factors)
        assert function(fixed(matrix), rescaled=False).score == pytest.approx(plain)
        assert function(fixed(matrix)).score == pytest.approx((plain - least) / (1 - least))


def test_known_scores():
    assert la.causal_disentanglement(fixed([[1.0, 1.0], [1.0, 1.0]])).score == pytest.approx(0)
    assert la.causal_completeness(fixed([[1.0], [0.2]])).score == pytest.approx(1)
    with pytest.warns(UserWarning, match="no unit responds"):
        assert la.causal_disentanglement(fixed([[0.0, 0.0], [0.0, 0.0]])).score == 0


@pytest.mark.parametrize("score", [la.causal_disentanglement, la.causal_completeness])
@pytest.mark.parametrize("rescaled", [True, False])
def test_errors_of_scores_are_those_of_redrawn_matrices(score, rescaled):
    """The linearised error against the spread of the score when entries vary independently by theirs."""
    matrix = torch.tensor([[1.0, 0.2, 0.1], [0.3, 0.9, 0.2]], dtype=torch.float64)
    errors = 0.02 * matrix + 0.01
    c = la.responses.ConditionedMatrix(
        matrix=matrix,
        matrix_stderr=errors,
        factor_names=("a", "b"),
        units=la.Units.default((3,)),
        groups=(9, 9),
        samples=(40, 50),
        used=torch.full((2, 3), 9),
    )
    noise = torch.randn(2000, 2, 3, generator=seeded(), dtype=torch.float64)
    draws = [score(c._replace(matrix=matrix + errors * e), rescaled=rescaled).score for e in noise]
    found = score(c, rescaled=rescaled).score
    assert found.stderr == pytest.approx(float(torch.tensor(draws).std()), rel=0.1) and found.n == 90
