"""What is measured before all questions: codes of real rows, the response matrix over them, and the ledger of units."""

import time
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from latentassay.assay.answering import dropping, has_absurd, readable
from latentassay.assay.budget import CODES, Sizes
from latentassay.assay.context import DEEPER, Context, seeded
from latentassay.assay.ledger_measuring import MOMENTS, settle_ledger, write_ledger
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import Observations
from latentassay.core.units import Units, as_units
from latentassay.responses import ResponseMatrix, response_matrix
from latentassay.responses.affordable import affordable_units
from latentassay.sampling import Codes, drawn, encode

FEWEST = 16
"""Observations of which an encoder must make numbers."""

MATRIX_SHARE = 0.4
"""Part of the budget that the response matrix may take."""


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

    How long the matrix takes says how many passes can be afforded. Units whose state or coupling is unsure are measured
    again on as many rows as are expected to tell, while there are rows and time.
    """
    asked = len(order)
    order, codes = _encode_readable(model, data, order, afforded, options)
    rows = order[: afforded.rows]
    z, units = drawn(codes), as_units(options.units, model.latent_shape)
    try:
        matrix, one = _measure_matrix(model, z, units, afforded.batch_size, options)
    except ContractError:
        model = dropping(model, data.batch(rows[:1])[0])
        matrix, one = _measure_matrix(model, z, units, afforded.batch_size, options)
    context = Context(
        model=model,
        data=data,
        order=order,
        rows=rows,
        codes=codes,
        encoded=codes,
        z=z,
        units=units,
        matrix=matrix,
        ledger=write_ledger(
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
        first=len(rows),
        unread=asked - len(order),
    )
    return settle_ledger(context, deepen, int(MATRIX_SHARE * context.passes) - sum(matrix.used))


def _encode_readable(
    model: Autoencoder, data: Observations, order: Tensor, afforded: Sizes, options: Options
) -> tuple[Tensor, Codes]:
    """Encode the first rows of which the encoder makes numbers; return also the order without all others."""

    def first(order: Tensor) -> Codes:
        generator = seeded(options.seed, "posterior")
        return encode(model, data, rows=order[: afforded.rows], generator=generator, batch_size=afforded.batch_size)

    try:
        codes = first(order)
        if not has_absurd(codes):
            return order, codes
        kept = readable(model, data, order, afforded.batch_size)
    except InputError:
        kept = readable(model, data, order, afforded.batch_size)
        if len(kept) < FEWEST:
            raise
    return kept, first(kept)


def _measure_matrix(
    model: Autoencoder, z: Tensor, units: Units, batch_size: int, options: Options
) -> tuple[ResponseMatrix, float]:
    """Measure the first response matrix, of as many units as there is time for; return also what a pass took."""
    share = MATRIX_SHARE * options.budget
    generator = seeded(options.seed, "units")
    asked = affordable_units(model, z, units, share, generator=generator, batch_size=batch_size)
    begun = time.perf_counter()
    matrix = response_matrix(
        model,
        z,
        units=asked,
        generator=seeded(options.seed, "matrix"),
        precision=options.precision,
        budget=share,
        batch_size=batch_size,
    )
    # Every base latent passes once, and once more for each unit that used it.
    return matrix, max(time.perf_counter() - begun, 1e-9) / (max(matrix.used) + sum(matrix.used))


def deepen(context: Context, times: float = DEEPER) -> Context:
    """Return the same with so many times the rows and passes, or all rows that there are; the first rows stay."""
    effort, most = context.effort * times, max(context.n, CODES // context.codes.mean[0].numel())
    n = min(len(context.order), max(context.n, round(context.first * effort)), most)
    deeper = replace(context, depth=context.depth + 1, effort=effort)
    if n == context.n:
        return deeper
    try:
        known = _encode_on(context, n)
    except InputError:
        fewer = _leave_out_unread(context)
        if fewer.unread == context.unread:
            raise
        return deepen(fewer, times)
    if has_absurd(known) and (fewer := _leave_out_unread(context)).unread > context.unread:
        return deepen(fewer, times)
    codes = Codes(known.mean[:n], known.std[:n], drawn(known)[:n])
    return replace(deeper, rows=context.order[:n], codes=codes, z=drawn(codes), encoded=known)


def _leave_out_unread(context: Context) -> Context:
    """Return the same without the rows beyond the first of which the encoder makes no numbers, all to be encoded."""
    first, rest = context.order[: context.first], context.order[context.first :]
    kept = readable(context.model, context.data, rest, context.batch_size)
    known = context.encoded
    codes = Codes(known.mean[: len(first)], known.std[: len(first)], drawn(known)[: len(first)])
    unread = context.unread + len(rest) - len(kept)
    return replace(context, order=torch.cat([first, kept]), encoded=codes, unread=unread)


def _encode_on(context: Context, n: int) -> Codes:
    """Codes of the first n rows, of which some are known.

    Blocks are of one size, each with a generator of its own: a sample depends on its row and the seed alone.
    """
    known = context.encoded
    for begun in range(len(known.mean), n, context.first):
        rows = context.order[begun : begun + context.first]
        generator = seeded(context.seed, f"posterior from row {begun}")
        more = encode(context.model, context.data, rows=rows, generator=generator, batch_size=context.batch_size)
        known = _join(known, more)
    return known


def _join(known: Codes, more: Codes) -> Codes:
    return Codes(
        torch.cat([known.mean, more.mean]),
        torch.cat([known.std, more.std]),
        torch.cat([drawn(known), drawn(more)]),
    )
