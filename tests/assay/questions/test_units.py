"""Which units are alive? Gaussian codes whose divergence from the prior is known, and units that are dead or faint."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.report import figures
from tests.assay import responding
from tests.assay.asking import ask, findings_of, scores_of
from tests.assay.responding import leaking, shrinking


def test_a_model_that_inverts_itself_has_every_unit_alive_at_full_strength():
    sections = ask(*responding.clean(), "units")
    scores = scores_of(sections)
    assert scores["units.alive"].value == scores["units.varying"].value == 3
    assert scores["units.strength"].value == pytest.approx(1, abs=0.05)
    assert findings_of(sections)["units.alive"].sentence.startswith("3 of 3 units are alive")
    assert set(figures(sections.values())) == {"units.bars", "units.ledger"}


def test_the_divergence_is_that_of_a_gaussian_from_the_prior():
    model, data = responding.clean()
    evidence = ask(model, data, "units", samples=400)["units"].evidence
    mean = model.encode(data).mean
    known = (mean.square().mean(0) + model.noise**2 - 1) / 2 - np.log(model.noise)
    np.testing.assert_allclose(evidence.kl, known, rtol=1e-5)
    np.testing.assert_allclose(evidence.mean_std, mean.std(0), rtol=1e-5)
    np.testing.assert_allclose(evidence.posterior_std, model.noise, rtol=1e-5)


def test_dead_units_and_faint_ones_are_told_apart():
    sections = ask(*leaking([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0.2]]), "units")
    found = findings_of(sections)
    assert sections["units"].evidence.states == ("alive", "alive", "alive", "faint")
    assert found["units.faint"].subjects == ("3",) and "20 % of its size" in found["units.faint"].sentence


def gaussian(decode, keep, std=0.05):
    """Units that ``keep`` drops have the prior as their posterior."""
    keep = torch.tensor(keep).double()

    def encode(x):
        return x * keep, torch.full_like(x, std) * keep + (1 - keep)

    model = la.from_torch(encode, decode, latent_shape=(len(keep),), prior="normal", output="mean_std")
    return model, torch.randn(600, len(keep), generator=torch.Generator().manual_seed(0)).double()


def test_the_cause_of_an_idle_unit_is_told():
    """Collapsed: noise that nobody reads. Dead: a code that nobody reads. Encoder-blind: noise that is painted."""
    first = torch.tensor([1.0, 1, 1, 0]).double()
    collapsed = ask(*gaussian(lambda z: z * first, [1, 1, 1, 0]), "units")
    dead = ask(*gaussian(lambda z: z * first, [1, 1, 1, 1]), "units")
    blind = ask(*gaussian(lambda z: z, [1, 1, 1, 0]), "units")
    states = [sections["units"].evidence.states[3] for sections in (collapsed, dead, blind)]
    assert states == ["collapsed", "dead", "encoder-blind"]
    assert "can be dropped" in findings_of(collapsed)["units.collapsed"].remedy
    assert "the encoder writes it" in findings_of(dead)["units.dead"].sentence
    told = findings_of(blind)["units.encoder_blind"]
    assert told.level == "warning" and told.subjects == ("3",) and "Do not drop" in told.remedy


def test_a_constant_code_is_dead_only_where_the_decoder_does_not_read_it():
    x = torch.randn(600, 3, generator=torch.Generator().manual_seed(0))
    keep = torch.tensor([1.0, 1, 0])
    reads = ask(la.from_torch(lambda v: v * keep, lambda z: z, latent_shape=(3,)), x, "units")
    ignores = ask(la.from_torch(lambda v: v * keep, lambda z: z * keep, latent_shape=(3,)), x, "units")
    assert reads["units"].evidence.states[2] == "encoder-blind"
    assert ignores["units"].evidence.states[2] == "dead"
    assert "never varies it" in findings_of(ignores)["units.dead"].sentence


@pytest.mark.parametrize("seed", range(3))
def test_latents_of_which_the_model_makes_no_numbers_are_counted_and_end_nothing(seed):
    x = torch.randn(600, 3, generator=torch.Generator().manual_seed(seed))

    def decode(z):
        return torch.where((z[:, :1] * z[:, 1:2]).abs() > 3, torch.nan, z)

    inside = x[(x[:, 0] * x[:, 1]).abs() < 2.9]
    model = la.from_torch(lambda v: v, decode, latent_shape=(3,))
    found = {f.key: f for f in la.assay(model, inside, questions=["units", "graph"], samples=256).findings}
    lost = found["answers.lost"]
    assert "of which one unit was exchanged (" in lost.sentence and "units.lost" not in found
    assert lost.sentence.endswith("were left out of what is said of units.")
    assert lost.level in ("warning", "unsure", "note") and 0 < float(lost.estimate) < 0.1
    assert found["units.alive"].subjects == ("0", "1", "2")


@pytest.mark.parametrize(("reads", "key"), [(1.0, "units.encoder_blind"), (0.0, "units.dead")])
def test_an_encoder_that_gives_one_code_is_not_the_decoders_fault(reads, key):
    x = torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    (finding,) = findings_of(
        ask(la.from_torch(lambda v: 0 * v, lambda z: reads * z, latent_shape=(4,)), x, "units")
    ).values()
    assert (finding.key, finding.level) == (key, "problem")


def test_copies_are_twins_and_hold_one_variable():
    x = torch.randn(600, 1, generator=torch.Generator().manual_seed(0))
    for copies in (4, 32):
        model = la.from_torch(lambda v: v.expand(-1, copies), lambda z: z.mean(1, keepdim=True), latent_shape=(copies,))
        sections = ask(model, x, "units")
        assert set(sections["units"].evidence.states) == {"twin"}
        assert scores_of(sections)["units.variables"].value == 1
        assert findings_of(sections)["units.twins"].subjects == ("+".join(map(str, range(copies))),)


def test_an_overcomplete_code_is_redundant_and_is_asked_again_in_principal_directions():
    """R is the projection on 4 of 24 dimensions: of a change of one unit about a sixth comes back."""
    basis = torch.linalg.qr(torch.randn(24, 4, generator=torch.Generator().manual_seed(0)))[0]
    model = la.from_torch(lambda v: v @ basis.T, lambda z: z @ basis, latent_shape=(24,))
    sections = ask(model, torch.randn(600, 4, generator=torch.Generator().manual_seed(1)), "units")
    found = findings_of(sections)
    assert "redundant" in sections["units"].evidence.states and "units.dead" not in found
    assert scores_of(sections)["units.variables"].value == 4
    # Of some a half comes back alone, but all with the rest: where most are redundant, none is called alive.
    assert set(sections["units"].evidence.states) == {"redundant"} and "units.strength" not in found
    assert "4 of them answer when changed alone" in found["units.redundant"].sentence


def test_none_alive_is_a_problem_whose_cause_is_told_and_has_no_strength():
    """Latents that never vary say nothing of the decoder; one that is asked by hand paints."""
    sections = ask(*leaking([[0.0, 0], [0, 0]]), "units")
    (finding,) = findings_of(sections).values()
    assert (finding.key, finding.level) == ("units.encoder_blind", "problem")
    assert "units.strength" not in scores_of(sections)
    ignoring = ask(*gaussian(lambda z: 0 * z, [0, 0, 0]), "units")
    (finding,) = findings_of(ignoring).values()
    assert (finding.key, finding.level) == ("units.collapsed", "problem") and "posterior collapse" in finding.sentence


@pytest.mark.parametrize("seed", range(5))
def test_shrinking_that_the_posterior_explains_is_good_and_other_shrinking_is_not(seed):
    """At the exact optimum of data that are latents and noise of variance v, codes come back at 1/(1 + v)."""
    generator = torch.Generator().manual_seed(seed)
    x = (torch.randn(600, 4, generator=generator) + 0.6**0.5 * torch.randn(600, 4, generator=generator)).double()

    def strength(scale, std):
        def encode(v):
            return scale * v, torch.full_like(v, std)

        model = la.from_torch(encode, lambda z: z, latent_shape=(4,), prior="normal", output="mean_std")
        return findings_of(ask(model, x, "units", samples=512, precision=None))["units.strength"]

    a = 1 / 1.6
    assert strength(a, (0.6 * a) ** 0.5).level == "good"
    under, over = strength(0.5, 0.01), strength(1.7, 0.01)
    assert (under.level, under.direction) == ("warning", "below") and under.subjects == ("0", "1", "2", "3")
    assert (over.level, over.direction) == ("warning", "above")


def test_without_a_prior_there_is_no_divergence():
    assert ask(*shrinking(1.0), "units")["units"].evidence.kl is None


def test_points_are_said_to_miss_a_share_and_no_width_explains_it():
    model = la.from_torch(lambda v: 0.5 * v, lambda z: z, latent_shape=(3,))
    x = torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
    found = findings_of(ask(model, x, "units"))["units.strength"]
    assert found.level == "warning" and "width" not in found.sentence
    assert (
        "one of units 0, 1 and 2 comes back up to 5" in found.sentence and "smaller than it was made" in found.sentence
    )


def test_channels_that_answer_only_together_are_not_counted_by_directions_of_all_latents():
    """Eight channels of 4×4 hold two: a quarter of a change of one comes back, and there are 32 directions in all."""
    basis = torch.linalg.qr(torch.randn(8, 2, generator=torch.Generator().manual_seed(0)))[0]
    model = la.from_torch(
        lambda x: torch.einsum("cd,ndhw->nchw", basis, x),
        lambda z: torch.einsum("cd,nchw->ndhw", basis, z),
        latent_shape=(8, 4, 4),
    )
    sections = ask(model, torch.randn(200, 2, 4, 4, generator=torch.Generator().manual_seed(0)), "units")
    assert len(findings_of(sections)["units.redundant"].subjects) > 4
    assert scores_of(sections)["units.variables"].value <= 8
    assert "variable" not in findings_of(sections)["units.alive"].sentence


def test_units_that_come_back_only_together_are_in_the_summary():
    basis = torch.linalg.qr(torch.randn(24, 4, generator=torch.Generator().manual_seed(0)))[0]
    basis = torch.block_diag(basis, torch.ones(1, 1))
    model = la.from_torch(lambda v: v @ basis.T, lambda z: z @ basis, latent_shape=(25,))
    sections = ask(model, torch.randn(600, 5, generator=torch.Generator().manual_seed(1)), "units")
    finding = findings_of(sections)["units.alive"]
    assert "come back only together with others" in finding.brief and "hold 5 variables" in finding.sentence


def test_an_overcomplete_code_holds_no_more_variables_than_data_and_calls_no_different_codes_the_same():
    generator = torch.Generator().manual_seed(0)
    tall, wide = (torch.linalg.qr(torch.randn(n, 12, generator=generator))[0] for n in (24, 12))
    x = torch.randn(800, 3, generator=generator) @ wide[:3] + 0.05 * torch.randn(800, 12, generator=generator)
    model = la.from_torch(lambda x: x @ tall.T, lambda z: z @ tall, latent_shape=(24,))
    result = la.assay(model, x, samples=512, questions=["units"])
    assert (
        result.scores["units.variables"].value == 12
    )  # 24 units, of which the decoder reads as many directions as x has
    same = (x @ tall.T).T.corrcoef().abs()
    for finding in result["units"].findings:
        for group in finding.subjects if finding.key == "units.twins" else ():
            units = [int(unit) for unit in group.split("+")]
            assert same[units][:, units].min() > 0.9


@pytest.mark.parametrize(("dimensions", "units"), [(20, 30), (20, 40), (10, 60), (61, 96)])
def test_units_that_hold_the_same_in_turn_are_counted_by_the_dimensions_of_what_comes_back(dimensions, units):
    """Codes are a tight frame of normal data: their rank is what they hold, whichever units answer alone."""
    g = torch.Generator().manual_seed(units)
    frame = torch.linalg.qr(torch.randn(units, dimensions, generator=g)).Q
    model = la.from_torch(lambda x: x @ frame.T, lambda z: z @ frame, latent_shape=(units,))
    x = torch.randn(600, dimensions, generator=g)
    sections = ask(model, x, "units", samples=512)
    assert scores_of(sections)["units.variables"].value == dimensions
    sentence = findings_of(sections)["units.alive"].sentence
    assert f"hold {dimensions} var" in sentence or f"hold about {dimensions} var" in sentence
