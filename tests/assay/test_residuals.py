"""Parts of the error against brute force and against models whose residuals are known."""

import pytest
import torch

from latentassay.assay.residuals import sum_residuals, take_apart


def parts_of(x, decoded, size=50):
    n = len(x)
    pairs = [(x[i : i + size], decoded[i : i + size]) for i in range(0, n, size)]
    return take_apart(sum_residuals(pairs, x.double().mean(0), n))


def normals(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_constant_is_that_of_products_between_blocks():
    x, noise = normals(96, 3), 0.3 * normals(96, 3, seed=1) + 0.5
    found, spread = parts_of(x, x - noise), (x - x.mean(0)).square().sum()
    block = torch.arange(96) % 16
    apart = (block[:, None] != block).double()
    slow = (noise @ noise.T * apart).sum() / apart.sum() * 96
    assert found.constant == pytest.approx(float(slow / spread))
    assert found.constant_of_error == pytest.approx(float(slow / noise.square().sum()))
    assert found.kept_without_constant == pytest.approx(1 - float((noise.square().sum() - slow) / spread))
    std = (x - x.mean(0)).square().mean(0).sqrt()
    torch.testing.assert_close(found.bias, noise.mean(0) / std)
    own = (noise.std(0) / 96**0.5 / std).square() + found.bias.square() / 192  # and that of the deviation
    torch.testing.assert_close(found.bias_stderr, own.sqrt())


def test_without_a_constant_the_estimate_is_zero_on_average_and_its_interval_holds_it():
    found = [parts_of(x, x - normals(64, 5, seed=seed + 500)).constant for seed in range(200) for x in [normals(64, 5)]]
    mean = sum(found) / len(found)
    assert abs(mean) < 3 * torch.tensor(found).std() / len(found) ** 0.5
    assert sum(each.low <= 0 <= each.high for each in found) >= 190


@pytest.mark.parametrize("n", [128, 1000])
def test_intervals_hold_a_constant_that_is_there(n):
    held = 0
    for seed in range(200):
        x, noise = normals(n, 4, seed=seed + 5000), 0.4 * normals(n, 4, seed=seed + 100_000)
        noise[:, 0] += 0.6
        found = parts_of(x, x - noise).constant
        held += found.low <= 0.36 / 4 <= found.high
    assert 0.92 * 200 <= held <= 0.985 * 200


def test_columns_keep_their_own_share_and_one_that_never_varies_has_none():
    x = normals(400, 4) * torch.tensor([1.0, 100.0, 1.0, 0.0])
    decoded = x * torch.tensor([0.0, 1.0, 0.5, 1.0]) + torch.tensor([0.0, 0.0, 0.5, 0.0]) * x.mean(0)
    found = parts_of(x, decoded)
    torch.testing.assert_close(found.column_kept[1:3], torch.tensor([1.0, 0.75]).double())
    assert found.column_kept[0] == pytest.approx(0, abs=0.02) and found.column_kept[3].isnan()
    assert found.mean_kept == pytest.approx(1.75 / 3, abs=0.01) and found.drowned == pytest.approx(1.25 / 3, abs=0.01)
    assert found.few == 1 and found.largest > 0.999 and found.column_share.sum() == pytest.approx(1)


def test_pictures_are_grouped_by_channel():
    x = normals(60, 2, 3, 3) * torch.tensor([1.0, 5.0])[:, None, None]
    decoded = x.clone()
    decoded[:, 0] = 0
    found = parts_of(x, decoded, size=7)
    assert found.column_kept.shape == (2,) and found.bias.shape == (18,)
    lost = x[:, 0].square().sum() / (x - x.mean(0))[:, 0].square().sum()
    assert found.column_kept.tolist() == pytest.approx([1 - float(lost), 1])
