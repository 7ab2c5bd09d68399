"""Old files of weights are read as torch itself reads them, and nothing in them is run."""

import io
import struct

import pytest
import torch
from torch import nn

from latentassay.features.storages import read_state


def saved(state):
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def test_a_state_dict_comes_back_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 300, 3), nn.BatchNorm2d(300), nn.Linear(4, 70_000))
    network[1].num_batches_tracked += 123_456_789_012
    state = network.state_dict()
    state["0.weight"] = state["0.weight"].permute(1, 0, 3, 2)
    state["2.bias"] = state["2.bias"][5:-3:2]
    state["again.weight"] = state["2.weight"][3:]
    found = read_state(saved(state))
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype, name
        assert found[name].stride() == tensor.stride()


def test_an_empty_state_dict_is_empty():
    assert read_state(saved({})) == {}


def test_a_file_cut_short_is_refused():
    content = saved({"a.weight": torch.ones(50)})
    for end in (len(content) - 1, len(content) - 200, 40):
        with pytest.raises(ValueError):
            read_state(content[:end])


def test_nothing_is_run():
    class Hostile:
        def __reduce__(self):
            return exec, ("raise SystemExit('was run')",)

    content = saved({"a.weight": torch.ones(3), "b": Hostile()})
    assert read_state(content)["a.weight"].tolist() == [1, 1, 1]


def test_a_tensor_outside_its_storage_is_refused():
    content = saved({"a.weight": torch.ones(3)})
    place = content.rindex(struct.pack("<q", 3))
    with pytest.raises((ValueError, RuntimeError)):
        read_state(content[:place] + struct.pack("<q", 1) + content[place + 8 : -8])
