"""Pictures that fidelity compares: which rows they rest on, and what each kind is made of."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.core.observations import as_observations
from latentassay.evaluation.pictures import KINDS, PictureSource, Streams, check_range, explain_missing, pictures

X = torch.rand(300, 2, generator=torch.Generator().manual_seed(0))


def source(n=10, prior=None, rows=300, stored=None):
    model = la.from_torch(lambda x: x, lambda z: 2 * z - 0.5, latent_shape=(2,))
    return PictureSource(
        model=model,
        data=as_observations(X[:rows]),
        order=np.arange(rows)[::-1].copy(),
        n=n,
        stored=stored,
        units=la.Units.default((2,)),
        prior=prior,
        streams=Streams(3),
    )


def drawn(kind, bounded=False, **options):
    return torch.cat(list(pictures(source(**options), kind, bounded, 4)))


def test_real_pictures_are_other_rows():
    torch.testing.assert_close(drawn("real"), X.flip(0)[10:20])


def test_posterior_samples_are_decodings_of_the_rows_compared_with():
    torch.testing.assert_close(drawn("posterior"), 2 * X.flip(0)[:10] - 0.5)


def test_hybrids_come_from_rows_that_are_not_compared_with_or_from_stored_ones():
    values = {round(v, 5) for v in (2 * X.flip(0)[10:138] - 0.5).flatten().tolist()}
    assert {round(v, 5) for v in drawn("hybrid").flatten().tolist()} <= values
    assert set(drawn("hybrid", stored=torch.ones(5, 2)).flatten().tolist()) == {1.5}


def test_bounded_pictures_are_clipped():
    free, clipped = drawn("posterior"), drawn("posterior", bounded=True)
    assert free.min() < 0 and free.max() > 1
    torch.testing.assert_close(clipped, free.clamp(0, 1))


def test_streams_differ_by_kind_and_not_by_what_else_is_drawn():
    seeds = {Streams(3).of(kind).initial_seed() for kind in ("rows", *KINDS)}
    assert len(seeds) == 1 + len(KINDS) and torch.equal(drawn("uniform"), drawn("uniform"))


def test_kinds_that_cannot_be_had_say_why():
    assert explain_missing(source(), "prior") == "the model has none"
    assert explain_missing(source(prior=la.StandardNormal((2,))), "prior") == ""
    assert explain_missing(source(n=200), "real") == "it needs 400 rows, the data have 300"


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_cross_entropy_needs_data_between_zero_and_one(value):
    with pytest.raises(la.InputError, match=r"data must lie in \[0, 1\]"):
        check_range(torch.full((2, 2), value), True)
    assert check_range(torch.full((2, 2), value), False).shape == (2, 2)
