import pytest

from latentassay.truth.plants.splits import clean_split, memorised, same_rows


def error(found, x):
    return float((found.model.decode(found.model.encode(x).mean) - x).square().mean())


def test_training_rows_are_remembered_and_others_are_not():
    found, clean = memorised(0.9, 1), clean_split(1)
    train = found.options["train"]
    assert error(found, train) == pytest.approx(0.01 * error(clean, train), rel=0.2)
    assert error(found, found.data) == pytest.approx(error(clean, clean.data), rel=0.02)


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_so_many_rows_are_training_rows(share):
    found = same_rows(share, 0)
    known = {tuple(row.tolist()) for row in found.options["train"]}
    seen = sum(tuple(row.tolist()) in known for row in found.data) / len(found.data)
    assert seen == pytest.approx(share, abs=0.01)
