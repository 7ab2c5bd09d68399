"""scvi-tools' ``SCVI`` and ``LinearSCVI``: counts in, the mean of the counts' likelihood out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentassay.adapters._adapter import Adapter, Example, call, class_of
from latentassay.adapters._paths import as_path
from latentassay.core.errors import ContractError

if TYPE_CHECKING:
    from latentassay.adapters._scvi_model import ScviModel

CLASSES = ("SCVI", "LinearSCVI")


def from_scvi(model: Any, *, covariates: Any = None, library: Any = None, prior: Any = "normal") -> "ScviModel":
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
    from latentassay.adapters._pictures import as_prior, expect_weights
    from latentassay.adapters._scvi_files import refuse
    from latentassay.adapters._scvi_model import ScviModel
    from latentassay.adapters._scvi_setup import read_conditions

    if isinstance(model, str | Path):
        refuse(Path(model))
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
    for name in class_of(model, "scvi"):
        if name in CLASSES:
            return name
    raise ContractError(
        f"{type(model).__name__} is none of scvi-tools' {', '.join(CLASSES)}; wrap its networks with "
        "la.from_torch(encode, decode, latent_shape=...)"
    )


def _takes(model: Any) -> tuple[Any, ...] | None:
    """Others keep a config beside a pickle of that name."""
    path = as_path(model)
    return (path,) if path and (path / "model.pt").is_file() and not list(path.glob("*config.json")) else None


def _open(folder: str, *, trust: bool, adata: Any = None, **options: Any) -> "ScviModel":
    from latentassay.adapters._scvi_files import load_folder, refuse

    path = Path(folder).expanduser()
    if not trust:
        refuse(path)
    opened: ScviModel = call(from_scvi, load_folder(path, CLASSES, adata), **options)
    return opened


def _example() -> Example:
    import anndata
    import numpy as np
    import scvi
    import torch

    counts = np.random.default_rng(0).poisson(3.0, (64, 12)).astype(np.float32)
    cells = anndata.AnnData(counts)
    scvi.model.SCVI.setup_anndata(cells)
    model = scvi.model.SCVI(cells, n_hidden=8, n_latent=3)
    model.train(1, accelerator="cpu", enable_progress_bar=False, logger=False, batch_size=32)
    return Example(model, {}, torch.from_numpy(counts[:6]))


ADAPTER = Adapter(
    name="scvi",
    packages=("scvi",),
    takes=_takes,
    wraps=from_scvi,
    opens=_open,
    form="FOLDER",
    holds="model.pt and adata.h5ad, of model.save(folder, save_anndata=True); a pickle, so only with --trust",
    example=_example,
)
