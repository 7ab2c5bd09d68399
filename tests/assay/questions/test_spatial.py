"""Spatial latents in an assay: every planted defect is found by its name, and none on the clean twin."""

import pytest
import torch
from torch.nn.functional import conv2d

import latentassay as la
from tests.assay.asking import ask, findings_of, scores_of
from tests.oracles.convolutional import Patches, clouds, cosines

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
    "dead channel": (Twin(code=silent, latent=unheard), 1, {"spatial.dead": "c2: "}),
    "dead to the decoder": (Twin(latent=unheard), 1, {"spatial.dead": "(c2: the decoder ignores them)"}),
    "duplicated channel": (Twin(code=doubled, latent=halved), 1, {"spatial.twins": "c1 and c5 (codes correlate at −1"}),
    "global information": (
        Twin(code=brightness_in_a_spot, latent=brightness_from_a_spot),
        1,
        {"spatial.global": "smuggled through place (5, 2)"},
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
    "dead to the encoder": (Twin(code=silent), 1, {"spatial.dead": "(c2: codes do not vary)."}),
    "channel that is not read back": (
        Twin(code=forgotten),
        1,
        {"spatial.dead": "c2: what is changed does not"},
    ),
    "channel leak": (Twin(code=leaking), 1, {"spatial.leaks": "c1 moves c4"}),
}


def data(times=1.0):
    return times * clouds(400, seed=7).clamp(0, 1).float()


def asked(model, x, **options):
    return ask(model, x, "input_checks", "spatial", **options)


def blamed(sections):
    return {key: one.sentence for key, one in findings_of(sections).items() if one.level in ("warning", "problem")}


@pytest.fixture(scope="module")
def clean():
    return asked(Twin(), data())


def test_nothing_is_held_against_the_clean_twin(clean):
    assert not blamed(clean)
    found = {key: one.level for key, one in findings_of(clean).items()}
    for key in (
        "input_checks.range",
        "input_checks.scale",
        "spatial.channels",
        "spatial.reach",
        "spatial.global",
        "spatial.shifts",
    ):
        assert found[key] == "good", key
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores_of(clean).values())


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_by_its_name(name):
    model, times, expected = DEFECTS[name]
    found = blamed(asked(model, data(times)))
    for key, words in expected.items():
        assert words in found.get(key, ""), found
    # A range that is wrong spoils all that follows, and leaking channels no longer have the variance of the prior.
    tolerated = (
        {"input_checks.scale", "spatial.leaks", "spatial.dead"}
        if name == "wrong value range"
        else {"input_checks.scale"}
    )
    assert set(found) <= set(expected) | (tolerated if name in ("wrong value range", "channel leak") else set()), found


def spatial(model, x, **options):
    return ask(model, x, "spatial", **options)


def test_vectors_are_not_asked():
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(5,))
    assert spatial(model, torch.randn(64, 5, generator=torch.Generator().manual_seed(0)), samples=48) == {}


@pytest.mark.parametrize("sides", [(12,), (4, 4, 4), (2, 8)])
def test_other_dimensions_have_maps_of_two(sides):
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2, *sides))
    section = spatial(model, torch.randn(64, 2, *sides, generator=torch.Generator().manual_seed(0)), samples=48)
    reach, activity, places = (section[f"spatial.{key}"].evidence for key in ("reach", "activity", "places"))
    assert reach.own.ndim == activity.map.ndim == places.far.ndim == 2
    assert activity.variance.ndim == 3 and places.certainty is None
    assert ("spatial.spectrum" in section) == (min(sides) >= 4)
    assert findings_of(section)["spatial.channels"].level == "good"


def test_pictures_without_places_leave_their_questions_out():
    """Latents with places, observations without: channels and reach can be asked, the rest cannot."""
    model = la.from_torch(lambda x: x.unflatten(1, (2, 3, 4)), lambda z: z.flatten(1), latent_shape=(2, 3, 4))
    section = spatial(model, torch.randn(64, 24, generator=torch.Generator().manual_seed(0)), samples=48)
    assert set(findings_of(section)) == {"spatial.channels", "spatial.reach", "spatial.activity"}


