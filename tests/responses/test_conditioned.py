import numpy as np
import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.responses.conditioned import ConditionedMatrix
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
    from latentassay.responses.conditioned import _draw_groups, _row

    drawn = _draw_groups(data, 1, 50, generator)
    z_groups = [model.encode(data.batch(rows)).mean for rows in drawn]

    class Silent:
        def update(self, n):
            pass

    fast, _ = _row(model, data, drawn, la.Units(((0,), (1, 2)), (3,)), generator, 3, Silent())
    np.testing.assert_allclose(fast, slow.conditioned_row(model, z_groups, units), rtol=1e-5)


def test_partial_grids_work_and_lonely_factors_are_refused():
    model = exact_inverse(2, 5)
    c = la.conditioned_response_matrix(model, linear_data(model, keep=np.arange(12)), generator=seeded())
    assert c.groups == (4, 3)
    with pytest.raises(la.InputError, match="never varies"):
        la.conditioned_response_matrix(model, linear_data(model, keep=np.arange(4)), generator=seeded())
    with pytest.raises(la.InputError, match="two factors"):
        single = la.data.FactorData(np.zeros((4, 5), np.float32), np.arange(4)[:, None])
        la.conditioned_response_matrix(model, single, generator=seeded())


def fixed(matrix):
    matrix = torch.tensor(matrix, dtype=torch.float64)
    units = la.Units.default((matrix.shape[1],))
    return ConditionedMatrix(matrix, matrix * 0, ("f",) * len(matrix), units, (1,), (1,))


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
