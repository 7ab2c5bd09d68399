"""What the ledger is written from, beside the response matrix; units that are unsure are measured again, alone."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from latentassay.assay.context import Context, seeded
from latentassay.assay.ledger import MORE, Ledger, build_ledger
from latentassay.assay.principal import answering_directions
from latentassay.assay.strength import unsure_strengths
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import InputError
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.core.units import Units
from latentassay.responses import ResponseMatrix, respond, response_matrix
from latentassay.responses.refined import refine
from latentassay.sampling import Codes, decode
from latentassay.spatial import channel_correlations, is_spatial, twins

PROBED = 32
"""Rows on which units that never vary are moved by hand."""

STILL = 0.03
"""A unit hardly varies if its spread is less than this share of the widest, or of the prior's."""

DIRECTIONS_SHARE = 0.1
"""Part of all passes that principal directions may take, at least."""

MARGIN = 1.5
"""Rows that are taken over those that are expected to tell."""

MOMENTS = 256
"""Rows that the variance of the data, and the slopes of responses, are read from."""


def settle_ledger(context: Context, deepen: Callable[[Context, float], Context], passes: int) -> Context:
    """Measure units again that are unsure, on as many rows as are expected to tell, or on all.

    Only what is unsure is measured: units whose own state is, and pairs whose coupling is, those that may be coupled
    most first. Rows that were encoded for that are kept for questions.

    Args:
        context: what every question shares.
        deepen: returns a context of so many times the rows.
        passes: how many may be spent.
    """
    found, deeper, exhausted = context, context, False
    while (needs := _needs(found.ledger)) and not exhausted:
        # At first a row of the matrix may rest on fewer latents than were drawn.
        rows = MARGIN * max(needs.values()) * min(found.matrix.used[unit] for unit in needs)
        if rows > deeper.n:
            deeper = deepen(deeper, min(rows, len(context.order)) / deeper.n)
        exhausted = deeper.n < rows
        members = sorted(list(needs)[: max(0, passes // deeper.n - 1)])
        if not members:
            break
        passes -= (len(members) + 1) * deeper.n
        part = response_matrix(
            context.model,
            deeper.z,
            units=found.only(members),
            generator=seeded(context.seed, f"matrix of {deeper.n}"),
            batch_size=context.batch_size,
        )
        matrix = refine(found.matrix, part, members)
        found = replace(found, matrix=matrix, ledger=_write_again(deeper, matrix), **deeper.encoding)
    return replace(found, ledger=_with_directions(found, max(passes, int(DIRECTIONS_SHARE * context.passes))))


def _needs(ledger: Ledger) -> dict[int, float]:
    """Units to be measured again, and on how many times the rows, those of the strongest pairs first."""
    return dict.fromkeys(unsure_strengths(ledger), MORE) | ledger.unsure


def _write_again(context: Context, matrix: ResponseMatrix) -> Ledger:
    return write_ledger(
        context.model,
        context.data.batch(context.rows[:MOMENTS]),
        context.codes,
        matrix,
        seed=context.seed,
        batch_size=context.batch_size,
    )


def write_ledger(
    model: Autoencoder, few: Tensor, codes: Codes, matrix: ResponseMatrix, *, seed: int, batch_size: int
) -> Ledger:
    """Write the ledger; where units that are used do not answer alone, see whether others hold the same.

    Args:
        model: any autoencoder.
        few: observations that the variance of the data is read from.
        codes: of all rows.
        matrix: responses of all units, or of those drawn.
        seed: of what is drawn.
        batch_size: rows per pass.
    """
    found: dict[str, Any] = {
        "kl": _divergences(model, codes, matrix.units),
        "data_variance": float(few.double().var(0, correction=0).sum()),
        "twins": _twin_channels(codes, matrix.units),
    }
    ledger = build_ledger(matrix, codes, **found)
    if ledger.of("dead", "collapsed"):
        found["probed"] = _probe(model, codes, matrix.units, found["data_variance"], batch_size)
        ledger = build_ledger(matrix, codes, **found)
    if not ledger.of("faint", "twin", "alive", "entangled"):
        return ledger
    with suppress(InputError):  # responses that are no numbers: the matrix counts them, and slopes stay unknown
        found["returns"] = _slopes(model, codes.mean[:MOMENTS], matrix.units, batch_size)
    return build_ledger(matrix, codes, **found)


def _with_directions(context: Context, passes: int) -> Ledger:
    """Where units are redundant, ask again in principal directions of the codes."""
    if not context.ledger.of("redundant"):
        return context.ledger
    directions = answering_directions(
        context.model,
        context.codes.mean,
        passes=passes,
        generator=seeded(context.seed, "principal directions"),
        batch_size=context.batch_size,
    )
    return replace(context.ledger, directions=directions)


def _probe(model: Autoencoder, codes: Codes, units: Units, data_variance: float, batch_size: int) -> Tensor:
    """Move each unit that hardly varies by what the prior, or else the mean unit, varies by; see what the decoder does.

    Returns:
        Mean squared change of decodings over the variance of the data, ``(u,)``; 0 of units that do vary.
    """
    means, out = codes.mean[:PROBED], torch.zeros(len(units), dtype=torch.float64)
    size = torch.tensor([len(group) for group in units.groups])
    width = ((units.total(codes.mean.double().var(0, keepdim=True))[0] + _noise(codes, units)) / size).sqrt()
    # Where nothing varies and no prior says how far latents may lie, 1 is as good a guess as any.
    scale = float(width.max()) if model.prior is None and float(width.max()) > 0 else max(1.0, float(width.max()))
    still = (width < STILL * scale).nonzero().flatten().tolist()
    if not still:
        return out
    base = decode(model, means, batch_size=batch_size).double()
    move = torch.randn(means.shape, generator=seeded(0, "probe"), dtype=torch.float64).to(means) * scale
    for unit in still:
        moved = decode(model, units.replace(means, unit, means + move), batch_size=batch_size).double()
        out[unit] = (moved - base).square().flatten(1).sum(1).mean() / (2 * max(data_variance, 1e-300))
    return out


def _noise(codes: Codes, units: Units) -> Tensor:
    return units.squared_norm(codes.std.double()).mean(0)


def _divergences(model: Autoencoder, codes: Codes, units: Units) -> Tensor | None:
    """Mean divergence of every unit from the prior, in nats."""
    if model.prior is None or not bool((codes.std > 0).all()):
        return None
    return units.total(DiagonalGaussian(codes.mean, codes.std).kl_per_latent()).mean(0).double()


def _twin_channels(codes: Codes, units: Units) -> list[tuple[int, int]] | None:
    """Channels that repeat each other, over rows and places; ``None`` where units are no channels."""
    shape = units.latent_shape
    if not is_spatial(shape) or units != Units.default(shape) or len(units) != shape[0]:
        return None
    found = channel_correlations(codes.mean)
    return list(twins(found.matrix, found.matrix_stderr))


def _slopes(model: Autoencoder, means: Tensor, units: Units, batch_size: int) -> Tensor:
    """Slope of the response of every unit on the unit itself over real codes: 1 if it comes back with all others."""
    back = respond(model, means, batch_size=batch_size).double()
    z, response = (values - values.mean(0) for values in (means.double(), back))
    variance = units.total(z * z).sum(0)
    return torch.where(variance > 0, units.total(z * response).sum(0) / variance.clamp(min=1e-300), 0.0)
