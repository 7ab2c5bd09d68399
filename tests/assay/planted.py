"""Spatial latents about which everything is known, as they are and with a defect planted in each."""

import torch
from torch.nn.functional import conv2d

import latentassay as la
from tests.oracles.convolutional import Patches, clouds, cosines


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


def forgotten(x, mean, std):
    """Channel 2 tells of detail that the decoder never writes, so that what is written from it is not read."""
    mean[:, 2] = 9 * conv2d(x, cosines(4)[8:9], stride=4)[:, 0]
    return mean, std


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
    "dead channel": (Twin(code=silent, latent=unheard), 1, {"units.collapsed": "c2"}),
    "dead to the decoder": (Twin(latent=unheard), 1, {"units.dead": "c2"}),
    "duplicated channel": (Twin(code=doubled, latent=halved), 1, {"units.twins": "c1+c5"}),
    "global information": (
        Twin(code=brightness_in_a_spot, latent=brightness_from_a_spot),
        1,
        {"spatial.global": "(5, 2)"},
    ),
    "wrong scaling": (
        Twin(code=lambda x, m, s: (5.5 * m, 5.5 * s), latent=lambda z: z / 5.5),
        1,
        {"input_checks.scale": "multiply by 0.18"},
    ),
    "wrong value range": (
        Twin(),
        255,
        {"input_checks.range": "expect [0, 1]", "input_checks.outside": "the data run from"},
    ),
    "dead to the encoder": (Twin(code=silent), 1, {"units.encoder_blind": "c2"}),
    "channel that is not read back": (Twin(code=forgotten), 1, {"units.faint": "c2"}),
    "channel leak": (Twin(code=leaking), 1, {"graph.one_way": "c1>c4"}),
}
"""Name → model, factor of the data, and what is found: key → the only subject, or words of a sentence that has none."""


def data(times=1.0, seed=7):
    return times * clouds(400, seed=seed).clamp(0, 1).float()


def identity(*shape, n=64):
    """A model that hands on what it is given, and noise of this shape."""
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=shape)
    return model, torch.randn(n, *shape, generator=torch.Generator().manual_seed(0))


def without_places():
    """Latents with places, observations without: channels and reach can be asked, what looks at pictures cannot."""
    model = la.from_torch(lambda x: x.unflatten(1, (2, 3, 4)), lambda z: z.flatten(1), latent_shape=(2, 3, 4))
    return model, torch.randn(64, 24, generator=torch.Generator().manual_seed(0))


def unanswering():
    """A model that says nothing of what it is given, and draws nothing of what it is told."""

    def encode(x):
        return 0 * x, torch.ones_like(x)

    model = la.from_torch(encode, lambda z: 0 * z, latent_shape=(2, 8, 8), output="mean_std")
    return model, torch.randn(64, 2, 8, 8, generator=torch.Generator().manual_seed(0))
