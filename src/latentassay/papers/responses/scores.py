"""What is measured of the β-VAEs of LR: disentanglement of codes and of responses, and structure."""

from typing import Any

import torch

from latentassay import sampling
from latentassay.core.units import Units
from latentassay.data import FactorData
from latentassay.metrics import dci, irs, mig
from latentassay.papers.responses.beta_vaes import BetaVAE, BetaVAEs, BetaVAEScale
from latentassay.papers.runs import Scores, Settings, measure_once
from latentassay.responses import (
    causal_disentanglement,
    causal_units,
    conditioned_response_matrix,
    response_matrix,
    structure_score,
)

CDS = "CDS"
"""Causal disentanglement score, rescaled to [0, 1]."""

UNSCALED = "CDS, not rescaled"
"""The same from 1/m on, m the number of factors."""

DCI = "DCI-D"
"""Disentanglement of DCI."""

IRS = "IRS"
"""Interventional robustness score."""

MIG = "MIG"
"""Mutual information gap."""

ALIVE = "causal units"
"""Number of units with a diagonal response of 0.5 or more."""

STRUCTURE = "structure score"
"""How far responses to the prior are from the prior."""


def measure_disentanglement(vaes: BetaVAEs, model: BetaVAE) -> Scores:
    """Return CDS, DCI-D, IRS, MIG and the number of causal units of one model (table 1)."""
    run, scale = vaes.run(model), vaes.scale
    settings: Settings = {"codes": scale.codes, "groups": scale.groups, "predictor": scale.predictor}

    def measure() -> Scores:
        return score_network(vaes.place(run), vaes.unseen_rows(model), scale, model.seed)

    return measure_once(run.path, "disentanglement", settings, measure)


def measure_structure(vaes: BetaVAEs, model: BetaVAE) -> Scores:
    """Return the structure score of one model (table 2)."""
    run = vaes.run(model)

    def measure() -> Scores:
        generator = torch.Generator().manual_seed(model.seed)
        return {STRUCTURE: structure_score(vaes.place(run), generator=generator, n=vaes.scale.priors).score}

    return measure_once(run.path, "structure", {"priors": vaes.scale.priors}, measure)


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
    """Return CDS of the active units; a model without any scores 0."""
    if not active:
        return {CDS: 0.0, UNSCALED: 0.0}
    units = Units(tuple((latent,) for latent in active), tuple(network.latent_shape))
    conditioned = conditioned_response_matrix(
        network, test, generator=generator, units=units, groups_per_factor=scale.groups
    )
    return {
        CDS: causal_disentanglement(conditioned).score,
        UNSCALED: causal_disentanglement(conditioned, rescaled=False).score,
    }
