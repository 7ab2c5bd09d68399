"""Spatial latents in an assay: every planted defect is found by its name, and none on the clean twin."""

import pytest
import torch

import latentassay as la
from latentassay.assay.fit import ask_fit
from latentassay.assay.run import _prepare
from latentassay.assay.spatial import ask_spatial
from latentassay.observations import as_observations
from tests.oracles.convolutional import Patches, clouds

N = 192


class Twin:
    """``Patches`` with faults: what goes wrong after encoding and before decoding."""

    def __init__(self, seen=None, code=None, latent=None, paint=None):
        self.inner = Patches()
        self.latent_shape, self.prior, self.value_range = self.inner.latent_shape, self.inner.prior, (0.0, 1.0)
        same = [lambda x: x, lambda x, m, s: (m, s), lambda z: z, lambda z, x: x]
        given = [seen, code, latent, paint]
        self.seen, self.code, self.latent, self.paint = (one or other for one, other in zip(given, same, strict=True))

    def encode(self, x):
        x = self.seen(x.double()).clamp(0, 1)  # a model that has only ever seen pictures in this range
        q = self.inner.encode(x)
        mean, std = self.code(x, q.mean.clone(), q.std.clone())
        return la.DiagonalGaussian(mean, std)

    def decode(self, z):
        return self.paint(z, self.inner.decode(self.latent(z.double().clone())))


def silent(x, mean, std):
    mean[:, 2], std[:, 2] = 0, 1
    return mean, std


def unheard(z):
    z[:, 2] = 0
    return z


def doubled(x, mean, std):
    mean[:, 5] = -mean[:, 1]
    return mean, std


def halved(z):
    z[:, 1] = (z[:, 1] - z[:, 5]) / 2
    z[:, 5] = 0
    return z


SPOT = (slice(None), 0, 5, 2)


def brightness_in_a_spot(x, mean, std):
    """One place holds the brightness of all, and is certain of it; the others, what differs from that."""
    bright = mean[:, 0].mean((1, 2))
    mean[:, 0] -= bright[:, None, None]
    mean[:, :, 5, 2], std[:, :, 5, 2] = 0, 0.01
    mean[SPOT] = 2 * bright
    return mean, std


def brightness_from_a_spot(z):
    bright = z[SPOT].clone() / 2
    z[:, :, 5, 2] = 0
    z[:, 0] += bright[:, None, None]
    return z


def leaking(x, mean, std):
    mean[:, 4] = mean[:, 4] + 1.2 * mean[:, 1]
    return mean, std


DEFECTS = {
    "dead channel": (Twin(code=silent, latent=unheard), 1, {"spatial.dead": "c2, "}),
    "dead to the decoder": (Twin(latent=unheard), 1, {"spatial.dead": "c2, the decoder ignores it"}),
    "duplicated channel": (Twin(code=doubled, latent=halved), 1, {"spatial.twins": "c1 and c5 (codes correlate at −1"}),
    "global information": (
        Twin(code=brightness_in_a_spot, latent=brightness_from_a_spot),
        1,
        {"spatial.global": "smuggled through place (5, 2)"},
    ),
    "wrong scaling": (
        Twin(code=lambda x, m, s: (5.5 * m, 5.5 * s), latent=lambda z: z / 5.5),
        1,
        {"fit.scale": "multiply by 0.18"},
    ),
    "wrong value range": (Twin(), 255, {"fit.range": "expect [0, 1]", "fit.outside": "the data run from"}),
    "channel leak": (Twin(code=leaking), 1, {"spatial.leaks": "c1 moves c4"}),
}


def data(times=1.0):
    return times * clouds(400, seed=7).clamp(0, 1).float()


def prepared(model, x, units=None, budget=120.0, samples=N):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return _prepare(model, as_observations(x), order, samples, 0, units, 8, 4, 0.05, budget, 128)


def asked(model, x, **options):
    subject = prepared(model, x, **options)
    return [section for section in (ask_fit(subject), ask_spatial(subject)) if section]


def blamed(sections):
    return {
        one.key: one.sentence for section in sections for one in section.findings if one.level in ("warning", "problem")
    }


@pytest.fixture(scope="module")
def clean():
    return asked(Twin(), data())


def test_nothing_is_held_against_the_clean_twin(clean):
    assert not blamed(clean)
    found = {one.key: one.level for section in clean for one in section.findings}
    for key in ("fit.range", "fit.scale", "spatial.channels", "spatial.reach", "spatial.global", "spatial.shifts"):
        assert found[key] == "good", key
    for section in clean:
        assert all(score.n > 0 and score.seed == 0 and score.definition for score in section.scores)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_by_its_name(name):
    model, times, expected = DEFECTS[name]
    found = blamed(asked(model, data(times)))
    for key, words in expected.items():
        assert words in found.get(key, ""), found
    # A range that is wrong spoils all that follows, and leaking channels no longer have the variance of the prior.
    tolerated = {"fit.scale", "spatial.leaks", "spatial.dead"} if name == "wrong value range" else {"fit.scale"}
    assert set(found) <= set(expected) | (tolerated if name in ("wrong value range", "channel leak") else set()), found
