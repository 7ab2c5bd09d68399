"""Whether a mapping that moves values is believed is for the decoder alone to say."""

import pytest
import torch

import latentassay as la
from latentassay.assay.input_checks.layouts import check_layout, expects_layout
from latentassay.assay.input_checks.ranges import value_range


def stripes(n, seed=0):
    """Pictures of horizontal stripes of any brightness each, hardly any vertical ones."""
    g = torch.Generator().manual_seed(seed)
    rows, columns = torch.rand(n, 1, 8, 1, generator=g), 0.1 * torch.rand(n, 1, 1, 8, generator=g)
    return (rows + columns).expand(n, 1, 8, 8).contiguous() / 1.1


def along(turn, encoder_turn):
    """A model of stripes: its latents are the mean of every row of pictures, which it takes turned or not."""
    return la.from_torch(
        lambda x: encoder_turn(x).mean(3), lambda z: turn(z[..., None].expand(*z.shape, 8)), latent_shape=(1, 8)
    )


def keep(x):
    return x


def turned(x):
    return x.transpose(-2, -1)


def test_a_model_of_turned_pictures_is_named():
    x = stripes(64)
    found = value_range(along(keep, keep), turned(x).contiguous())
    assert found.best == "transposed" and found.level == "problem" and expects_layout(found)
    drawn = along(keep, keep).decode(torch.rand(64, 1, 8, generator=torch.Generator().manual_seed(1)))
    assert check_layout(found, turned(x), drawn) is found


@pytest.mark.parametrize("best", ["transposed"])
def test_a_mapping_that_the_decoder_denies_is_withdrawn(best):
    """The same words, but the decoder draws stripes as they lie in the data: the fault is the encoder's."""
    x = stripes(64)
    found = value_range(along(keep, keep), turned(x).contiguous())
    denied = check_layout(found, x, stripes(64, seed=1))
    assert (denied.level, denied.expects) == ("note", "as given") and "layout" in denied.sentences[0]
