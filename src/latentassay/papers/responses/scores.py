"""What is measured of the β-VAEs of LR: disentanglement of codes and of responses, and structure."""

from functools import partial
from typing import Any

import torch

from latentassay import sampling
from latentassay.core.units import Units
from latentassay.data import FactorData
from latentassay.metrics import dci, irs, mig
from latentassay.papers.responses.beta_vaes import BetaVAE, BetaVAEs
from latentassay.papers.responses.scales import BetaVAEScale
from latentassay.papers.runs import Scores, Settings, measure_once
from latentassay.responses import (
    causal_disentanglement,
    causal_units,
    conditioned_response_matrix,
    reaverage,
    response_matrix,
    structure_score,
)

CDS = "CDS"
"""Causal disentanglement score as the text defines it: of posterior samples, root of the mean over groups and samples
(LR equation 6), rescaled to [0, 1]."""

CDS_MEANS = "CDS, means"
"""The same of posterior means."""

CDS_ROOTS = "CDS, means and roots"
"""Of posterior means, and of the mean over groups of root mean squares; rescaled."""

UNSCALED = "CDS, not rescaled"
"""As the text defines it, but from 1/m on, m the number of factors."""

CDS_AUTHORS = "CDS, authors'"
"""What the authors' code computes: posterior means, mean over groups of root mean squares, not rescaled."""

CDS_VARIANTS = (CDS, CDS_MEANS, CDS_ROOTS, UNSCALED, CDS_AUTHORS)
"""All of them, as they stand side by side."""

DCI = "DCI-D"
"""Disentanglement of DCI."""

IRS = "IRS"
"""Interventional robustness score."""

MIG = "MIG"
"""Mutual information gap."""

ALIVE = "causal units"
"""Number of units with a diagonal response of 0.5 or more."""

STRUCTURE = "structure score"
"""How far sampled responses to the prior are from the prior, by the authors' kernel C = d (table 2 fits it)."""

SEVEN = "structure score, seven scales"
"""The same by the mean of seven kernels."""

MEAN_RESPONSES = "structure score, means"
"""Of mean responses by the authors' kernel (table 3 fits it)."""


def measure_disentanglement(vaes: BetaVAEs, model: BetaVAE) -> Scores:
    """Return CDS in all variants, DCI-D, IRS, MIG and the number of causal units of one model (table 1)."""
    run, scale = vaes.run(model), vaes.scale
    settings: Settings = {"codes": scale.codes, "groups": scale.groups, "predictor": scale.predictor}

    def measure() -> Scores:
        return score_network(vaes.place(run), vaes.unseen_rows(model), scale, model.seed)

    return measure_once(run.path, "disentanglement", settings, measure)


def measure_structure(vaes: BetaVAEs, model: BetaVAE) -> Scores:
    """Return the structure score of one model in the variants of tables 2 and 3, and by seven scales."""
    run, scale = vaes.run(model), vaes.scale

    def measure() -> Scores:
        network = vaes.place(run)
        single = partial(structure_score, network, generator=model.seed, n=scale.single_priors, kernel="single")
        return {
            STRUCTURE: single().score,
            SEVEN: structure_score(network, generator=model.seed, n=scale.priors).score,
            MEAN_RESPONSES: single(sample=False).score,
        }

    return measure_once(run.path, "structure", {"priors": scale.priors, "single": scale.single_priors}, measure)


def score_network(network: Any, test: FactorData, scale: BetaVAEScale, seed: int) -> Scores:
    """Score posterior means of unseen rows, and responses of the causal units (M_jj ≥ 0.5, LR 4.1)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(test), generator=generator)[: scale.codes]
    codes = sampling.encode(network, test, rows=rows, generator=generator)
    means, factors = codes.mean.double().numpy(), test.factors[rows.numpy()]
    matrix = response_matrix(network, sampling.drawn(codes), generator=generator)
    alive = causal_units(matrix, raw=True)
    return {
        **_score_causes(network, test, alive.active, scale, generator),
        DCI: dci(means, factors, predictor=scale.predictor, generator=seed).disentanglement,
        IRS: irs(means, factors, bias="kept").score,
        MIG: mig(means, factors, binning="width", bias="kept").score,
        ALIVE: float(alive.dimension),
    }


def _score_causes(
    network: Any, test: FactorData, active: tuple[int, ...], scale: BetaVAEScale, generator: torch.Generator
) -> Scores:
    """Return CDS of the active units in all variants; a model without any scores 0."""
    if not active:
        return dict.fromkeys(CDS_VARIANTS, 0.0)
    units = Units(tuple((latent,) for latent in active), tuple(network.latent_shape))
    samples, means = (
        conditioned_response_matrix(
            network, test, generator=generator, units=units, groups_per_factor=scale.groups, over=over
        )
        for over in ("samples", "means")
    )
    roots = reaverage(means, "roots")
    return {
        CDS: causal_disentanglement(samples).score,
        CDS_MEANS: causal_disentanglement(means).score,
        CDS_ROOTS: causal_disentanglement(roots).score,
        UNSCALED: causal_disentanglement(samples, rescaled=False).score,
        CDS_AUTHORS: causal_disentanglement(roots, rescaled=False).score,
    }
