"""Distance to orthogonality: the assignment against the published integer program, Jacobians, and 1000 points.

Jacobians are of 64 latents of the paper-size conv decoder with 12 units (``vae-conv``, 64×64×3), beside forward passes
of the same latents; other ways are ``vmap(jacfwd)``, central differences, and reverse mode in a loop over a few values.
One thread. Figures are medians over interleaved rounds of ratios of CPU times, since wall times of a shared machine say
more of the others. Run: ``python bench/orthogonality.py``.
"""

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from record import record
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.stats import ortho_group
from torch.func import jacfwd, vmap

import latentassay as la
from latentassay.geometry import decoder_jacobian, distance_to_orthogonality, nearest_signed_permutation

POINTS, UNITS, ROUNDS, REVERSED = 64, 12, 5, 24


def seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def program(v: np.ndarray, limit: float) -> bool:
    """The thesis' mixed-integer program (3.29) for one matrix: is it solved within so many seconds?"""
    d, n = len(v), v.size
    one, none = np.eye(n), np.zeros((d, n))
    sums = [np.kron(np.eye(d), np.ones(d)), np.kron(np.ones(d), np.eye(d))]
    limits = [
        LinearConstraint(np.hstack([one, -one, -one]), ub=v.ravel()),
        LinearConstraint(np.hstack([-one, one, -one]), ub=-v.ravel()),
        *(LinearConstraint(np.hstack([each, each, none]), lb=1, ub=1) for each in sums),
    ]
    found = milp(
        np.r_[np.zeros(2 * n), np.ones(n)],
        constraints=limits,
        integrality=np.r_[np.ones(2 * n), np.zeros(n)],
        bounds=Bounds(0, np.r_[np.ones(2 * n), [2] * n]),
        options={"time_limit": limit},
    )
    return bool(found.status == 0)


def assignment(d: int, count: int, *, near: bool, limit: float = 30.0) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    turns = (
        ortho_group.rvs(d, size=count, random_state=rng)
        if not near
        else np.stack(
            [np.linalg.qr(np.eye(d)[rng.permutation(d)] + 0.1 * rng.standard_normal((d, d)))[0] for _ in range(count)]
        )
    )
    turns = turns.reshape(count, d, d)  # scipy leaves a single one without its first axis
    ours = [seconds(lambda v=v: nearest_signed_permutation(torch.from_numpy(v)[None])) for v in turns]
    solved: list[bool] = []
    theirs = [seconds(lambda v=v: solved.append(program(v, limit))) for v in turns]
    return {
        "matrices": f"{count} {'near permutations' if near else 'random'}",
        "µs each": round(1e6 * statistics.median(ours), 1),
        "program, ms each": round(1e3 * statistics.median(theirs), 1),
        "program solved in time": f"{sum(solved)} of {count}",
        "times as fast": round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True))),
    }


def jacobians() -> dict[str, Any]:
    model = la.models.build("vae-conv", x_shape=(3, 64, 64), latents=UNITS, seed=0).eval().requires_grad_(False)
    z = torch.randn(POINTS, UNITS, generator=torch.Generator().manual_seed(0))

    def forward() -> None:
        with torch.no_grad():
            model.decode(z)

    def mapped() -> torch.Tensor:
        single = jacfwd(lambda at: model.decode(at[None])[0].flatten())
        with torch.no_grad():
            return torch.cat([vmap(single)(part) for part in z.split(8)])

    def differences(h: float = 1e-2) -> torch.Tensor:
        with torch.no_grad():
            return torch.stack(
                [
                    (model.decode(z + h * unit) - model.decode(z - h * unit)).flatten(1) / (2 * h)
                    for unit in torch.eye(UNITS)
                ],
                2,
            )

    def reverse() -> None:
        at = z[:1].clone().requires_grad_()
        out = model.decode(at).flatten()
        for value in out[:REVERSED]:
            torch.autograd.grad(value, at, retain_graph=True)

    ways = {
        "ours": lambda: decoder_jacobian(model.decode, z),
        "vmap(jacfwd), 8 points at a time": mapped,
        "central differences": differences,
    }
    ratios: dict[str, list[float]] = {name: [] for name in ways}
    forward()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            ratios[name].append(seconds(way) / seconds(forward))
    exact = decoder_jacobian(model.decode, z)
    values = exact.shape[1]
    one = seconds(reverse) / REVERSED * values * POINTS / seconds(forward)
    return {
        "forward passes of as many points": {name: round(statistics.median(each), 1) for name, each in ratios.items()},
        "range": {name: [round(min(each), 1), round(max(each), 1)] for name, each in ratios.items()},
        "reverse mode, a value at a time (from a few)": round(one),
        "error, greatest over greatest derivative": {
            "vmap(jacfwd)": float(f"{float((mapped() - exact).abs().max() / exact.abs().max()):.2g}"),
            "central differences": float(f"{float((differences() - exact).abs().max() / exact.abs().max()):.2g}"),
        },
    }


def many_points() -> dict[str, Any]:
    model = la.models.build("vae-conv-small", x_shape=(1, 32, 32), latents=6, seed=0).eval()
    x = torch.rand(2000, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    report: dict[str, Any] = {"model": "vae-conv-small, 32×32, 6 latents, 32-bit"}
    for points in (250, 1000, 2000):
        begun = time.perf_counter()
        distance_to_orthogonality(model, x, points=points, threshold=0.0, generator=torch.Generator().manual_seed(0))
        report[f"{points} points"] = {
            "seconds": round(time.perf_counter() - begun, 1),
            "peak MiB of the process": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
    return report


def main() -> None:
    torch.set_num_threads(1)
    record(
        "orthogonality",
        {
            "what": "nearest signed permutation against the integer program of 3.2.6; Jacobians of "
            f"{POINTS} points of vae-conv with {UNITS} units, 64×64×3; DtO of many points",
            "DtO": many_points(),
            "Jacobians": jacobians(),
            "assignment, d = 12": assignment(12, 40, near=False),
            "assignment, d = 64, near permutations": assignment(64, 3, near=True),
            "assignment, d = 64, random": assignment(64, 1, near=False),
        },
    )


if __name__ == "__main__":
    main()
