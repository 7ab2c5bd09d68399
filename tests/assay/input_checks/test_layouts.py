"""Whether a mapping that moves values is believed is for the decoder alone to say."""

import pytest
import torch

import latentassay as la
from latentassay.assay.input_checks.layouts import check_layout, other_layout
from latentassay.assay.input_checks.ranges import value_range
from latentassay.truth.plants import plant


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
    x = turned(stripes(64)).contiguous()
    found = value_range(along(keep, keep), x)
    mapping = other_layout(found, (1, 8, 8))
    assert mapping.name == "transposed" and found.level == "problem"
    drawn = along(keep, keep).decode(torch.rand(64, 1, 8, generator=torch.Generator().manual_seed(1)))
    assert check_layout(found, mapping, x, drawn) is found


def test_a_mapping_that_the_decoder_denies_is_withdrawn():
    """The same words, but the decoder draws stripes as they lie in the data: the fault is the encoder's."""
    x = stripes(64)
    found = value_range(along(keep, keep), turned(x).contiguous())
    denied = check_layout(found, other_layout(found, (1, 8, 8)), x, stripes(64, seed=1))
    assert (denied.level, denied.expects) == ("note", "as given") and "layout" in denied.sentences[0]


def test_a_mapping_of_values_is_no_layout():
    model = la.from_torch(lambda x: x.clamp(-1, 0), lambda z: z, latent_shape=(1, 8, 8))
    assert other_layout(value_range(model, stripes(64)), (1, 8, 8)) is None


@pytest.mark.parametrize("seed", [8, 18])
def test_a_leak_that_a_turn_of_the_picture_hides_is_not_blamed_on_the_picture(seed):
    found = plant("leaking channel", 3, seed)
    assert value_range(found.model, found.data).best == "transposed"
    result = la.assay(found.model, found.data, samples=256, questions=["input_checks", "graph"])
    named = {finding.key: finding for finding in result.findings}
    assert named["input_checks.range"].level in ("note", "unsure") and named["graph.one_way"].level == "warning"
