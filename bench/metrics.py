"""The panel against the literature's way, on the setting where both were measured before.

12 units, factors of 3D Shapes' sizes, 10 000 rows to learn from and 5 000 held out; one mixed code. In one process and
one round each: the literature's DCI (scikit-learn's GradientBoostingClassifier, one factor after the other) takes
minutes. Ours is a median of three. The encodings that the usual libraries ask for are counted from their settings
(10 000 + 5 000 votes or points of 64 rows or pairs, 10 000 more for variances). Run: ``python bench/metrics.py``.
"""

import resource
import statistics
import subprocess
import sys
import time
import tracemalloc

import numpy as np
from agreement import SIZES, UNITS
from record import record

import latentassay as la
from latentassay.metrics.disentanglement.dci import concentration

TRAIN, ROWS, ROUNDS = 10_000, 15_000, 3
PANEL = ("mig", "sap", "irs", "factor_vae", "beta_vae")


def mixed_code() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, size, ROWS) for size in SIZES], 1)
    levels = (factors - factors.mean(0)) / factors.std(0)
    weights = np.eye(len(SIZES), UNITS) + 0.3 * rng.normal(size=(len(SIZES), UNITS))
    return levels @ weights + 0.3 * rng.normal(size=(ROWS, UNITS)), factors


def published_dci(codes: np.ndarray, factors: np.ndarray) -> dict[str, float]:
    """As published: default GradientBoostingClassifier for every factor, importances, accuracy on the test rows."""
    from sklearn.ensemble import GradientBoostingClassifier

    begun, importance, accuracy = time.perf_counter(), [], []
    for column in factors.T:
        fitted = GradientBoostingClassifier(random_state=0).fit(codes[:TRAIN], column[:TRAIN])
        importance.append(fitted.feature_importances_)
        accuracy.append(np.mean(fitted.predict(codes[TRAIN:]) == column[TRAIN:]))
    seconds = time.perf_counter() - begun
    matrix = np.stack(importance)
    share = matrix.sum(0) / matrix.sum()
    return {
        "seconds": seconds,
        "D": float(share @ concentration(matrix.T)),
        "C": float(concentration(matrix).mean()),
        "I": float(np.mean(accuracy)),
    }


def panel_seconds(name: str, codes: np.ndarray, factors: np.ndarray) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        la.score(codes, factors, metrics=[name])
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def busy_seconds(codes: np.ndarray, factors: np.ndarray) -> float:
    """Seconds of our DCI while another program holds one core."""
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        return panel_seconds("dci", codes, factors)
    finally:
        spinning.kill()
        spinning.wait()


def traced_peak(codes: np.ndarray, factors: np.ndarray) -> float:
    """MiB that numpy and Python hold at most during a whole panel, beyond the codes."""
    tracemalloc.start()
    la.score(codes, factors)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def main() -> None:
    codes, factors = mixed_code()
    la.score(codes[:300], factors[:300] % 3)  # imports
    seconds = {name: panel_seconds(name, codes, factors) for name in la.metrics.METRICS}
    busy = busy_seconds(codes, factors)
    whole = la.metrics.dci(codes, factors)
    peak, memory = traced_peak(codes, factors), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    theirs = published_dci(codes, factors)
    record(
        "metrics",
        {
            "setting": {"rows": ROWS, "learned": TRAIN, "units": UNITS, "sizes": SIZES, "rounds": ROUNDS},
            "seconds": seconds,
            "seconds of MIG, SAP, IRS, FactorVAE and β-VAE together": sum(seconds[name] for name in PANEL),
            "seconds of modularity and explicitness": seconds["modularity"] + seconds["explicitness"],
            "seconds of the whole panel": sum(seconds.values()),
            "literature's DCI": theirs,
            "our DCI": {"D": whole.disentanglement, "C": whole.completeness, "I": whole.informativeness},
            "DCI: seconds beside a program that holds one core": busy,
            "DCI: times faster": theirs["seconds"] / seconds["dci"],
            "peak MiB beyond the codes": peak,
            "peak MiB of the process, torch and all": memory,
            "encodings": {
                "ours": ROWS,
                "usual FactorVAE score": 15_000 * 64 + 10_000,
                "usual β-VAE score": 15_000 * 64 * 2,
            },
        },
    )


if __name__ == "__main__":
    main()
