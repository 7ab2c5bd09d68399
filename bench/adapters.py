"""What an adapter costs: encoding and decoding behind the door against the bare model called by hand.

Random weights, batches of 128 pictures; the same network is taken as torch pair and as ONNX pair. The bare side does
what nobody can avoid: it calls the model and takes the mean from its answer. Both sides take turns, one call each, in
one process; the figure is the median over turns of the ratio of processor times, with a 95 % interval from order
statistics, since what else the machine does leaves single ratios off by several per cent.
Frameworks that are not installed are left out; ``.venv-foreign`` has them all.
Run: ``python bench/adapters.py [seconds for each]``.
"""

import math
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from record import record
from torch import Tensor, nn

import latentassay as la

N = 128
LATENTS = 24
SECONDS = 10.0
"""For each adapter, where the command line says nothing else."""
FEWEST_TURNS = 41
TARGET = 1.02
"""Ratio of processor times that an adapter may cost."""
Call = Callable[[Tensor], Tensor]


class Case(NamedTuple):
    """A model behind the door beside the two calls that it stands for."""

    wrapped: la.Autoencoder
    encode: Call
    decode: Call
    x_shape: tuple[int, ...]


def coders() -> tuple[nn.Module, nn.Module]:
    down = [nn.Conv2d(3, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU()]
    up = [nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Sigmoid()]
    encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(64 * 64, LATENTS))
    return encoder.eval(), nn.Sequential(nn.Linear(LATENTS, 64 * 64), nn.Unflatten(1, (64, 8, 8)), *up).eval()


def torch_pair() -> Case:
    encoder, decoder = coders()
    return Case(la.from_torch(encoder, decoder, latent_shape=(LATENTS,)), encoder, decoder, (3, 32, 32))


def onnx_pair() -> Case:
    """Both sides call the same sessions: two of one file differ by some per cent in where their memory lies."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old exporter needs no onnxscript, and says that there is a new one
        paths = [Path(folder) / "e.onnx", Path(folder) / "d.onnx"]
        for net, x, path in zip(coders(), (torch.rand(2, 3, 32, 32), torch.rand(2, LATENTS)), paths, strict=True):
            torch.onnx.export(
                net,
                (x,),
                str(path),
                input_names=["x"],
                output_names=["y"],
                dynamo=False,
                dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
            )
        wrapped = la.from_onnx(*paths)

    def call(session: Any) -> Call:
        return lambda x: torch.from_numpy(session.run(None, {"x": x.numpy()})[0])

    return Case(wrapped, call(wrapped._encoder._session), call(wrapped._decoder._session), (3, 32, 32))


def diffusers_kl() -> Case:
    from diffusers import AutoencoderKL

    down, up = ("DownEncoderBlock2D",) * 2, ("UpDecoderBlock2D",) * 2
    net = AutoencoderKL(block_out_channels=(16, 32), down_block_types=down, up_block_types=up, norm_num_groups=8).eval()
    wrapped = la.from_diffusers(net, x_shape=(3, 32, 32), space="scaled")
    return Case(wrapped, lambda x: net.encode(x).latent_dist.mean, lambda z: net.decode(z).sample, (3, 32, 32))


def monai_kl() -> Case:
    from monai.networks.nets import AutoencoderKL

    net = AutoencoderKL(
        spatial_dims=2,
        in_channels=3,
        out_channels=3,
        channels=(16, 32),
        num_res_blocks=1,
        attention_levels=(False, False),
        latent_channels=4,
        norm_num_groups=8,
    ).eval()
    wrapped = la.from_monai(net, x_shape=(3, 32, 32), scale_factor=0.5)
    return Case(wrapped, lambda x: net.encode(x)[0], net.decode, (3, 32, 32))


def pythae_vae() -> Case:
    from pythae.models import VAE, VAEConfig

    net = VAE(VAEConfig(input_dim=(3, 32, 32), latent_dim=LATENTS)).eval()
    return Case(la.wrap(net), lambda x: net.encoder(x).embedding, lambda z: net.decoder(z).reconstruction, (3, 32, 32))


MAKERS = {
    "torch pair": ("torch", torch_pair),
    "ONNX pair": ("onnxruntime", onnx_pair),
    "diffusers AutoencoderKL": ("diffusers", diffusers_kl),
    "MONAI AutoencoderKL": ("monai", monai_kl),
    "pythae VAE": ("pythae", pythae_vae),
}


def bare(case: Case, x: Tensor, z: Tensor) -> None:
    case.encode(x)
    case.decode(z)


def through_adapter(case: Case, x: Tensor, z: Tensor) -> None:
    _ = case.wrapped.encode(x).mean
    case.wrapped.decode(z)


def seconds(work: Callable[[Case, Tensor, Tensor], None], case: Case, x: Tensor, z: Tensor) -> float:
    begun = time.process_time()
    work(case, x, z)
    return time.process_time() - begun


def measure(case: Case, budget: float) -> dict[str, Any]:
    x, z = torch.rand(N, *case.x_shape), torch.randn(N, *case.wrapped.latent_shape)
    for work in (bare, through_adapter, bare, through_adapter):
        work(case, x, z)
    turns = max(FEWEST_TURNS, round(budget / 2 / seconds(bare, case, x, z)))
    pairs = []
    for k in range(turns):
        first, second = (through_adapter, bare) if k % 2 else (bare, through_adapter)
        taken = {work: seconds(work, case, x, z) for work in (first, second)}
        pairs.append((taken[through_adapter], taken[bare]))
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    edge = max(0, math.floor((turns - 1.96 * turns**0.5) / 2))
    return {
        "turns": turns,
        "ratio": round(ratios[turns // 2], 4),
        "interval": [round(ratios[edge], 4), round(ratios[-1 - edge], 4)],
        "milliseconds_of_the_model": round(1e3 * sorted(theirs for _, theirs in pairs)[turns // 2], 3),
    }


def main() -> None:
    budget = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    torch.manual_seed(0)
    found = {}
    with torch.inference_mode():
        for name, (package, make) in MAKERS.items():
            if find_spec(package):
                found[name] = measure(make(), budget)
    what = f"encode and decode {N} pictures behind the door against the bare model, random weights"
    record("adapters", {"what": what, "target": TARGET, "cases": found})


if __name__ == "__main__":
    main()
