"""What the bench leaves out, and which faults are known, each with its reason."""

from fnmatch import fnmatch

_FILES = "reads files of a known size and hash, or fetches them: tests/data try damaged ones"
_PLOT = "draws arrays that others measured, of shapes that its documentation shows: docs/plots/examples.py is its test"
_TRAINS = "trains for seconds; its arguments are those of fit, which is asked"
_FOREIGN = "takes a model of a framework that need not be installed: tests/adapters ask it with bad ones"
_DOOR = "a door to files: asked in the axis of hostile files"
_RECORDS = "takes records of this package alone, no arrays"

_NAMES: dict[str, str] = {
    _FILES: """
        data.cars3d data.celeba data.dsprites_official data.fashion_mnist data.fetch data.mnist data.mpi3d
        data.rfd data.shapes3d_official data.smallnorb features.load
    """,
    _PLOT: """
        plots.adjacency plots.channel_maps plots.channel_relations plots.channel_scales plots.code_use
        plots.double_intervention plots.equivariance_matrix plots.error_histogram plots.error_shares
        plots.factor_maps plots.field_arrows plots.field_maps plots.full_matrix plots.half_plane
        plots.hierarchy_panels plots.hybridisation plots.information_map plots.invariance_matrix
        plots.kernel_maps plots.move_bars plots.noise_costs plots.path_map plots.path_strips
        plots.place_maps plots.quantile_lines plots.reconstruction_pairs plots.response_distances
        plots.response_graph plots.response_matrix plots.score_dots plots.self_consistency_bars
        plots.spectra plots.strips plots.traversal_errors plots.traversals plots.unit_bars plots.unit_ledger
        plots.volume_map plots.ways
    """,
    _TRAINS: """
        extrapolate perturb suggest_beta training.fit_many training.train_classifier
    """,
    _FOREIGN: """
        from_diffusers from_monai from_pythae from_scvi from_sklearn
    """,
    _DOOR: """
        from_onnx load_run perturbation.load_perturbed perturbation.manipulation perturbation.remake
        uniform_noise
    """,
    _RECORDS: """
        evaluation.pictures.check_range evaluation.pictures.explain_missing evaluation.pictures.pictures
        metrics.join_panels metrics.metric perturbation.most_and_least report.figures report.render
        sampling.beside
    """,
}
"""Why a public function is not asked with bad arrays and models → the names of those."""

LEFT_OUT: dict[str, str] = {name: why for why, names in _NAMES.items() for name in names.split()}
"""Public name of a function that is not asked with bad arrays and models → why."""

CHANGED: dict[str, tuple[str, ...]] = {"fit": ("model",)}
"""Public name of a function → arguments that it is there to change."""

NOT_REPEATED: dict[tuple[str, str], str] = {
    ("sampling.blocks", "*"): "its answer is how rows are cut into blocks",
    ("fit", "batch size *"): "the batch is part of what is trained",
    ("fit", "two threads"): "Adam divides gradients by their size, so that rounding of one near 0 becomes a step",
}
"""Function and way to ask again, with ``*`` for any, in which its answer is another by what it does → why."""

KNOWN: dict[tuple[str, str, str], str] = {
    ("*", "global chance", "state"): "the model draws from the global generators, in its own code",
    ("*", "changes its mode", "state"): "the model switches its own dropout on, which draws from the global generator",
}
"""Function, case and verdict, with ``*`` for any → why it is no fault of ours, or one that still stands."""


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
