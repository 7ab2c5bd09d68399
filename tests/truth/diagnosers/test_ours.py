import torch

import latentassay as la
from latentassay.core.findings import Finding
from latentassay.truth.diagnosers.ours import accuses, diagnose


def test_what_is_good_unsure_or_only_told_accuses_of_nothing():
    assert accuses(Finding("holes", "…", "problem"))
    assert not any(accuses(Finding("holes", "…", level)) for level in ("good", "note", "unsure"))
    assert accuses(Finding("units.dead", "…", "note"))


def test_the_identity_is_accused_of_nothing():
    x = torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
    assert diagnose(la.from_torch(lambda x: x, lambda z: z, latent_shape=(3,)), x, samples=64) == set()
