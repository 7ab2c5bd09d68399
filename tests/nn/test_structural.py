"""Structural decoders and the skeleton around them."""

import pytest
import torch

from latentassay import models
from latentassay.core.errors import InputError
from latentassay.nn.skeleton import Skeleton, skeleton_coders, structural_coders
from latentassay.nn.structural import StrTfm, StructuralDecoder, segments

SMALL = Skeleton(depth=4, pools=2, filters=8, head=(16, 12))


def test_a_transform_is_one_affine_map_for_every_pixel():
    layer, features, u = StrTfm(2, 3), torch.randn(4, 3, 5, 5), torch.randn(4, 2)
    torch.nn.init.normal_(layer.net[-1].weight)
    log_scale, shift = layer.net(u).chunk(2, 1)
    for n in range(4):
        for c in range(3):
            expected = features[n, c] * log_scale[n, c].exp() + shift[n, c]
            torch.testing.assert_close(layer(features, u)[n, c], expected)


@pytest.mark.parametrize("name", ["sae-s", "xsae-s", "sae-standard"])
def test_nothing_depends_on_the_latent_at_first_and_everything_after_a_step(name):
    model = models.build(name, x_shape=(1, 12, 12)).eval()
    z = torch.randn(2, 8, *model.latent_shape)
    torch.testing.assert_close(model.decode(z[0]), model.decode(z[1]), rtol=0, atol=1e-7)
    x, optimizer = torch.rand(8, 1, 12, 12), torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(2):
        optimizer.zero_grad()
        (model.decode(model.encode(x).mean) - x).square().sum().backward()
        optimizer.step()
    decoder = (model.body if name.startswith("x") else model).decoder
    for transform in decoder.transforms:
        assert transform.net[-1].weight.abs().sum() > 0


def test_every_latent_enters_at_its_own_layer():
    """A latent reaches no feature before its layer; the order is that of the latent."""
    decoder = structural_coders((1, 8, 8), 4, 4, skeleton=SMALL).decoder.eval()
    for transform in decoder.transforms:
        torch.nn.init.normal_(transform.net[-1].weight)
    z = torch.randn(1, 4)
    for changed in range(4):
        other = z.clone()
        other[0, changed] += 1
        before = [None] * 4

        def keep(index, into):
            return lambda module, args: into.__setitem__(index, args[0].clone())

        seen = []
        for latent in (z, other):
            inputs = list(before)
            hooks = [t.register_forward_pre_hook(keep(i, inputs)) for i, t in enumerate(decoder.transforms)]
            decoder(latent)
            for hook in hooks:
                hook.remove()
            seen.append(inputs)
        same = [torch.equal(a, b) for a, b in zip(*seen, strict=True)]
        assert same == [i <= changed for i in range(4)]


def test_latents_are_shared_evenly_or_refused():
    assert len(structural_coders((1, 8, 8), 8, 8, skeleton=SMALL).decoder.transforms) == 4
    assert len(structural_coders((1, 8, 8), 3, 3, skeleton=SMALL).decoder.transforms) == 3
    assert len(structural_coders((1, 8, 8), 6, 6, skeleton=SMALL).decoder.transforms) == 3
    with pytest.raises(InputError, match="7 latents cannot be shared evenly by up to 4"):
        structural_coders((1, 8, 8), 7, 7, skeleton=SMALL)
    with pytest.raises(InputError, match="choose a multiple of 2, such as 4 or 6"):
        StructuralDecoder((8, 2, 2), [torch.nn.Identity()] * 2, [8, 8], 5)
    with pytest.raises(InputError, match=r"1 latents cannot .* such as 2$"):
        segments(1, 2)


@pytest.mark.parametrize("whole", [False, True])
def test_layers_stand_where_they_are_placed_and_read_their_segment_or_all(whole):
    """By hand: each stage doubles, each layer adds the sum of what it reads."""

    class Adding(torch.nn.Module):
        def __init__(self, values, channels, *, hidden):
            super().__init__()
            self.values = values

        def forward(self, features, u):
            assert u.shape[1] == self.values
            return features + u.sum(1, keepdim=True)

    stages = [torch.nn.Linear(1, 1, bias=False) for _ in range(5)]
    for stage in stages:
        torch.nn.init.constant_(stage.weight, 2.0)
    decoder = StructuralDecoder((1,), stages, [1, 1], 4, places=(1, 3), whole=whole, layer=Adding)
    z = torch.randn(6, 4)
    first, second = (z.sum(1), z.sum(1)) if whole else (z[:, :2].sum(1), z[:, 2:].sum(1))
    torch.testing.assert_close(decoder(z)[:, 0], 32 * decoder.root.item() + 16 * first + 4 * second)
    assert decoder.variables == (((0,), (1,), (2,), (3,)) if whole else ((0, 1), (2, 3)))


@pytest.mark.parametrize("side", [8, 11, 28])
@pytest.mark.parametrize("coders", [skeleton_coders, structural_coders])
def test_the_skeleton_gives_back_any_side(coders, side):
    made = coders((2, side, side), 4, 6, skeleton=SMALL)
    assert made.encoder(torch.rand(3, 2, side, side)).shape == (3, 6)
    assert made.decoder(torch.rand(3, 4)).shape == (3, 2, side, side)
    convolutions = [m for m in made.encoder.modules() if isinstance(m, torch.nn.Conv2d)]
    pools = [m for m in made.encoder.modules() if isinstance(m, torch.nn.MaxPool2d)]
    assert (len(convolutions), len(pools)) == (4, 2)


@pytest.mark.parametrize(
    ("x_shape", "match"), [((1, 3, 3), "cannot be pooled 2 times"), ((1, 8, 9), "square"), ((4,), "square")]
)
def test_images_that_cannot_be_pooled_are_refused(x_shape, match):
    with pytest.raises(InputError, match=match):
        skeleton_coders(x_shape, 4, 4, skeleton=SMALL)
