import torch

from latentassay.truth.plants.spatial import (
    collapsed_channel,
    dead_channel,
    global_place,
    leaking_channel,
    twin_channels,
)


def channel_of(found):
    return {
        int(label[1:]) for one in found.truth for label in one.subjects if label.startswith("c") and "+" not in label
    }


def moved(found, channel):
    z = torch.zeros(1, *found.model.latent_shape)
    z[:, channel] = 1
    return float((found.model.decode(z) - found.model.decode(torch.zeros_like(z))).norm())


def test_dead_and_collapsed_channels_are_not_painted():
    for plant in (dead_channel, collapsed_channel):
        found = plant(0.0, 1)
        (channel,) = channel_of(found)
        assert moved(found, channel) == 0
        assert (float(found.model.encode(found.data).mean[:, channel].std()) > 0.5) == (plant is dead_channel)


def test_twin_channels_hold_the_same():
    found = twin_channels(1.0, 1)
    j, k = sorted(channel_of(found))
    mean = found.model.encode(found.data).mean
    assert abs(float(torch.corrcoef(torch.stack([mean[:, j].flatten(), mean[:, k].flatten()]))[0, 1])) > 0.99


def test_a_leak_is_read_and_not_written():
    found = leaking_channel(0.6, 2)
    (label,) = next(iter(found.truth)).subjects
    source, target = (int(name[1:]) for name in label.split(">"))
    z = torch.zeros(1, *found.model.latent_shape)
    z[:, source] = 1
    codes = found.model.encode(found.model.decode(z)).mean
    assert abs(float(codes[:, target].mean())) > 0.8


def test_one_place_paints_everywhere():
    found = global_place(1.0, 0)
    (label,) = next(iter(found.truth)).subjects
    row, column = map(int, label.strip("()").split(", "))
    z = torch.zeros(1, *found.model.latent_shape)
    z[:, 0, row, column] = 1
    painted = (found.model.decode(z) - found.model.decode(torch.zeros_like(z))).abs()
    assert float((painted > 1e-4).float().mean()) > 0.99
