"""What the head and the foot of a page say of the model, the data and the measurement."""

from collections.abc import Iterable

from latentassay.core.findings import Meta, Section


def title_of(meta: Meta) -> str:
    """Return the heading of a page."""
    return f"{meta.model} on {meta.data}"


def about(meta: Meta) -> tuple[str, ...]:
    """Return model, data and date, for a page whose heading does not say them."""
    return meta.model, meta.data, meta.date


def describe_facts(meta: Meta) -> dict[str, str]:
    """Return what stands below the heading: label → value."""
    return {
        "observations": f"{meta.rows} of {meta.available}, {_times(meta.x_shape)}",
        "latent": f"{_times(meta.latent_shape)}, {meta.units} units",
        "prior": meta.prior or "none",
        "seed": str(meta.seed),
        "time": f"{meta.seconds:.1f} s",
        **({"assumed": "; ".join(meta.assumed)} if meta.assumed else {}),
    }


def describe_measurement(meta: Meta) -> dict[str, str]:
    """Return what stands at the foot of the page: label → value."""
    low, high = meta.used
    return {
        "samples": str(meta.rows),
        "rows used by each unit": f"{low}" if low == high else f"{low} to {high}",
        "precision": "every row" if meta.precision is None else f"{meta.precision:g}",
        "budget": f"{meta.budget:g} s",
        "groups per factor": str(meta.groups),
        "claims": _claims(meta),
        "seed": str(meta.seed),
        "total seconds": f"{meta.seconds:.1f}",
        "device": meta.device,
        "arithmetic": meta.dtype,
        "versions": ", ".join(f"{package} {version}" for package, version in meta.versions.items()),
    }


def _claims(meta: Meta) -> str:
    """Say how many findings were graded, and how many of the accusations may be false."""
    return (
        f"{meta.claims} graded by an estimate; of the warnings and problems among them {meta.false_alarms:.2g} may be "
        "expected to be false, at most (false discovery rate 5 %)"
    )


def seconds(sections: Iterable[Section], meta: Meta) -> dict[str, float]:
    """Return what the time was spent on: the codes and their response matrix, then every question."""
    return {"Codes and responses": meta.preparing} | {section.title: section.seconds for section in sections}


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
