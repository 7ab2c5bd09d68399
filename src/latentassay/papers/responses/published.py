"""The values that LR prints in its tables 1, 2 and 3, as they stand in the text."""

from typing import NamedTuple

BETAS = (1, 2, 4, 8)


class Disentanglement(NamedTuple):
    """One row of table 1."""

    cds: float
    dci: float
    irs: float
    mig: float


class Arm(NamedTuple):
    """One row of table 3; the structure score is printed × 100."""

    structure: float
    cds: float
    dci: float
    irs: float
    mig: float


TABLE_1 = {
    (1, 12): Disentanglement(0.44, 0.3, 0.44, 0.07),
    (2, 12): Disentanglement(0.49, 0.36, 0.46, 0.09),
    (4, 12): Disentanglement(0.58, 0.46, 0.51, 0.16),
    (8, 12): Disentanglement(0.71, 0.66, 0.63, 0.21),
    (1, 24): Disentanglement(0.52, 0.49, 0.48, 0.09),
    (2, 24): Disentanglement(0.61, 0.58, 0.52, 0.15),
    (4, 24): Disentanglement(0.72, 0.67, 0.57, 0.17),
    (8, 24): Disentanglement(0.78, 0.73, 0.64, 0.2),
}
"""(β, d) → scores on 3D Shapes, means of two seeds."""

TABLE_2 = {
    "MNIST": {1: (4.9, 1.3), 2: (1.6, 0.6), 4: (0.7, 0.4), 8: (0.5, 0.2)},
    "Fashion-MNIST": {1: (1.5, 0.7), 2: (1.1, 0.3), 4: (1.1, 0.4), 8: (0.9, 0.1)},
    "3D Shapes": {1: (36.0, 2.0), 2: (33.0, 3.0), 4: (32.0, 1.0), 8: (23.0, 9.0)},
    "MPI3D toy": {1: (3.1, 1.4), 2: (0.8, 0.4), 4: (0.15, 0.04), 8: (0.05, 0.02)},
    "MPI3D real": {1: (8.0, 2.0), 2: (2.9, 0.2), 4: (2.0, 1.0), 8: (0.4, 0.3)},
}
"""Data set → β → structure score × 1000 and the half-width of its 95 % interval, from three seeds."""

TABLE_3 = {
    "MPI3D toy": {
        1: Arm(7.81, 0.69, 0.33, 0.58, 0.32),
        2: Arm(17.66, 0.86, 0.17, 0.59, 0.14),
        4: Arm(17.38, 0.66, 0.11, 0.61, 0.05),
        8: Arm(23.63, 1.0, 0.13, 0.79, 0.1),
    },
    "MPI3D real": {
        1: Arm(4.36, 0.61, 0.24, 0.51, 0.07),
        2: Arm(10.13, 0.69, 0.26, 0.72, 0.24),
        4: Arm(17.5, 0.4, 0.09, 0.75, 0.04),
        8: Arm(17.85, 0.7, 0.08, 0.71, 0.04),
    },
}
"""Data set → β → scores; the caption says structure score × 100."""
