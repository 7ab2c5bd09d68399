"""Every operation of the interpreter beside torch's, in node."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from latentassay.explore.graph import UnknownOperationError, build_graph
from latentassay.explore.operations import TABLE
from latentassay.explore.tracing import trace
from latentassay.nn.structural import StrTfm

PICTURE, VECTOR, SEQUENCE = (1, 6, 8, 10), (1, 12), (1, 6, 15)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 6, 1)

    def forward(self, x):
        return x + self.two(F.silu(self.one(x)))


class Structural(nn.Module):
    def __init__(self, *places):
        super().__init__()
        generator = torch.Generator().manual_seed(0)  # scales are exponentials: some draws answer with thousands
        self.layer, self.features = StrTfm(4, 6), nn.Parameter(torch.randn(1, 6, *places, generator=generator))
        for parameter in self.layer.parameters():
            nn.init.normal_(parameter, std=0.2, generator=generator)

    def forward(self, z):
        return self.layer(self.layer(self.features.expand(len(z), -1, -1, -1), z[:, :4]), z[:, 4:8])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(6, 18)

    def forward(self, x):
        q, k, v = self.qkv(x.flatten(2).transpose(1, 2)).chunk(3, 2)
        return torch.bmm((torch.bmm(q, k.transpose(1, 2)) / 6**0.5).softmax(-1), v).transpose(1, 2).reshape(x.shape)


def trained(norm):
    """A normalisation with statistics and weights that are not those that it begins with."""
    for tensor in (*norm.parameters(), *norm.buffers()):
        if tensor.is_floating_point():
            tensor.data.uniform_(0.5, 2)
    return norm.eval()


LAYERS = {
    "conv": (nn.Conv2d(6, 8, 3, padding=1), PICTURE),
    "conv, stride": (nn.Conv2d(6, 5, (3, 5), stride=(2, 3), padding=(0, 2)), PICTURE),
    "conv, dilation": (nn.Conv2d(6, 4, 3, padding=2, dilation=2, bias=False), PICTURE),
    "conv, groups": (nn.Conv2d(6, 12, 3, groups=3), PICTURE),
    "conv, depthwise": (nn.Conv2d(6, 6, 5, padding=2, groups=6), PICTURE),
    "conv, pointwise": (nn.Conv2d(6, 9, 1), PICTURE),
    "conv, reflected": (nn.Conv2d(6, 4, 3, padding=1, padding_mode="reflect"), PICTURE),
    "conv, replicated": (nn.Conv2d(6, 4, 3, padding=1, padding_mode="replicate"), PICTURE),
    "conv, even kernel": (nn.Conv2d(6, 4, 4, stride=2, padding=1), PICTURE),
    "conv, wide padding": (nn.Conv2d(6, 4, 3, padding=4), PICTURE),
    "conv 1-D": (nn.Conv1d(6, 4, 5, stride=2, padding=2), SEQUENCE),
    "transposed": (nn.ConvTranspose2d(6, 5, 4, stride=2, padding=1), PICTURE),
    "transposed, groups": (nn.ConvTranspose2d(6, 9, 3, stride=2, padding=1, output_padding=1, groups=3), PICTURE),
    "transposed, dilation": (nn.ConvTranspose2d(6, 4, 3, stride=(1, 3), padding=(2, 0), dilation=2), PICTURE),
    "transposed 1-D": (nn.ConvTranspose1d(6, 4, 4, stride=2, padding=1), SEQUENCE),
    "linear": (nn.Linear(12, 7), VECTOR),
    "linear, no bias": (nn.Linear(12, 7, bias=False), VECTOR),
    "linear over places": (nn.Linear(15, 7), SEQUENCE),
    "batch norm": (trained(nn.BatchNorm2d(6)), PICTURE),
    "batch norm of vectors": (trained(nn.BatchNorm1d(12)), VECTOR),
    "batch norm, plain": (trained(nn.BatchNorm2d(6, affine=False)), PICTURE),
    "group norm": (trained(nn.GroupNorm(3, 6)), PICTURE),
    "group norm, plain": (nn.GroupNorm(2, 6, affine=False), PICTURE),
    "layer norm": (trained(nn.LayerNorm(12)), VECTOR),
    "layer norm of pictures": (trained(nn.LayerNorm((8, 10))), PICTURE),
    "max pool": (nn.MaxPool2d(2), PICTURE),
    "max pool, padded": (nn.MaxPool2d(3, stride=2, padding=1), PICTURE),
    "average pool": (nn.AvgPool2d(2), PICTURE),
    "average pool, padded": (nn.AvgPool2d(3, stride=2, padding=1), PICTURE),
    "average pool, rounded up": (nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), (1, 6, 8, 10)),
    "average pool, not counted": (nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), PICTURE),
    "adaptive pool": (nn.AdaptiveAvgPool2d((3, 4)), PICTURE),
    "adaptive pool to one": (nn.AdaptiveAvgPool2d(1), PICTURE),
    "nearest": (nn.Upsample(scale_factor=2), PICTURE),
    "nearest, odd": (nn.Upsample(size=(11, 13)), PICTURE),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), PICTURE),
    "bilinear, aligned": (nn.Upsample(size=(13, 17), mode="bilinear", align_corners=True), PICTURE),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), PICTURE),
    "linear 1-D": (nn.Upsample(scale_factor=2, mode="linear"), SEQUENCE),
    "pixel shuffle": (nn.Sequential(nn.Conv2d(6, 8, 1), nn.PixelShuffle(2)), PICTURE),
    "zero padding": (nn.ZeroPad2d((1, 2, 3, 0)), PICTURE),
    "constant padding": (nn.ConstantPad2d((1, 2, -1, 2), 0.3), PICTURE),
    "flatten, unflatten": (nn.Sequential(nn.Flatten(), nn.Unflatten(1, (2, 3, 80))), PICTURE),
    "residual": (Residual(), PICTURE),
    "structural transform": (Structural(5, 5), VECTOR),
    "structural transform of one place": (Structural(1, 1), VECTOR),
    "attention": (Attention(), PICTURE),
    "in place": (nn.Sequential(nn.Linear(12, 6), nn.ReLU(inplace=True), nn.Dropout(0.5)).eval(), VECTOR),
    "PReLU": (nn.PReLU(6), PICTURE),
}
FUNCTIONS = {
    **{
        kind.__name__: kind()
        for kind in (
            nn.ELU,
            nn.GELU,
            nn.Hardsigmoid,
            nn.Hardswish,
            nn.Hardtanh,
            nn.LeakyReLU,
            nn.LogSigmoid,
            nn.Mish,
            nn.ReLU,
            nn.ReLU6,
            nn.SELU,
            nn.CELU,
            nn.SiLU,
            nn.Sigmoid,
            nn.Softplus,
            nn.Softsign,
            nn.Tanh,
            nn.Tanhshrink,
        )
    },
    "GELU, tanh": nn.GELU("tanh"),
    "Softplus, steep": nn.Softplus(beta=5, threshold=3),
    "CELU, 0.5": nn.CELU(0.5),
    "softmax": lambda x: x.softmax(-1),
    "powers": lambda x: x**2 + x.abs().sqrt() + (x.exp() + 1).log() - x.sin() * x.cos(),
    "quotients": lambda x: (1 + x) / (2 + x.square()) + 1 / (3 + x.abs()) - (x.square() + 1).rsqrt(),
    "clamped": lambda x: x.clamp(min=-0.5) + x.clamp(max=0.25) + torch.maximum(x, -x).minimum(x.square()),
    "broadcast": lambda x: x * x.mean((2, 3), keepdim=True) + x.sum(1, keepdim=True) - x[:, :, :1] * 2,
    "cut and joined": lambda x: torch.cat([x[:, 1::2], x.flip(3)[:, :2], torch.ones(1, 1, 8, 10)], 1).roll(3, 2),
    "permuted": lambda x: x.permute(0, 2, 3, 1).reshape(1, -1, 6)[:, ::3].transpose(1, 2).contiguous(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_that_of_torch(differ, name):
    layer, shape = LAYERS[name]
    assert differ(layer, *torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))) < 2e-5


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_that_of_torch(differ, name):
    inputs = 4 * torch.randn(2, *PICTURE, generator=torch.Generator().manual_seed(0))
    assert differ(FUNCTIONS[name], *inputs) < 1e-4


UNKNOWN = {
    "sort": (lambda x: x.sort(1).values, r"aten\.sort"),
    "in three dimensions": (lambda x: nn.Conv3d(1, 1, 3)(x[:, None]), "in 3 dimensions"),
    "statistics of the batch": (nn.BatchNorm2d(6).train(), "statistics of the batch"),
    "softmax along": (lambda x: x.softmax(1), "another dimension"),
    "to integers": (lambda x: x.long().float(), "to integers"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_named(name):
    function, words = UNKNOWN[name]
    with pytest.raises(UnknownOperationError, match=words):
        build_graph(trace(function, torch.randn(PICTURE)), TABLE)


def test_the_layer_is_named():
    class Sorting(nn.Module):
        def forward(self, x):
            return x.sort(1).values

    network = nn.Sequential(nn.Linear(12, 12), nn.Sequential(nn.ReLU(), Sorting()))
    with pytest.raises(UnknownOperationError, match=r"aten.sort.default in layer 1\.1"):
        build_graph(trace(network, torch.randn(VECTOR), [network]), TABLE)
