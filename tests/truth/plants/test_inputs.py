import pytest
import torch

from latentassay.truth.plants.inputs import (
    biased,
    bytes_given,
    bytes_out,
    clean_bounded,
    huge_column,
    logits_out,
    other_run,
    signed_given,
    signed_out,
)


def again(found):
    return found.model.decode(found.model.encode(found.data).mean)


def test_the_clean_twin_is_of_unit_interval_and_reads_it():
    found = clean_bounded(0)
    assert 0 < float(found.data.min()) < float(found.data.max()) < 1
    assert float(found.data.std()) > 0.1
    assert float((again(found) - found.data).square().mean()) < 0.1 * float(found.data.var())


def test_ranges_are_as_said():
    assert 150 < float(bytes_given(255, 0).data.max()) <= 255
    assert -1 <= float(signed_given(1, 0).data.min()) < -0.5
    x = clean_bounded(0)
    plain = again(x)
    assert torch.allclose(again(logits_out(1, 0)), plain.logit(), atol=1e-2)
    assert torch.allclose(again(signed_out(1, 0)), 2 * plain - 1, atol=1e-4)
    assert torch.allclose(again(bytes_out(255, 0)), 255 * plain, atol=1e-2)


def test_a_bias_is_a_constant_of_its_columns():
    found = biased(1.2, 1)
    (true,) = found.truth
    off = (again(found) - found.data).mean(0) / found.data.std(0)
    columns = sorted(map(int, true.subjects))
    assert torch.allclose(off[columns].abs(), torch.tensor(1.2), atol=0.05)
    assert float(off.abs().sum()) == pytest.approx(float(off[columns].abs().sum()), abs=0.1 * len(off))


def test_a_decoder_of_another_run_uses_all_units_otherwise():
    found = other_run(1.0, 2)
    assert float((again(found) - found.data).square().mean()) > float(found.data.var(0).mean())


def test_one_column_holds_the_share_said():
    found = huge_column(0.97, 0)
    variance = found.data.var(0)
    column = int(variance.argmax())
    assert {str(column)} in [true.subjects for true in found.truth]
    assert float(variance[column] / variance.sum()) == pytest.approx(0.97, abs=0.01)
