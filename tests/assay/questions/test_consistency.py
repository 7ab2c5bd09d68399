"""Interventional consistency in an assay: planted defects are found by name, clean models are not blamed."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of
from tests.oracles.linear import LinearGaussian, exact_inverse

LEAK = 1.2


def observations(model, latents=3, n=400, seed=1):
    z = torch.randn(n, latents, generator=torch.Generator().manual_seed(seed)).to(model.D)
    return model.decode(z).float()


def sections_of(model, data, **options):
    """The answers to these questions alone, as an assay would have them."""
    return ask(model, data, "consistency", **options)


def finding(sections, key):
    return findings_of(sections)[f"consistency.{key}"]


def value(sections, name):
    return scores_of(sections)[f"consistency.{name}"]


def evidence(sections, key):
    return sections[f"consistency.{key}"].evidence


def leaking(matrix):
    """A model whose response to z is this matrix times z."""
    clean = exact_inverse(len(matrix), 8, noise=0.01)
    turned = torch.tensor(matrix, dtype=torch.float64) @ clean.E
    return LinearGaussian(turned, clean.D, noise=0.01), observations(clean, len(matrix))


@pytest.fixture(scope="module")
def clean():
    model = exact_inverse(3, 8, noise=0.01)
    return sections_of(model, observations(model))


def test_a_clean_model_is_praised_and_nothing_is_held_against_it(clean):
    assert {one.level for one in findings_of(clean).values()} == {"good"}
    alone = finding(clean, "invariance")
    assert "collapsed" not in alone.sentence and "most of all" not in alone.sentence and alone.remedy is None
    assert value(clean, "invariance").value == pytest.approx(1) and value(clean, "collapsed").value == 0
    for kind in ("posterior", "hybrid", "uniform", "prior"):
        assert value(clean, f"self.{kind}").value == pytest.approx(1)
    assert evidence(clean, "invariance").matrix.diagonal() == pytest.approx(0, abs=1e-6)
    assert "consistency.causes" not in clean
    assert all(score.n > 0 and score.seed == 0 and score.definition for score in scores_of(clean).values())


def test_a_unit_that_moves_another_is_found_by_name():
    model, data = leaking([[1, 0, 0, 0], [0, 1, 0, 0], [0, LEAK, 1, 0], [0, 0, 0, 1]])
    sections = sections_of(model, data)
    alone = finding(sections, "invariance")
    assert alone.level == "note" and "most of all, unit 1 moves unit 2" in alone.sentence
    assert "change units 1 and 2 together" in alone.remedy
    matrix = evidence(sections, "invariance").matrix
    # Codes of unit 2 are z₂ + LEAK z₁, its responses z₂ + 2 LEAK z₁; LEAK² of a change of unit 1, squared, reaches it.
    assert matrix[1, 2] == pytest.approx(1 - LEAK**2 / (1 + 4 * LEAK**2), abs=0.06)
    assert np.delete(matrix.ravel(), [0, 5, 6, 10, 15]) == pytest.approx(1)


def test_units_that_turn_into_each_other_are_warned_of():
    alone = finding(sections_of(*leaking([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])), "invariance")
    share = float(alone.sentence.split("(")[-1].split(" %")[0])
    assert alone.level == "warning" and share == pytest.approx(100 * (1 - 0.8**2), abs=12)
    assert {"0", "1"} == set(alone.remedy.split("units ")[1].split(" together")[0].split(" and "))


def test_collapsed_units_are_named_and_not_praised():
    model, data = leaking([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0.1]])
    sections = sections_of(model, data)
    alone = finding(sections, "invariance")
    assert "Units 1 and 3 are collapsed" in alone.sentence
    assert value(sections, "collapsed").value == 2 and evidence(sections, "invariance").collapsed.tolist() == [
        0,
        1,
        0,
        1,
    ]
    assert evidence(sections, "self").labels == ("0", "2") and evidence(sections, "self").scores.shape == (4, 2)
    assert evidence(sections, "hybrids").labels == ("0", "2")


def test_where_only_one_unit_is_left_nothing_can_be_left_alone():
    model, data = leaking([[1, 0], [0, 0.1]])
    sections = sections_of(model, data)
    alone = finding(sections, "invariance")
    assert alone.level == "note" and "no two units" in alone.sentence and "Unit 1 is collapsed" in alone.sentence
    assert "invariance" not in {name.rsplit(".", 1)[-1] for name in scores_of(sections)}
    assert "consistency.independence" not in scores_of(sections)


def on_a_line(n=400):
    """Both latents of real data are one; the model averages what it is given."""
    model = la.from_torch(lambda x: x.mean(1, keepdim=True).expand(-1, 2), lambda z: z, latent_shape=(2,))
    return model, torch.randn(n, 1, generator=torch.Generator().manual_seed(0)).expand(-1, 2)


def test_latents_that_are_understood_together_only_are_told():
    sections = sections_of(*on_a_line())
    together = finding(sections, "self")
    assert together.level == "warning" and "as they occur together" in together.remedy
    assert value(sections, "self.posterior").value == pytest.approx(1)
    assert value(sections, "self.hybrid").value == pytest.approx(0, abs=0.3)  # 1 − ½ / ½
    assert "consistency.self.prior" not in scores_of(sections)
    dependent = finding(sections, "independence")
    assert dependent.level == "note" and "depend on each other" in dependent.sentence and dependent.remedy


def test_errors_along_a_traversal_are_those_of_the_response():
    model, data = leaking([[0.5, 0, 0], [0.25, 0.9, 0], [0, 0, 0.6]])
    sections = sections_of(model, data)
    found = evidence(sections, "traversal_errors")
    values, errors = found.values, found.errors
    assert found.moved == 1 and found.labels == ("0", "1", "2")
    assert errors.shape == (3, 16, len(values))
    np.testing.assert_allclose(np.diff(errors[1], axis=1), -0.1 * np.diff(values)[None].repeat(16, 0), atol=1e-6)
    np.testing.assert_allclose(np.diff(errors[[0, 2]], axis=2), 0, atol=1e-6)


def test_hybrids_take_one_unit_at_a_time(clean):
    model = exact_inverse(3, 8, noise=0.01)
    base, other, mixed = (
        torch.from_numpy(getattr(evidence(clean, "hybrids"), name)) for name in ("base", "alternative", "hybrids")
    )
    z, donor, made = (model.encode(x).mean for x in (base, other, mixed.flatten(0, 1)))
    for j, hybrid in enumerate(made.reshape(len(z), 3, 3).unbind(1)):
        wanted = z.clone()
        wanted[:, j] = donor[:, j]
        assert_close(hybrid, wanted)


def test_of_many_units_the_liveliest_are_asked_about():
    model = exact_inverse(40, 60, noise=0.01)
    model.E[:9] *= 0.5
    sections = sections_of(model, observations(exact_inverse(40, 60), 40), samples=64)
    labels = [int(label) for label in evidence(sections, "invariance").labels]
    assert labels == sorted(labels) and len(labels) == 32 and set(range(9, 40)) <= set(labels)
    assert evidence(sections, "invariance").matrix.shape == (32, 32)


def test_channels_are_asked_as_one():
    pair = la.from_torch(
        lambda x: x[:, :, ::2, ::2], lambda z: z.repeat_interleave(2, 2).repeat_interleave(2, 3), latent_shape=(3, 4, 4)
    )
    x = torch.rand(64, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    sections = sections_of(pair, x.repeat_interleave(2, 2).repeat_interleave(2, 3), samples=64)
    assert evidence(sections, "invariance").labels == ("c0", "c1", "c2") and value(
        sections, "invariance"
    ).value == pytest.approx(1)
    assert "consistency.traversal_errors" not in sections
    assert evidence(sections, "hybrids").hybrids.shape == (4, 3, 3, 8, 8)


class Causes:
    """Z_0 = N_0, Z_1 = N_1 + 2 Z_0, Z_2 = N_2; pictures of 2×4 are linear in Z, and are read back exactly."""

    latent_shape, prior = (3,), None

    def __init__(self, blind=()):
        self.D = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
        self.blind = list(blind)

    def causes(self, z, given=None):
        given, made = given or {}, []
        for i in range(3):
            own = z[:, i : i + 1] + (2 * made[0] if i == 1 else 0)
            made.append(given.get(i, own))
        return torch.stack(made, 1)

    def decode_causes(self, causes):
        return (causes.flatten(1) @ self.D.T).reshape(-1, 1, 2, 4)

    def decode(self, z):
        return self.decode_causes(self.causes(z))

    def encode(self, x):
        z = x.flatten(1) @ torch.linalg.pinv(self.D).T
        noises = torch.stack([z[:, 0], z[:, 1] - 2 * z[:, 0], z[:, 2]], 1)
        for unit in self.blind:
            noises[:, unit] = noises[:, 1 - unit] + noises[:, unit]
        return la.Point(noises)

    def adjacency(self):
        return torch.tensor([[0, 0.9, 0.1], [0, 0, 0.3], [0, 0, 0]])


@pytest.fixture(scope="module")
def caused():
    model = Causes()
    return sections_of(model, observations(model))


def test_causes_are_asked_whether_they_follow_and_which_listen(caused):
    assert value(caused, "equivariance").value == pytest.approx(1) and finding(caused, "equivariance").level == "good"
    assert value(caused, "sparsity").value == pytest.approx(2 / 3) and value(caused, "sparsity").n == 3
    assert "66.7 % of the 3 possible edges" in finding(caused, "sparsity").sentence
    assert_close(torch.from_numpy(evidence(caused, "causes").adjacency), Causes().adjacency().double())


def test_causes_that_do_not_follow_are_blamed():
    model = Causes(blind=[0])  # noise 1 is read into noise 0, too
    sections = sections_of(model, observations(Causes()))
    follows = finding(sections, "equivariance")
    assert follows.level != "good" and "objectives.Equivariance" in follows.remedy
    assert "unit 1 moves unit 0" in finding(sections, "invariance").sentence


def test_double_interventions_on_noises_reach_children_and_on_causes_cut_parents(caused):
    model = Causes()
    n = torch.stack([model.encode(torch.from_numpy(x)[None]).mean[0] for x in evidence(caused, "causes").samples])
    z = model.causes(n)[:, :, 0]
    for i in range(3):
        for j in range(3):
            noise, cause = n[0].clone(), z[0].clone()
            noise[j] = n[2, j]
            noise[i] = n[1, i]
            wanted = model.decode(noise[None])[0]
            assert_close(torch.from_numpy(evidence(caused, "causes").on_noises)[i, j], wanted)
            given = {j: z[2, j], i: z[1, i]}
            cause = [given.get(0, n[0, 0])]
            cause += [given.get(1, n[0, 1] + 2 * cause[0]), given.get(2, n[0, 2])]
            wanted = model.decode_causes(torch.stack(cause)[None, :, None])[0]
            assert_close(torch.from_numpy(evidence(caused, "causes").on_causes)[i, j], wanted)


def test_causes_are_asked_one_by_one_whatever_the_units():
    sections = sections_of(Causes(), observations(Causes()), units=[[0, 1], [2]])
    assert evidence(sections, "invariance").matrix.shape == (2, 2)
    assert evidence(sections, "causes").on_causes.shape[:2] == (3, 3)
    assert evidence(sections, "invariance").labels == ("0–1", "2")


def test_fewer_latents_are_intervened_on_where_time_is_short():
    model = exact_inverse(3, 8, noise=0.01)
    asked = [value(sections_of(model, observations(model), budget=budget), "invariance").n for budget in (120.0, 1e-6)]
    assert asked == [96, 16]


def test_every_answer_has_its_figure(caused):
    assert {key.removeprefix("consistency.") for key in figures(caused.values())} == {
        "invariance.matrix",
        "self.bars",
        "traversal_errors.lines",
        "hybrids.sheet",
        "causes.adjacency",
        "causes.equivariance",
        "causes.doubles",
    }
