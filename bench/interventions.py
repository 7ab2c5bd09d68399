"""Matrices, field and path against simpler ways of asking the same question of the same model, in one process.

The authors' way decodes and encodes the base latents anew for every unit, 32 at a time. Ours asks for the base once, in
batches of 128; the anytime variants stop at precision 0.05. The field is compared with its passes alone. Figures are
medians over interleaved rounds of ratios of wall times. Run: ``python bench/interventions.py``.
"""

import statistics
import time
from collections.abc import Callable

import torch
from record import record

import latentassay as la
from latentassay.core.observations import groups_varying
from latentassay.sampling import encode

LATENTS, N, ROUNDS, GROUPS = 12, 1024, 3, 50
MODEL, SHAPE = "vae-conv-small", (3, 64, 64)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def authors_matrix(model: la.Autoencoder, z: torch.Tensor) -> torch.Tensor:
    """Equation 5 as published: one unit after the other, both responses fresh, 32 latents at a time."""
    rows = []
    with torch.inference_mode():
        for j in range(LATENTS):
            squares = torch.zeros(LATENTS)
            values = z[torch.randperm(len(z), generator=seeded(j)), j]
            for start in range(0, len(z), 32):
                base = z[start : start + 32]
                changed = base.clone()
                changed[:, j] = values[start : start + 32]
                responses = (model.encode(model.decode(latents)).mean for latents in (changed, base))
                squares += (next(responses) - next(responses)).square().sum(0)
            rows.append((squares / len(z)).sqrt())
    return torch.stack(rows)


def authors_conditioned(model: la.Autoencoder, data: la.data.FactorData) -> torch.Tensor:
    """Equation 6 likewise: for every factor, group and unit both responses fresh, 32 latents at a time."""
    matrix = torch.zeros(data.factors.shape[1], LATENTS)
    for m in range(data.factors.shape[1]):
        groups = groups_varying(data.factors, m, limit=GROUPS, seed=0)
        z = [encode(model, data, rows=group, generator=seeded(m)).sample for group in groups]
        base, values = torch.cat(z), torch.cat([part[torch.randperm(len(part), generator=seeded())] for part in z])
        with torch.inference_mode():
            for j in range(LATENTS):
                for start in range(0, len(base), 32):
                    one = base[start : start + 32]
                    other = one.clone()
                    other[:, j] = values[start : start + 32, j]
                    change = model.encode(model.decode(other)).mean - model.encode(model.decode(one)).mean
                    matrix[m, j] += change[:, j].square().sum()
        matrix[m] /= len(base)
    return matrix.sqrt()


def passes_alone(model: la.Autoencoder, z: torch.Tensor) -> None:
    with torch.inference_mode():
        for block in torch.split(z, 128):
            _ = model.encode(model.decode(block)).mean


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compared(ours: Callable[[], object], theirs: Callable[[], object]) -> dict[str, float]:
    """Median ratio ours/theirs over rounds that take turns at going first."""
    pairs = []
    for k in range(ROUNDS):
        order = (ours, theirs) if k % 2 else (theirs, ours)
        took = {work: seconds(work) for work in order}
        pairs.append((took[ours], took[theirs]))
    ratios = [mine / other for mine, other in pairs]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "least_ratio": round(min(ratios), 3),
        "greatest_ratio": round(max(ratios), 3),
        "seconds": round(statistics.median(mine for mine, _ in pairs), 2),
    }


def trained(data: la.data.FactorData) -> la.Autoencoder:
    """A little training, so that units differ and precision means something."""
    model = la.models.build(MODEL, x_shape=SHAPE, latents=LATENTS)
    la.fit(model, la.objectives.BetaVAE(4.0), data, steps=300, batch_size=64, lr=2e-3)
    return model.eval()


def main() -> None:
    from latentassay.cli.demo import demo_data

    data = demo_data()
    model = trained(data)
    z = la.sampling.posterior(model, data, N, generator=seeded())
    grid = torch.randn(100 * 100, LATENTS, generator=seeded())

    def matrix(**options: object) -> la.Autoencoder:
        return la.response_matrix(model, z, generator=seeded(), **options)

    def conditioned(**options: object) -> object:
        return la.conditioned_response_matrix(model, data, generator=seeded(), groups_per_factor=GROUPS, **options)

    def field(**options: object) -> torch.Tensor:
        return la.divergence(la.response_field(model, (0, 1), base=z[0], n=100, **options))

    passes_alone(model, z)
    used = matrix(precision=0.05).used
    report = {
        "what": f"{MODEL} {SHAPE}, {LATENTS} latents, 300 steps of 64 on the demo's rooms; N = {N}; {ROUNDS} rounds",
        "response matrix / authors' way": compared(matrix, lambda: authors_matrix(model, z)),
        "response matrix at precision 0.05 / authors' way": {
            **compared(lambda: matrix(precision=0.05), lambda: authors_matrix(model, z)),
            "rows used": f"{min(used)} to {max(used)} of {N}",
        },
        "conditioned matrix / authors' way": compared(conditioned, lambda: authors_conditioned(model, data)),
        "conditioned matrix at precision 0.05 / authors' way": compared(
            lambda: conditioned(precision=0.05), lambda: authors_conditioned(model, data)
        ),
        "100×100 field with divergence / its passes": compared(field, lambda: passes_alone(model, grid)),
        "100×100 exact field / its passes": compared(lambda: field(exact=True), lambda: passes_alone(model, grid)),
        "path: 100×100 plane, then 150 steps": {
            "seconds": round(seconds(lambda: la.manifold_path(model, z[0], z[1], latents=(0, 1))), 2),
            "of which the plane": round(
                seconds(lambda: la.manifold_path(model, z[0], z[1], latents=(0, 1), refine=False)), 2
            ),
        },
    }
    record("interventions", report)


if __name__ == "__main__":
    main()
