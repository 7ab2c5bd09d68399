"""Principal directions of codes answer as the subspace that the model keeps says, however the units lie in it."""

import pytest
import torch

import latentassay as la
from latentassay.assay.principal import Rotated, answering_directions


def projection(kept, d=20):
    basis = torch.linalg.qr(torch.randn(d, kept, generator=torch.Generator().manual_seed(0)))[0]
    return la.from_torch(lambda v: v @ basis.T, lambda z: z @ basis, latent_shape=(d,)), basis


@pytest.mark.parametrize("kept", [1, 3, 8])
def test_as_many_directions_answer_as_the_model_keeps(kept):
    model, basis = projection(kept)
    means = torch.randn(256, kept, generator=torch.Generator().manual_seed(1)) @ basis.T
    count = answering_directions(
        model, means, passes=100_000, generator=torch.Generator().manual_seed(2), batch_size=64
    )
    assert count == kept == count.low == count.high


def test_codes_that_do_not_vary_have_no_directions():
    model, _ = projection(3)
    assert (
        answering_directions(model, torch.ones(64, 20), passes=100_000, generator=torch.Generator(), batch_size=64)
        is None
    )


def test_a_rotated_model_is_the_model_in_other_coordinates():
    model, basis = projection(3)
    rotated = Rotated(model, torch.zeros(20, dtype=torch.float64), basis.T.double())
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))
    assert rotated.latent_shape == (3,)
    torch.testing.assert_close(rotated.decode(rotated.encode(x).mean), model.decode(model.encode(x).mean))
    la.check_autoencoder(rotated, x)


def test_where_passes_are_few_fewer_directions_are_asked_about_or_none():
    model, means = Counted(), torch.randn(300, 12, generator=torch.Generator().manual_seed(0))
    for passes, most in ((64 * 5, 4), (64 * 2, 0)):
        model.rows = 0
        found = answering_directions(model, means, passes=passes, generator=torch.Generator(), batch_size=64)
        assert (found is None) == (most == 0) and (found or 0) <= most and model.rows <= passes


class Counted:
    """The identity, which counts what it decodes."""

    latent_shape, prior, rows = (12,), None, 0

    def encode(self, x):
        return la.Point(x)

    def decode(self, z):
        self.rows += len(z)
        return z
