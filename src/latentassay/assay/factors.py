"""Questions that need known factors: which unit serves which."""

import numpy as np
import torch

from latentassay.assay.subject import Subject
from latentassay.findings import Finding, Level, Score, Section
from latentassay.math.intervals import normal
from latentassay.metrics import DCI, MIG, dci, irs, mig
from latentassay.metrics.arrays import rare
from latentassay.observations import FactoredObservations, groups_varying
from latentassay.responses import (
    ConditionedMatrix,
    causal_completeness,
    causal_disentanglement,
    conditioned_response_matrix,
)

Evidence = tuple[list[Score], dict[str, np.ndarray]]


def ask_factors(subject: Subject) -> Section | None:
    """Do the axes mean anything? Needs data whose factors are known and vary, and two units or more."""
    data = subject.data
    if not isinstance(data, FactoredObservations) or len(subject.matrix.units) < 2:
        return None
    factors = data.factors[subject.rows.numpy()]
    varying = [m for m in range(factors.shape[1]) if len(np.unique(factors[:, m])) > 1]
    if not varying:
        return None
    names, factors = [data.factor_names[m] for m in varying], factors[:, varying]
    sparse = [names[m] for m in rare(factors)] if len(varying) > 1 else []
    codes = subject.codes.mean.flatten(1).double().numpy()
    scores, arrays = _told_by_units(subject, codes, factors)
    asked = [_moved_by_units(subject, data, varying)]
    if len(varying) > 1 and not sparse:
        asked.append(_predicted_by_units(subject, codes, factors))
    for more_scores, more_arrays in asked:
        scores, arrays = scores + more_scores, arrays | more_arrays
    details = {"factor_names": names, "labels": subject.labels, "alive": list(subject.causal.mask)}
    findings = _findings(subject, names, arrays["information"], scores) + _unasked(sparse)
    return Section("factors", "Factors", "Do the axes mean anything?", tuple(scores), findings, arrays, details)


def _told_by_units(subject: Subject, codes: np.ndarray, factors: np.ndarray) -> Evidence:
    found = mig(codes, factors, resamples=200, seed=subject.seed)
    return [_mig_score(subject, found)], {"information": _of_units(found.information, subject)}


def _moved_by_units(subject: Subject, data: FactoredObservations, varying: list[int]) -> Evidence:
    conditioned = _conditioned(subject, data, varying)
    if conditioned is None:
        return [], {}
    full = np.zeros((len(varying), len(subject.matrix.units)))
    full[:, list(subject.causal.active)] = conditioned.matrix.numpy()
    return _causal_scores(subject, conditioned), {"conditioned": full}


def _predicted_by_units(subject: Subject, codes: np.ndarray, factors: np.ndarray) -> Evidence:
    found = dci(codes, factors, units=subject.matrix.units.groups, seed=subject.seed)
    return [*_dci_scores(subject, found), _irs_score(subject, codes, factors)], {"importance": found.importance}


def _of_units(of_latents: np.ndarray, subject: Subject) -> np.ndarray:
    """``(m, units)`` from ``(m, latents)``: a unit knows what the best of its latents knows."""
    return np.stack([of_latents[:, list(group)].max(1) for group in subject.matrix.units.groups], 1)


def _mig_score(subject: Subject, found: MIG) -> Score:
    definition = f"mean over factors of (I₁ − I₂) / H, posterior means, {found.variant} (Chen et al. 2018)"
    low, high = found.interval or (None, None)
    return Score("factors.mig", "Mutual information gap", found.score, definition, found.n, subject.seed, low, high)


def _conditioned(subject: Subject, data: FactoredObservations, varying: list[int]) -> ConditionedMatrix | None:
    """Conditioned matrix over the causal units; ``None`` where a factor never varies alone or is the only one."""
    if len(varying) < 2 or len(varying) < len(data.factor_names) - _constant(data):
        return None
    if not all(groups_varying(data.factors, m, limit=1) for m in varying):
        return None
    return conditioned_response_matrix(
        subject.model, _Varying(data, varying), generator=subject.generator("factors"), units=subject.alive,
        groups_per_factor=subject.groups, precision=subject.precision, budget=subject.seconds / 4,
        batch_size=subject.batch_size,
    )  # fmt: skip


def _constant(data: FactoredObservations) -> int:
    return int((data.factors == data.factors[0]).all(0).sum())


