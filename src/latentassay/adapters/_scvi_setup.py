"""What an scvi-tools model is asked under: counts that are counts, a library size, and covariates held fixed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from latentassay.core.errors import ContractError, InputError
from latentassay.core.progress import track

ROWS = 4096


class Conditions(NamedTuple):
    """Everything but the latents that decides what is decoded.

    Attributes:
        batch: code of the batch.
        categories: codes of the categorical covariates, in the order of the model.
        numbers: values of the continuous covariates, likewise.
        size: library size, or size factor where the model was set up with one.
        covariates: column of ``obs`` → the value it is held at.
    """

    batch: int
    categories: tuple[int, ...]
    numbers: tuple[float, ...]
    size: float
    covariates: dict[str, Any]


def read_conditions(model: Any, covariates: Any, library: Any) -> Conditions:
    """Read what was stated; for the rest, what is commonest or in the middle in the model's own AnnData.

    Raises:
        ContractError: the model has no data behind it.
        InputError: they are no counts, or a column, a value or the library size is not known.
    """
    manager = _manager(model)
    stated = dict(_mapping(covariates))
    size = _size(model, manager, library)
    batch = _batch(manager, stated)
    categories, numbers = _categories(manager, stated), _numbers(manager, stated)
    if stated:
        known = [*batch, *categories, *numbers]
        raise InputError(
            f"the model was set up without {', '.join(map(str, stated))}; "
            f"its covariates are {', '.join(known) or 'none'}"
        )
    code = next((code for code, _ in batch.values()), 0)
    codes = tuple(code for code, _ in categories.values())
    values = tuple(number for number, _ in numbers.values())
    held = {column: value for column, (_, value) in {**batch, **categories, **numbers}.items()}
    return Conditions(code, codes, values, size, held)


def _manager(model: Any) -> Any:
    if getattr(model, "adata", None) is None:
        raise ContractError(
            "the model has no AnnData, which says its covariates and library sizes; load it with its data: "
            "scvi.model.SCVI.load(folder, adata=adata)"
        )
    return model.adata_manager


def _mapping(covariates: Any) -> Mapping[str, Any]:
    if covariates is None:
        return {}
    if not isinstance(covariates, Mapping):
        raise InputError(f'covariates must say columns and values, such as {{"donor": "d1"}}, got {covariates!r}')
    return covariates


def _size(model: Any, manager: Any, library: Any) -> float:
    """The stated size, or the median of the model's cells; looking at every count on the way."""
    sums = _library_sizes(manager, signed=model.module.gene_likelihood == "normal")
    if library is not None:
        if isinstance(library, bool) or not isinstance(library, int | float) or not 0 < library < float("inf"):
            raise InputError(f"library must be a positive number of counts, got {library!r}")
        return float(library)
    if model.module.use_size_factor_key:
        sums = np.asarray(manager.get_from_registry("size_factor"), dtype=np.float64)
    median = float(np.median(sums))
    if not median > 0:
        raise InputError(f"the median library size of the model's cells is {median:g}; say library=")
    return median


def _library_sizes(manager: Any, *, signed: bool) -> np.ndarray:
    matrix = manager.get_from_registry("X")
    return np.concatenate(
        [_sums(block, signed) for block in track(_blocks(matrix), "counts", -(-_rows(matrix) // ROWS))]
    )


def _rows(matrix: Any) -> int:
    """Rows of a matrix, sparse ones included."""
    return int(matrix.shape[0])


def _blocks(matrix: Any) -> Iterator[Any]:
    for start in range(0, _rows(matrix), ROWS):
        yield matrix[start : start + ROWS]


def _sums(block: Any, signed: bool) -> np.ndarray:
    values = np.asarray(getattr(block, "data", block) if hasattr(block, "nnz") else block)
    wrong = values[~(np.isfinite(values) if signed else (values >= 0) & (values == np.floor(values)))]
    if wrong.size:
        raise InputError(
            f"the model's AnnData holds no counts (a value of {wrong[0]:.4g}, as after normalising or a logarithm); "
            "set it up on counts, scvi.model.SCVI.setup_anndata(adata, layer='counts'), and train it again"
        )
    return np.asarray(block.sum(1), dtype=np.float64).ravel()


def _batch(manager: Any, stated: dict[str, Any]) -> dict[str, tuple[int, Any]]:
    state = manager.get_state_registry("batch")
    names = list(state.categorical_mapping)
    if len(names) < 2 and state.original_key not in stated:
        return {}
    return {state.original_key: _category(state.original_key, names, manager.get_from_registry("batch"), stated)}


def _categories(manager: Any, stated: dict[str, Any]) -> dict[str, tuple[int, Any]]:
    if "extra_categorical_covs" not in manager.data_registry:
        return {}
    state, codes = (
        manager.get_state_registry("extra_categorical_covs"),
        manager.get_from_registry("extra_categorical_covs"),
    )
    return {
        column: _category(column, list(state.mappings[column]), codes[column].to_numpy(), stated)
        for column in state.field_keys
    }


def _category(column: str, names: Sequence[Any], codes: Any, stated: dict[str, Any]) -> tuple[int, Any]:
    if column not in stated:
        code = int(np.bincount(np.asarray(codes, dtype=np.int64).ravel()).argmax())
        return code, names[code]
    value = stated.pop(column)
    for code, name in enumerate(names):
        if str(name) == str(value):
            return code, name
    raise InputError(f"{column} has no {value!r}, only {', '.join(map(str, names))}")


def _numbers(manager: Any, stated: dict[str, Any]) -> dict[str, tuple[float, float]]:
    if "extra_continuous_covs" not in manager.data_registry:
        return {}
    columns = [str(name) for name in manager.get_state_registry("extra_continuous_covs").columns]
    values = manager.get_from_registry("extra_continuous_covs")
    found = {}
    for column in columns:
        value = stated.pop(column, None)
        number = float(np.median(values[column])) if value is None else _number(column, value)
        found[column] = (number, number)
    return found


def _number(column: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"{column} must be held at a finite number, got {value!r}")
    return float(value)
