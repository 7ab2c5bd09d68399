import torch

from latentassay.truth.plants.clean import identity, noisy_optimum, onnx_files, pca
from latentassay.truth.vectors import vector_world


def test_the_noisy_optimum_shrinks_what_it_reads():
    found = noisy_optimum(0)
    strength = found.known["units.strength"]
    assert 0.6 < strength < 0.97


def test_pca_keeps_what_its_components_hold():
    found = pca(2)
    again = found.model.decode(found.model.encode(found.data).mean)
    assert float((again - found.data).square().sum() / (found.data - found.data.mean(0)).square().sum()) < 0.2


def test_the_identity_hands_on():
    found = identity(0)
    assert torch.equal(found.model.decode(found.model.encode(found.data).mean), found.data)


def test_onnx_files_read_and_write_as_the_world_does():
    found, world = onnx_files(1), vector_world(1, warped=False)
    assert torch.allclose(found.model.encode(found.data[:9]).mean, world.encode(found.data[:9])[0], atol=1e-3)
    z = torch.randn(9, world.units)
    assert torch.allclose(found.model.decode(z), world.decode(z), atol=1e-3 * float(found.data.abs().max()))