class _Varying:
    """The data with the factors that vary."""

    def __init__(self, data: FactoredObservations, kept: list[int]):
        self.x_shape, self.batch = data.x_shape, data.batch
        self.factors = data.factors[:, kept]
        self.factor_names = tuple(data.factor_names[m] for m in kept)
        self.factor_sizes = tuple(data.factor_sizes[m] for m in kept)

    def __len__(self) -> int:
        return len(self.factors)


def _causal_scores(subject: Subject, conditioned: ConditionedMatrix) -> list[Score]:
    n, scores = sum(conditioned.samples), []
    for name, label, equation, function in (
        ("factors.cds", "Causal disentanglement (CDS)", 7, causal_disentanglement),
        ("factors.ccs", "Causal completeness (CCS)", 13, causal_completeness),
    ):
        found, g = function(conditioned), subject.generator(name)
        noise = torch.randn(200, *conditioned.matrix.shape, generator=g, dtype=torch.float64)
        draws = [
            function(conditioned._replace(matrix=(conditioned.matrix + conditioned.stderr * e).abs())) for e in noise
        ]
        interval = normal(found.score, float(torch.tensor([draw.score for draw in draws]).std()))
        definition = (
            f"LR equation {equation}, {found.variant}, causal units only; {_span(conditioned.groups)} groups a factor; "
            "interval by redrawing M* within its standard errors"
        )
        scores.append(Score(name, label, found.score, definition, n, subject.seed, *interval))
    return scores


def _dci_scores(subject: Subject, found: DCI) -> list[Score]:
    source = f"posterior means of all units; {found.variant} (Eastwood and Williams 2018)"
    told = (
        ("dci", "DCI disentanglement", found.disentanglement, "1 − entropy of each unit's importance over factors"),
        ("completeness", "DCI completeness", found.completeness, "1 − entropy of each factor's importance over units"),
        ("informativeness", "DCI informativeness", found.informativeness, "share of held-out rows predicted right"),
    )
    return [
        Score(f"factors.{key}", label, value, f"{what}, {source}", found.n, subject.seed)
        for key, label, value, what in told
    ]


def _irs_score(subject: Subject, codes: np.ndarray, factors: np.ndarray) -> Score:
    found = irs(codes, factors)
    definition = (
        f"1 − deviation left in a latent while its best factor is held, posterior means, {found.variant} "
        "(Suter et al. 2019)"
    )
    return Score("factors.irs", "Interventional robustness (IRS)", found.score, definition, found.n, subject.seed)


def _unasked(sparse: list[str]) -> tuple[Finding, ...]:
    if not sparse:
        return ()
    one = len(sparse) == 1
    sentence = (
        f"DCI and IRS were left out: {', '.join(sparse)} {'takes' if one else 'take'} more values than the rows drawn "
        "can teach (4 rows a value are needed)."
    )
    remedy = f"Draw more samples, or merge values of {'this factor' if one else 'these factors'}."
    return (Finding("factors.rare", sentence, "note", (), remedy),)


def _span(counts: tuple[int, ...]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _findings(subject: Subject, names: list[str], known: np.ndarray, scores: list[Score]) -> tuple[Finding, ...]:
    best = known.argmax(1)
    # A dead unit can still know a factor: the encoder writes it down, and the decoder does not read it.
    shares = [
        f"{100 * known[m, unit]:.0f} %{'' if subject.causal.mask[unit] else ', though dead'}"
        for m, unit in enumerate(best)
    ]
    if len(names) == 1:
        sentence = (
            f"Unit {subject.labels[best[0]]} tells most about {names[0]}: {shares[0]} of its entropy; {_told(scores)}."
        )
        return (Finding("factors", sentence, "note", ("factors.mig",)),)
    gap = scores[0].value
    level: Level = "good" if gap >= 0.5 else "note" if gap >= 0.2 else "warning"
    verdict = {"good": "mean something", "note": "mean something in part", "warning": "mix the factors"}[level]
    remedy = (
        None if level == "good" else "Raise β, or choose among seeds; where axes mix, trust the response graph instead."
    )
    listed = ", ".join(
        f"{name} in unit {subject.labels[best[m]]} ({shares[m]})" for m, name in enumerate(names)
    )  # fmt: skip
    sentence = f"Best single unit for each factor, with the share of its entropy: {listed}."
    return (
        Finding(
            "factors", f"The axes {verdict}: {_told(scores)}.", level, ("factors.mig",), remedy, f"the axes {verdict}"
        ),
        Finding("factors.units", sentence, "note", ("factors.mig",)),
    )


def _told(scores: list[Score]) -> str:
    short = ("factors.mig", "factors.cds", "factors.dci")
    return ", ".join(f"{score.name.split('.')[1].upper()} {score}" for score in scores if score.name in short)
