"""What the bench leaves out, and which faults are known, each with its reason."""

from fnmatch import fnmatch

_FILES = "reads files of a known size and hash, or fetches them: tests/data try damaged ones"
_TRAINS = "trains for seconds; its arguments are those of fit, which is asked"
_FOREIGN = "takes a model of a framework that need not be installed: tests/adapters ask it with bad ones"
_DOOR = "a door to files: asked in the axis of hostile files"
_PAGE = "makes a page in seconds of what assay and the readers answer, which are asked; tests/explore try it"
_RECORDS = "takes records of this package alone, no arrays"

_NAMES: dict[str, str] = {
    _FILES: """
        data.cars3d data.celeba data.dsprites_official data.fashion_mnist data.fetch data.mnist data.mpi3d
        data.rfd data.shapes3d_official data.smallnorb features.load
    """,
    _TRAINS: """
        extrapolate perturb suggest_beta training.fit_many
    """,
    _FOREIGN: """
        from_diffusers from_monai from_pythae from_scvi
    """,
    _DOOR: """
        from_onnx load_run perturbation.load_perturbed perturbation.manipulation perturbation.remake
        uniform_noise
    """,
    _PAGE: """
        explore
    """,
    _RECORDS: """
        evaluation.pictures.explain_missing evaluation.pictures.pictures metrics.metric
    """,
}
"""Why a public function is not asked with bad arrays and models → the names of those."""

LEFT_OUT: dict[str, str] = {name: why for why, names in _NAMES.items() for name in names.split()}
"""Public name of a function that is not asked with bad arrays and models → why."""

CHANGED: dict[str, tuple[str, ...]] = {"fit": ("model",)}
"""Public name of a function → arguments that it is there to change."""

NOT_SPOILT: dict[str, str] = {
    "plots.*": "draws arrays that were measured before, in which each function checks shapes and what is finite, and "
    "calls of valid ones are made; other kinds of arrays fail with numpy's or matplotlib's words",
    "evaluation.pictures.check_range": "takes tensors that this package made or checked before",
    "sampling.beside": "takes a generator of torch alone",
}
"""Functions that are asked with valid arguments alone, with ``*`` for any name → why."""

NOT_REPEATED: dict[tuple[str, str], str] = {
    ("sampling.blocks", "*"): "its answer is how rows are cut into blocks",
    ("fit", "batch size *"): "the batch is part of what is trained",
    ("training.train_classifier", "batch size *"): "the batch is part of what is trained",
    ("training.train_classifier", "two threads"): "as fit",
    ("fit", "two threads"): "Adam divides gradients by their size, so that rounding of one near 0 becomes a step",
}
"""Function and way to ask again, with ``*`` for any, in which its answer is another by what it does → why."""

KNOWN: dict[tuple[str, str, str], str] = {
    ("*", "global chance", "state"): "the model draws from the global generators, in its own code",
    ("*", "changes its mode", "state"): "the model switches its own dropout on, which draws from the global generator",
}
"""Function, case and verdict, with ``*`` for any → why it is no fault of ours, or one that still stands."""


def is_spoilt(function: str) -> bool:
    """Whether the arguments of a function are spoilt.

    >>> is_spoilt("respond"), is_spoilt("plots.strips")
    (True, False)
    """
    return not any(fnmatch(function, name) for name in NOT_SPOILT)


def is_repeated(function: str, case: str) -> bool:
    """Whether a function must give the same answer asked again in this way.

    >>> is_repeated("fit", "same seed"), is_repeated("fit", "batch size 7")
    (True, False)
    """
    return not any(all(map(fnmatch, (function, case), key)) for key in NOT_REPEATED)


def find_known(function: str, case: str, verdict: str) -> str | None:
    """Return the reason that is known for a fault, if there is one.

    >>> find_known("respond", "global chance", "state")
    'the model draws from the global generators, in its own code'
    """
    facts = (function, case, verdict)
    return next((why for key, why in KNOWN.items() if all(map(fnmatch, facts, key))), None)
