"""Questions for models with an explicit causal block: do causes follow, and which listen to which (IC 2.2)?"""

import torch
from torch import Tensor

from latentassay.assay.context import Context
from latentassay.assay.parts import Part
from latentassay.core.autoencoder import HasCauses, eval_mode
from latentassay.core.findings import Finding, Level, Score
from latentassay.responses import Equivariance, equivariance
from latentassay.sampling import decode

OPEN = 0.5
"""An edge is there if its mask is at least this."""

PAIRED = 7
"""Double interventions are shown for so many units: more make small pictures."""


def ask_causes(context: Context, model: HasCauses, z: Tensor, values: int) -> Part:
    """Return equivariance, the graph of the causes, and double interventions on noises and on causes.

    Args:
        context: what every question shares.
        model: its model, which has causes.
        z: latents to intervene on.
        values: how many values each unit is set to.
    """
    found = equivariance(
        context.model, z, values=values, generator=context.generator("equivariance"), batch_size=context.batch_size
    )
    with eval_mode(model):
        masks = model.adjacency().detach().cpu().double()
    scores = _follows(context, found) + _sparsity(context, masks)
    arrays = {"equivariance": found.matrix, "adjacency": masks} | _doubles(context, model)
    return Part(scores, tuple(_finding(score) for score in scores), arrays)


def _follows(context: Context, found: Equivariance) -> tuple[Score, ...]:
    if found.score is None:
        return ()
    return (
        Score(
            "consistency.equivariance",
            "Equivariance of the causes",
            found.score,
            "IC 2.1, mean over noises m and causes i that are not collapsed of 1 − E‖Δ_i‖² / U_m, Δ between the causes "
            f"of the response to an intervened noise and those of the intervened response; {found.variant}",
            found.n,
            context.seed,
            found.low,
            found.high,
            unit="%",
        ),
    )


def _sparsity(context: Context, masks: Tensor) -> tuple[Score, ...]:
    """Share of closed edges; none where one unit leaves none possible. It is known, not estimated."""
    possible = masks[torch.triu(torch.ones_like(masks, dtype=torch.bool), 1)]
    if not len(possible):
        return ()
    closed = float((possible < OPEN).double().mean())
    return (
        Score(
            "consistency.sparsity",
            "Closed edges between causes",
            closed,
            f"share of the {len(possible)} possible edges (parent before child) whose mask is below {OPEN}; IC table 1 "
            "counts the open ones over all places of the matrix",
            len(possible),
            context.seed,
            unit="%",
        ),
    )


def _finding(score: Score) -> Finding:
    if score.name == "consistency.sparsity":
        sentence = f"{score} of the {score.n} possible edges between causes are closed."
        return Finding("consistency.sparsity", sentence, "note", (score.name,))
    level: Level = "good" if score.value >= 0.95 else "note" if score.value >= 0.85 else "warning"
    sentence = f"Causes follow an intervention on a noise as their graph says at {score} (equivariance)."
    remedy = None if level == "good" else "Train with objectives.Equivariance, so that the graph holds off the data."
    return Finding("consistency.equivariance", sentence, level, (score.name,), remedy)


def _doubles(context: Context, model: HasCauses) -> dict[str, Tensor]:
    """Three real samples, and hybrids of the first with each pair of units from the other two, as noises and causes."""
    if len(context.data.x_shape) != 3:
        return {}
    z = context.z[torch.randperm(context.n, generator=context.generator("doubles"))[:3]]
    units = _shown(context, z.shape[1])
    n = len(units)
    base, first, second = z
    noises = base.repeat(n, n, 1)
    for i, unit in enumerate(units):
        noises[:, i, unit] = second[unit]
    for i, unit in enumerate(units):
        noises[i, :, unit] = first[unit]
    arrays = {"doubled": decode(context.model, z), "doubled_units": torch.tensor(units)}
    on_noises = decode(context.model, noises.flatten(0, 1), batch_size=context.batch_size)
    grids = {"double_noises": on_noises, "double_causes": _on_causes(model, z, units)}
    return arrays | {name: grid.reshape(n, n, *grid.shape[1:]) for name, grid in grids.items()}


def _shown(context: Context, units: int) -> list[int]:
    """The units that answer most to themselves, or the first ones if others were asked about than the block has."""
    strength = context.matrix.normalized.diagonal().tolist()
    known = strength if len(strength) == units else [0.0] * units
    return sorted(sorted(range(units), key=lambda unit: -known[unit])[:PAIRED])


def _on_causes(model: HasCauses, z: Tensor, units: list[int]) -> Tensor:
    """The same, but parents no longer matter to a cause that is set; its children still listen to it."""
    made = []
    with eval_mode(model) as (device, dtype):
        z = z.to(device, dtype)
        first, second = (model.causes(sample[None]) for sample in z[1:])
        for i in units:
            for j in units:
                given = {j: second[:, j], i: first[:, i]}
                made.append(model.decode_causes(model.causes(z[:1], given)))
    return torch.cat(made).cpu()
