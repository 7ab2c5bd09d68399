"""Does the fast booster rank representations as the literature's DCI does? 50 of them, from aligned to mixed.

    python bench/agreement.py [--rows 3000] [--count 50]

Every representation is scored once with scikit-learn's GradientBoostingClassifier (the literature's predictor) and once
with each of the others on the same rows. What is done is kept, so the script can be stopped and started again.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from record import record
from scipy.stats import spearmanr

import latentassay as la
from latentassay.plots.style import MAIN, MUTED, WIDE, sheet, tidy

SIZES, UNITS = (10, 10, 10, 8, 4, 15), 12
SLOW, FAST = "boosting", ("histogram", "forest", "lasso")
TITLES = {"histogram": "boosting on bins (default)", "forest": "random forest", "lasso": "lasso"}
FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "dci-agreement.png"


def representation(k: int, count: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The k-th of ``count``: factors of 3D Shapes' sizes, mixed the more the greater k, with noise of some strength."""
    rng = np.random.default_rng([k, rows])
    factors = np.stack([rng.integers(0, size, rows) for size in SIZES], 1)
    levels = (factors - factors.mean(0)) / factors.std(0)
    share = k / max(1, count - 1)
    aligned = np.eye(len(SIZES), UNITS)
    weights = (1 - share) * aligned + share * rng.normal(size=aligned.shape) / len(SIZES) ** 0.5
    codes = levels @ weights
    if k % 2:  # every other one is bent, too
        codes = np.tanh(codes)
    return codes + rng.uniform(0.05, 0.4) * rng.normal(size=codes.shape), factors


def score_codes(codes: np.ndarray, factors: np.ndarray, predictor: str) -> dict[str, float]:
    """The three scores of one predictor, and its seconds."""
    begun = time.perf_counter()
    found = la.metrics.dci(codes, factors, predictor=predictor)
    return {
        "D": found.disentanglement,
        "C": found.completeness,
        "I": found.informativeness,
        "seconds": time.perf_counter() - begun,
    }


def compare(runs: list[dict[str, dict[str, float]]], predictor: str) -> dict[str, dict[str, float]]:
    """Spearman's correlation with the slow predictor and the mean absolute difference, for D, C and I."""
    table = {}
    for score in ("D", "C", "I"):
        ours, theirs = (np.array([run[name][score] for run in runs]) for name in (predictor, SLOW))
        table[score] = {
            "spearman": float(spearmanr(ours, theirs).statistic),
            "mean absolute difference": float(np.abs(ours - theirs).mean()),
            "mean difference": float((ours - theirs).mean()),
        }
    return table


def draw(runs: list[dict[str, dict[str, float]]], path: Path, rows: int) -> None:
    """Draw D of every representation by each predictor against D by the literature's."""
    figure = sheet(WIDE, 3.1)
    axes = figure.subplots(1, len(FAST), sharex=True, sharey=True)
    slow = np.array([run[SLOW]["D"] for run in runs])
    for ax, name in zip(axes, FAST, strict=True):
        ours = np.array([run[name]["D"] for run in runs])
        ax.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8)
        ax.scatter(slow, ours, s=14, color=MAIN, alpha=0.8, linewidths=0)
        rho = spearmanr(slow, ours).statistic
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        ax.set_title(f"{TITLES[name]}\nSpearman {rho:.3f}, mean |ΔD| {np.abs(ours - slow).mean():.3f}", fontsize=9)
        tidy(ax, x="D by scikit-learn's boosting", y="D" if name == FAST[0] else None)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=160)
    print(f"{len(runs)} representations of {rows} rows drawn in {path}")


def main() -> None:
    """Score what is not scored yet, compare, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3000, help="rows; two of three teach, one of three tests")
    parser.add_argument("--count", type=int, default=50, help="representations")
    parser.add_argument("--kept", type=Path, default=Path("agreement"), help="folder for what is done")
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    runs = []
    for k in range(options.count):
        file = options.kept / f"{options.rows}-{options.count}-{k}.json"
        run = json.loads(file.read_text()) if file.exists() else {}
        codes, factors = representation(k, options.count, options.rows)
        for predictor in (SLOW, *FAST):
            if predictor not in run:
                run[predictor] = score_codes(codes, factors, predictor)
        file.write_text(json.dumps(run))
        runs.append(run)
        print(k, {name: round(found["D"], 3) for name, found in run.items()}, flush=True)
    table = {name: compare(runs, name) for name in FAST}
    draw(runs, FIGURE, options.rows)
    record("agreement", {"rows": options.rows, "units": UNITS, "sizes": SIZES, "compared": table, "runs": runs})


if __name__ == "__main__":
    main()
