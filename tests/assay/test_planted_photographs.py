"""Faults planted in a real, trained model: found by name on photographs, and none where none was planted."""

import pytest
import torch

import latentassay as la
from tests.assay.asking import ask, findings_of
from tests.oracles import taef2

SIDE, CHANNELS, PLACE = 4, 32, (2, 1)
"""Crops of 32×32 pixels, so that a case takes a few minutes of one core at most."""


class Faulty:
    """TAEF2 with what goes wrong after its encoder and before its decoder."""

    latent_shape, prior, value_range = (CHANNELS, SIDE, SIDE), None, (0.0, 1.0)

    def __init__(self, net, code=None, latent=None):
        self.net, self.torch_modules = net, (net.encoder, net.decoder)
        self.code, self.latent = code or (lambda z: z), latent or (lambda z: z)

    def encode(self, x):
        return la.Point(self.code(self.net.encoder(x)))

    def decode(self, z):
        return self.net.decoder(self.latent(z.clone()))


def put(z, channel, values):
    z = z.clone()
    z[:, channel] = values
    return z


def hidden(z):
    """The mean of channel 8 goes to one place, all of whose channels it fills."""
    mean = z[:, 8].mean((1, 2), keepdim=True)
    z = put(z, 8, z[:, 8] - mean)
    z[:, :, *PLACE] = 3 * mean[:, :, 0]
    return z


def shown(z):
    mean = z[:, :, *PLACE].mean(1) / 3
    z[:, :, *PLACE] = 0
    return put(z, 8, z[:, 8] + mean[:, None, None])


CASES = {
    "clean": (None, None, 1.0, {}),
    "dead channel": (lambda z: put(z, 8, 0.0), lambda z: put(z, 8, 0.0), 1.0, {"units.dead": "c8"}),
    "duplicated channel": (
        lambda z: put(z, 3, -z[:, 8]),
        lambda z: put(put(z, 8, (z[:, 8] - z[:, 3]) / 2), 3, 0.0),
        1.0,
        {"units.twins": "c3+c8"},
    ),
    "global information": (hidden, shown, 1.0, {"spatial.global": "(2, 1)"}),
    "channel leak": (
        lambda z: put(z, 3, z[:, 3] + 1.5 * z[:, 8]),
        None,
        1.0,
        {"graph.one_way": "c8>c3"},
    ),
    "wrong value range": (
        None,
        None,
        255.0,
        {"input_checks.range": "seems to expect", "input_checks.outside": "from 0 to 1"},
    ),
}
"""Name → code, latent, factor of the data, and what is found: key → one of its subjects, or words where it has none."""


FOLLOW = {
    "dead channel": {"input_checks.still"},  # the same, seen from the scale
    "global information": {"spatial.shifts"},  # the place does not move with the picture
    "channel leak": {"input_checks.range"},  # pictures are decoded wrongly, which a mapping may soften
}
"""What else a fault brings with it; a wrong range spoils all that follows."""


CLEAN: set[str] = set()
"""What is found in the model as it is."""


def crops(side=32):
    data = pytest.importorskip("skimage.data")
    pictures = [getattr(data, name)() for name in ("astronaut", "coffee", "chelsea", "immunohistochemistry")]
    parts = [
        torch.from_numpy(picture[i : i + side, j : j + side].copy()).movedim(-1, 0) / 255
        for picture in pictures
        for i in range(0, picture.shape[0] - side, 2 * side)
        for j in range(0, picture.shape[1] - side, 2 * side)
    ]
    return torch.stack(parts)


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_faults_in_a_trained_model_are_found_by_name(name, shared_data):
    path = shared_data / "taef2" / "weights.safetensors"
    if not path.is_file():
        pytest.skip(f"no pretrained model at hand: {path} does not exist")
    code, latent, times, expected = CASES[name]
    model, x = Faulty(taef2.load(path), code, latent), times * crops()
    options = {"samples": 48, "precision": None, "budget": 240.0, "batch_size": 16}
    sections = ask(model, x, "input_checks", "units", "graph", "spatial", **options)
    found = findings_of(sections)
    for key, words in expected.items():
        assert key in found, {key: one.sentence for key, one in found.items()}
        assert words in found[key].subjects or words in found[key].sentence, found[key]
    if name != "wrong value range":
        grave = {key: one.sentence for key, one in found.items() if one.is_grave}
        assert set(grave) <= set(expected) | FOLLOW.get(name, set()) | CLEAN, grave