def test_units_of_ones_own_say_nothing_of_channels():
    model = Twin(code=leaking)
    assert "spatial.leaks" in findings_of(spatial(model, data()))
    section = spatial(model, data(), units=[[0, 1], [2, 3]])
    assert "spatial.leaks" not in findings_of(section) and "spatial.dead" not in findings_of(section)


def test_a_model_that_answers_nothing_is_not_asked_in_vain():
    def encode(x):
        return 0 * x, torch.ones_like(x)

    model = la.from_torch(encode, lambda z: 0 * z, latent_shape=(2, 8, 8), output="mean_std")
    found = findings_of(
        spatial(model, torch.randn(64, 2, 8, 8, generator=torch.Generator().manual_seed(0)), samples=48)
    )
    assert "comes back nowhere" in found["spatial.reach"].sentence
    assert found["spatial.dead"].sentence.startswith("2 channels are dead (c0, c1: codes do not vary and the decoder")


def blurred(times):
    """Codes spread over their neighbours, and back by nobody."""

    def decode(z):
        for _ in range(times):
            z = (z + z.roll(1, -1) + z.roll(-1, -1)) / 3**0.5
        return z

    return la.from_torch(lambda x: x, decode, latent_shape=(1, 4, 16))


@pytest.mark.parametrize(("times", "level"), [(0, "good"), (1, "good"), (2, "note"), (5, "warning")])
def test_far_reaching_changes_are_noted(times, level):
    found = findings_of(spatial(blurred(times), torch.randn(64, 1, 4, 16, generator=torch.Generator().manual_seed(0))))
    assert found["spatial.reach"].level == level
    assert ("within 1 place;" in found["spatial.reach"].sentence) == (times == 1)


def test_what_is_certain_but_does_nothing_far_away_is_only_noted():
    def certain(x, mean, std):
        std[:, :, 1, 6] = 0.001
        return mean, std

    found = findings_of(spatial(Twin(code=certain), data()))
    assert found["spatial.certain"].level == "note" and "at place (1, 6)" in found["spatial.certain"].sentence
    assert "spatial.global" not in found


def test_still_places_are_named():
    def quiet(x, mean, std):
        mean[:, :, :, 0] *= 0.1
        return mean, std

    one = findings_of(spatial(Twin(code=quiet), data()))["spatial.activity"]
    assert one.level == "note" and "least at (" in one.sentence and one.sentence.endswith(", 0).")


def test_codes_that_do_not_follow_a_shift_are_warned_of():
    weights = torch.randn(8, 8, generator=torch.Generator().manual_seed(2)).sign().double()
    model = Twin(code=lambda x, m, s: (m * weights, s), latent=lambda z: z * weights)
    found = findings_of(spatial(model, data()))
    assert found["spatial.shifts"].level == "warning" and "do not quite follow" in found["spatial.shifts"].sentence


def test_a_slow_model_is_asked_on_fewest_rows_and_places():
    section = spatial(Twin(), data(), budget=1e-6)
    by_name = scores_of(section)
    assert by_name["spatial.reach"].n == by_name["spatial.encoded.shift-down"].n == 8
    assert by_name["spatial.global"].definition.startswith("of 32 places asked about, out of 64")


def test_many_faults_are_counted_and_a_few_named():
    """Every channel but the first hears the first; all nine leaks are counted, six are named."""

    def heard(x):
        mean = x.clone()
        mean[:, 1:] = mean[:, 1:] + 1.5 * x[:, :1]
        return mean

    model = la.from_torch(heard, lambda z: z, latent_shape=(10, 2, 4))
    found = findings_of(spatial(model, torch.randn(300, 10, 2, 4, generator=torch.Generator().manual_seed(0))))
    assert found["spatial.leaks"].sentence.endswith("and 3 more.")


def test_many_places_are_counted_and_a_few_named():
    def certain(x, mean, std):
        std[:, :, 0] = 0.001
        return mean, std

    found = findings_of(spatial(Twin(code=certain), data()))
    assert "at 8 places ((0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5) …):" in found["spatial.certain"].sentence


def test_a_report_has_every_figure(clean):
    from latentassay.report import figures

    assert {key.removeprefix("spatial.") for key in figures(clean.values()) if key.startswith("spatial")} == {
        "channels.relations",
        "reach.kernel",
        "activity.maps",
        "places.maps",
        "transform_equivariance.bars",
        "spectrum.spectra",
    }
