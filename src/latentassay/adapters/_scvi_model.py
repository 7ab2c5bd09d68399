"""A model of scvi-tools behind the door, asked at fixed covariates and one library size."""

import math
from typing import Any

import torch
from torch import Tensor

from latentassay.adapters._pictures import expect_latents
from latentassay.adapters._scvi_setup import Conditions
from latentassay.core.errors import InputError
from latentassay.core.posteriors import DiagonalGaussian, Posterior, Prior


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
        conditions = self._conditions(x)
        # scvi-tools draws a sample beside every posterior, and from the global random state.
        with torch.random.fork_rng(devices=[] if x.device.type == "cpu" else [x.device]):
            q = self._module.inference(x=x, **conditions)["qz"]
        return DiagonalGaussian(q.loc, q.scale)

    def decode(self, z: Tensor) -> Tensor:
        """Return the mean counts ``(n, genes)`` at the fixed library size, zero inflation included."""
        expect_latents(z, self.latent_shape)
        size = z.new_full((len(z), 1), self._size)
        labels = torch.zeros(len(z), 1, dtype=torch.long, device=z.device)  # they decide on dispersions, not on means
        inner = self._module.z_encoder.z_transformation(z)
        answer = self._module.generative(z=inner, library=size, size_factor=size, y=labels, **self._conditions(z))
        mean: Tensor = answer["px"].mean
        return mean

    def _conditions(self, like: Tensor) -> dict[str, Tensor | None]:
        codes = self._codes.to(like.device).expand(len(like), -1)
        numbers = self._numbers.to(like).expand(len(like), -1)
        return {
            "batch_index": codes[:, :1],
            "cat_covs": codes[:, 1:] if codes.shape[1] > 1 else None,
            "cont_covs": numbers if numbers.shape[1] else None,
        }
