"""``explore``: one HTML file in which a model's latent space is moved by hand."""

from pathlib import Path
from typing import Any

import torch

from latentassay.adapters._whole import as_autoencoder
from latentassay.assay import Assay, assay
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import as_observations, fit_layout
from latentassay.core.storage import write_whole
from latentassay.core.text import printable
from latentassay.explore.contents import Contents, collect
from latentassay.explore.library import Library, make_library
from latentassay.explore.network import Networks, export_networks

QUESTIONS = ("units", "graph", "holes")
"""What the page shows of an assay."""

LARGEST = 5_200_000
"""Bytes of weights of a page; in its text they take a third more."""

TRIED = 4
"""Codes that the page's networks are tried on before they are trusted."""


def explore(
    model: Any,
    data: Any,
    *,
    result: Assay | None = None,
    path: str | Path | None = None,
    name: str | None = None,
    samples: int = 512,
    seed: int = 0,
    budget: float = 30.0,
) -> str:
    """Return a page on which sliders, clicks and walks move a latent, and the browser decodes it at once.

    Models whose operations the page does not know, that leave torch, or whose weights are too large for it are decoded
    beforehand, at up to 1200 latents; the page shows the nearest and says why.

    Args:
        model: any autoencoder, as ``la.assay`` takes it, or what ``la.assay`` returned of one.
        data: observations it was not trained on.
        result: its assay, whose states of units and holes are shown; what is needed is assayed where left out.
        path: also write the page there.
        name: what the page calls the model.
        samples: rows and latents of the assay, where it is made here.
        seed: of everything drawn.
        budget: seconds, about, that the assay may take, and half as many for the walks.

    Raises:
        InputError: data that cannot be used; a result without its model, as it was read from a file.
        ContractError: a model that breaks the contract of the door.
    """
    from latentassay.explore.page import render  # templates, which no other part of the package waits for

    model, result = _model_of(model, result)
    observations = as_observations(data)
    whole = as_autoencoder(model, observations)
    observations = fit_layout(whole.model, observations)
    found = result or assay(
        whole.model,
        observations,
        questions=QUESTIONS,
        samples=samples,
        seed=seed,
        budget=budget,
        name=name or whole.name,
    )
    contents = collect(whole.model, observations, found, seed=seed, budget=budget / 2)
    shape = tuple(whole.model.latent_shape)
    page = render(
        contents,
        _networks_or_library(whole.model, contents, budget=budget / 2),
        title=printable(name or found.meta.model),
        subject=f"{found.meta.data}: {found.summary}",
        shapes={"xShape": list(observations.x_shape), "latentShape": list(shape)},
    )
    if path is not None:
        write_whole(Path(path), page.encode())
    return page


def _model_of(model: Any, result: Assay | None) -> tuple[Any, Assay | None]:
    """Return the model and its assay, where either was given."""
    if not isinstance(model, Assay):
        return model, result
    if model.model is None:
        raise InputError(
            "this assay was read from a file, which holds no model; say la.explore(model, data, result=result)"
        )
    return model.model, model


def _networks_or_library(model: Autoencoder, contents: Contents, *, budget: float) -> Networks | Library:
    """Networks that the page can run, or decodings made beforehand and why."""
    z = torch.from_numpy(contents.sample_codes[:TRIED]).view(-1, *model.latent_shape)
    try:
        networks = export_networks(model, z)
    except ContractError as error:
        return make_library(model, contents, reason=str(error), budget=budget)
    size = len(networks.packed.payload)
    if size <= LARGEST:
        return networks
    reason = f"its weights take {size / 1e6:.1f} MB, and a page holds {LARGEST / 1e6:.1f} MB of them"
    return make_library(model, contents, reason=reason, budget=budget)
