import numpy as np
import pytest
import torch

from latentassay.explore.weights import pack, rounded


def test_rows_are_rounded_to_a_share_of_their_greatest():
    matrix = torch.randn(20, 30) * torch.logspace(-6, 3, 20)[:, None]
    error = (rounded(matrix) - matrix).abs().amax(1) / matrix.abs().amax(1)
    assert float(error.max()) < 0.51 / 32767
    assert torch.equal(rounded(torch.zeros(20, 30)), torch.zeros(20, 30))


def test_small_ones_and_vectors_stay_as_they_are():
    for constant in (torch.randn(10, 10), torch.randn(1000)):
        assert torch.equal(rounded(constant), constant)


@pytest.mark.parametrize("exact", [True, False])
def test_the_block_holds_what_its_entries_say(exact):
    constants = [torch.randn(3), torch.randn(17, 19), torch.randn(1, 9, 50)]
    packed = pack(constants, exact=exact)
    for constant, entry in zip(constants, packed.tensors):
        assert entry["shape"] == list(constant.shape) and entry["at"] % 4 == 0
        start, rows = entry["at"], entry.get("rows", 0)
        if entry["kind"] == "f32":
            values = np.frombuffer(packed.payload, "<f4", entry["count"], start)
        else:
            scales = np.frombuffer(packed.payload, "<f4", rows, start)
            integers = np.frombuffer(packed.payload, "<i2", entry["count"], start + 4 * rows)
            values = (integers.reshape(rows, -1) * scales[:, None]).reshape(-1)
        expected = constant if exact else rounded(constant)
        assert np.allclose(values, expected.numpy().reshape(-1), rtol=1e-6, atol=0)
    assert [entry["kind"] for entry in packed.tensors] == (["f32"] * 3 if exact else ["f32", "i16", "i16"])
