"""What is measured before all questions: codes of real rows, the response matrix over them, and the ledger of units."""

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from latentassay.assay.budget import CODES, Sizes
from latentassay.assay.context import DEEPER, Context, seeded
from latentassay.assay.ledger import Ledger, build_ledger
from latentassay.assay.principal import answering_directions
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import InputError
from latentassay.core.observations import Observations
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.core.units import Units, as_units
from latentassay.responses import ResponseMatrix, respond, response_matrix
from latentassay.responses.affordable import affordable_units
from latentassay.sampling import Codes, decode, drawn, encode
from latentassay.spatial import channel_correlations, is_spatial, twins

MATRIX_SHARE = 0.4
"""Part of the budget that the response matrix may take."""

PROBED = 32
"""Rows on which units that never vary are moved by hand."""

STILL = 0.03
"""A unit hardly varies if its spread is less than this share of the widest, or of the prior's."""

MOMENTS = 256
"""Rows that the variance of the data, and the slopes of responses, are read from."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``assay`` was asked for, as its arguments say it."""

    samples: int
    seed: int
    units: Units | Any
    grid: int
    groups: int
    precision: float | None
    budget: float
    batch_size: int
    train: Observations | None = None


def prepare(model: Autoencoder, data: Observations, order: Tensor, afforded: Sizes, options: Options) -> Context:
    """Encode rows, measure the response matrix and write the ledger.

    How long the matrix takes says how many passes can be afforded. Where a state or a coupling is unsure, the matrix
    is measured again with all rows that were drawn, and then with four and sixteen times as many.
    """
    rows = order[: afforded.rows]
    codes = encode(model, data, rows=rows, generator=seeded(options.seed, "posterior"), batch_size=afforded.batch_size)
    z, units = drawn(codes), as_units(options.units, model.latent_shape)
    asked = affordable_units(
        model,
        z,
        units,
        MATRIX_SHARE * options.budget,
        generator=seeded(options.seed, "units"),
        batch_size=afforded.batch_size,
    )
    begun = time.perf_counter()
    matrix = response_matrix(
        model,
        z,
        units=asked,
        generator=seeded(options.seed, "matrix"),
        precision=options.precision,
        budget=MATRIX_SHARE * options.budget,
        batch_size=afforded.batch_size,
    )
    # Every base latent passes once, and once more for each unit that used it.
    one = max(time.perf_counter() - begun, 1e-9) / (max(matrix.used) + sum(matrix.used))
    context = Context(
        model=model,
        data=data,
        order=order,
        rows=rows,
        codes=codes,
        z=z,
        units=units,
        matrix=matrix,
        ledger=_write_ledger(
            model, data.batch(rows[:MOMENTS]), codes, matrix, seed=options.seed, batch_size=afforded.batch_size
        ),
        seed=options.seed,
        grid=options.grid,
        groups=options.groups,
        batch_size=afforded.batch_size,
        precision=options.precision,
        seconds=options.budget,
        passes=max(1, int(options.budget / one)),
        train=options.train,
    )
    return _settle_ledger(context)


def deepen(context: Context) -> Context:
    """Return the same with four times the rows, or all that there are, for questions that were unsure."""
    n = min(len(context.order), DEEPER * context.n, max(context.n, CODES // context.codes.mean[0].numel()))
    deeper = replace(context, depth=context.depth + 1)
    if n == context.n:
        return deeper
    generator = seeded(context.seed, f"posterior from row {context.n}")
    rows = context.order[context.n : n]
    more = encode(context.model, context.data, rows=rows, generator=generator, batch_size=context.batch_size)
    codes = Codes(
        torch.cat([context.codes.mean, more.mean]),
        torch.cat([context.codes.std, more.std]),
        torch.cat([context.z, drawn(more)]),
    )
    return replace(deeper, rows=context.order[:n], codes=codes, z=drawn(codes))


def _settle_ledger(context: Context) -> Context:
    """Measure again what is unsure of units and pairs, first with every row that was drawn, then with more."""
    found, deeper = context, context
    allowed = int(MATRIX_SHARE * context.passes) - sum(context.matrix.used)
    all_used = min(context.matrix.used) >= context.matrix.n
    while found.ledger.unsure:
        if all_used:
            further = deepen(deeper)
            if further.n == deeper.n or further.depth > 2:
                break
            deeper = further
        allowed -= (len(context.matrix.units) + 1) * deeper.n
        if allowed < 0:
            break
        matrix = response_matrix(
            context.model,
            deeper.z,
            units=context.matrix.units,
            generator=seeded(context.seed, f"matrix of {deeper.n}"),
            batch_size=context.batch_size,
        )
        all_used = True
        ledger = _write_ledger(
            context.model,
            context.data.batch(deeper.rows[:MOMENTS]),
            deeper.codes,
            matrix,
            seed=context.seed,
            batch_size=context.batch_size,
        )
        found = replace(found, matrix=matrix, ledger=ledger)
    return found


def _write_ledger(
    model: Autoencoder, few: Tensor, codes: Codes, matrix: ResponseMatrix, *, seed: int, batch_size: int
) -> Ledger:
    """Write the ledger; where units that are used do not answer alone, see whether others hold the same."""
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
    ledger = build_ledger(matrix, codes, **found)
    if not ledger.of("redundant"):
        return ledger
    generator = seeded(seed, "principal directions")
    directions = answering_directions(model, codes.mean, generator=generator, batch_size=batch_size)
    return replace(ledger, directions=directions)


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
