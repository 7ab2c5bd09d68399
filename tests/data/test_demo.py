"""The data of the demonstration."""

from latentassay.data.demo import VALUES, demo_data


def test_it_is_a_coarser_grid_of_all_six_factors():
    data = demo_data()
    assert len(data) == 10_000 and data.x_shape == (3, 64, 64) and data.factor_names == tuple(VALUES)
    assert all(set(column.tolist()) == set(VALUES[name]) for name, column in zip(VALUES, data.factors.T, strict=True))
