"""Is the codebook used? All of it, half of it, a few entries by most codes, and too few codes to tell."""

import pytest
import torch

import latentassay as la
from latentassay.core.autoencoder import HasCodebook
from latentassay.core.codebooks import nearest_entries
from latentassay.core.levels import grade
from latentassay.report import figures
from tests.assay.asking import ask, findings_of, scores_of

SIZE = 32


class Quantised:
    """Hands maps of two channels on and moves every place to the nearest entry when it decodes."""

    latent_shape, prior = (2, 4, 4), None

    def __init__(self, codebook):
        self.codebook = codebook

    def encode(self, x):
        return la.Point(x)

    def quantise(self, z):
        return nearest_entries(z, self.codebook)

    def decode(self, z):
        return self.codebook[self.quantise(z)].mT.reshape(z.shape).to(z)


def entries(seed):
    grid = torch.cartesian_prod(torch.arange(4.0), torch.arange(8.0))
    return grid[torch.randperm(SIZE, generator=torch.Generator().manual_seed(1000 + seed))]


def drawn(codebook, weight, seed, n=256):
    """Pictures whose places lie near entries drawn with these weights."""
    g = torch.Generator().manual_seed(seed)
    numbers = torch.multinomial(weight, n * 16, replacement=True, generator=g)
    codes = codebook[numbers] + 0.01 * torch.randn(n * 16, 2, generator=g)
    return codes.view(n, 16, 2).mT.reshape(n, 2, 4, 4)


def asked(seed, weight, *, n=256):
    codebook = entries(seed)
    return ask(Quantised(codebook), drawn(codebook, weight, seed, n), "codebook", samples=n)


ALL = torch.ones(SIZE)
HALF = torch.cat([torch.ones(SIZE // 2), torch.zeros(SIZE // 2)])
FEW = torch.cat([torch.ones(3), torch.full((SIZE - 3,), 0.002)])


@pytest.mark.parametrize("seed", range(12))
def test_a_codebook_that_is_used_is_good(seed):
    sections = asked(seed, ALL)
    (finding,) = findings_of(sections).values()
    assert (finding.key, finding.level) == ("codebook", "good")
    assert scores_of(sections)["codebook.perplexity"].value == pytest.approx(SIZE, rel=0.03)


@pytest.mark.parametrize("seed", range(12))
def test_dead_entries_are_named(seed):
    sections = asked(seed, HALF)
    finding = findings_of(sections)["codebook.dead"]
    assert finding.level == "warning" == grade(finding.estimate, finding.bounds)
    assert scores_of(sections)["codebook.dead"].value == pytest.approx(0.5)
    assert "16 were not seen in 4,096 codes" in finding.sentence and finding.remedy is None  # nothing to train


@pytest.mark.parametrize("seed", range(12))
def test_uneven_use_is_named(seed):
    finding = findings_of(asked(seed, FEW))["codebook.perplexity"]
    assert finding.level == "warning" == grade(finding.estimate, finding.bounds) and finding.brief


@pytest.mark.parametrize("seed", range(12))
def test_few_codes_accuse_nobody(seed):
    codebook = torch.randn(2048, 2, generator=torch.Generator().manual_seed(seed))
    found = findings_of(ask(Quantised(codebook), drawn(codebook, torch.ones(2048), seed, 40), "codebook", samples=40))
    assert {finding.level for finding in found.values()} <= {"unsure", "good"}
    assert found["codebook.dead"].level == "unsure" and found["codebook.dead"].settle


def test_models_without_a_codebook_are_not_asked():
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,))
    assert not isinstance(model, HasCodebook)
    assert not ask(model, torch.randn(96, 3), "codebook")


def test_codes_are_as_far_from_their_entries_as_they_were_put():
    codebook = torch.cartesian_prod(torch.arange(4.0), torch.arange(8.0))
    sections = ask(Quantised(codebook), drawn(codebook, ALL, 0), "codebook", samples=256)
    # The length of two normal numbers of std 0.01 is 0.01 √(π/2) on average, and entries lie 1 apart.
    assert scores_of(sections)["codebook.distance"].value == pytest.approx(0.01253, rel=0.05)


def test_the_figure_counts_entries():
    drawn_figures = figures(asked(0, HALF).values())
    legend = [text.get_text() for text in drawn_figures["codebook.use"].axes[0].get_legend().get_texts()]
    assert legend == ["16 of 32 are used", "all alike"]
