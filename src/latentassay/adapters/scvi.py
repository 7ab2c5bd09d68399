"""scvi-tools' ``SCVI`` and ``LinearSCVI``: counts in, the mean of the counts' likelihood out."""

import math
from typing import Any

import torch
from torch import Tensor

from latentassay.adapters.images import as_prior, expect_latents, expect_weights
from latentassay.adapters.saved import expect_model
from latentassay.adapters.scvi_setup import Conditions, read_conditions
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, Posterior, Prior

CLASSES = ("SCVI", "LinearSCVI")


class ScviModel:
    """An scvi-tools model behind the door; made by ``from_scvi``.

    Attributes:
        adapter: framework and class.
        space: in which latent space it works, in one clause.
        value_range: ``None``; counts go in as floats.
        x_shape: the genes.
        library: the library size (or size factor) that everything is decoded at.
        covariates: column of ``obs`` → the value it is held at.
    """

    value_range = None

    def __init__(self, module: Any, kind: str, prior: Prior | None, conditions: Conditions):
        self._module, self._size = module, math.log(conditions.size)
        self._codes = torch.tensor([[conditions.batch, *conditions.categories]])
        self._numbers = torch.tensor([conditions.numbers])
        self.adapter, self.space = f"scvi-tools {kind}", "native latents"
        if module.latent_distribution == "ln":
            self.space = "native latents, before the softmax of the logistic normal"
        self.x_shape, self.latent_shape, self.prior = (int(module.n_input),), (int(module.n_latent),), prior
        self.library, self.covariates = conditions.size, dict(conditions.covariates)
        self.torch_modules = (module,)

    def encode(self, x: Tensor) -> Posterior:
        """Return q(z | counts) for counts ``(n, genes)``, as floats; means of counts will do."""
        if tuple(x.shape[1:]) != self.x_shape:
            raise InputError(
                f"this model takes counts (n, {self.x_shape[0]}), one column per gene in the order of its AnnData, "
                f"got {tuple(x.shape)}"
            )
        given = self._given(x)
        # scvi-tools draws a sample beside every posterior, and from the global random state.
        with torch.random.fork_rng(devices=[] if x.device.type == "cpu" else [x.device]):
            q = self._module.inference(x=x, **given)["qz"]
        return DiagonalGaussian(q.loc, q.scale)

    def decode(self, z: Tensor) -> Tensor:
        """Return the mean counts ``(n, genes)`` at the fixed library size, zero inflation included."""
        expect_latents(z, self.latent_shape)
        size = z.new_full((len(z), 1), self._size)
        labels = torch.zeros(len(z), 1, dtype=torch.long, device=z.device)  # they decide on dispersions, not on means
        inner = self._module.z_encoder.z_transformation(z)
        answer = self._module.generative(z=inner, library=size, size_factor=size, y=labels, **self._given(z))
        mean: Tensor = answer["px"].mean
        return mean

    def _given(self, beside: Tensor) -> dict[str, Tensor | None]:
        codes = self._codes.to(beside.device).expand(len(beside), -1)
        numbers = self._numbers.to(beside).expand(len(beside), -1)
        return {
            "batch_index": codes[:, :1],
            "cat_covs": codes[:, 1:] if codes.shape[1] > 1 else None,
            "cont_covs": numbers if numbers.shape[1] else None,
        }


def from_scvi(model: Any, *, covariates: Any = None, library: Any = None, prior: Any = "normal") -> ScviModel:
    """Bring a trained ``SCVI`` or ``LinearSCVI`` behind the door.

    ``encode`` gives q(z | counts), ``decode`` the mean of the counts' likelihood, μ, or (1 − π) μ where zeros are
    inflated, both at covariates and a library size that are fixed here: what varies afterwards are the latents alone.

    Args:
        model: the model with its AnnData, not the folder it is saved in, which holds a pickle.
        covariates: column of ``obs`` → value for the batch and other covariates, such as ``{"donor": "d1"}``; those
            left out are held at their commonest category or their median.
        library: counts per cell to decode at; where left out, the median of the model's cells. For a model that was
            set up with ``size_factor_key``, the size factor.
        prior: ``"normal"`` for N(0, I), what these models are trained with; another ``Prior``, or ``None``.

    Raises:
        ContractError: another class, not trained, without its data, or with data that were minified.
        InputError: no counts, or an argument that is not of its kind.
        FileError: a path was given.
    """
    expect_model(model, "scvi.model.SCVI.load({}, adata=adata)")
    kind = _kind(model)
    if not model.is_trained:
        raise ContractError(f"{kind} is not trained; call model.train() first")
    if model.minified_data_type is not None:
        raise ContractError(
            f"{kind} holds minified data, without the counts; load it with the full data: "
            f"scvi.model.{kind}.load(folder, adata=adata)"
        )
    expect_weights(model.module, kind)
    conditions = read_conditions(model, covariates, library)
    return ScviModel(model.module, kind, as_prior(prior, (int(model.module.n_latent),)), conditions)


def _kind(model: Any) -> str:
    """Name the class without importing scvi-tools: if the model is one of its, that has happened."""
    for base in type(model).__mro__:
        if base.__module__.startswith("scvi.") and base.__name__ in CLASSES:
            return base.__name__
    raise ContractError(
        f"{type(model).__name__} is none of scvi-tools' {', '.join(CLASSES)}; wrap its networks with "
        "la.from_torch(encode, decode, latent_shape=...)"
    )
