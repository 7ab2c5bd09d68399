"""Assay real foreign models, and leave findings as JSON and the top of each report as a picture beside this file.

Run in the second environment: ``make .venv-foreign/.installed``, then
``.venv-foreign/bin/python docs/gallery/make.py [NAME …]``. Models are trained here on real data in a minute or two, but
for TAEF2, whose weights are read from ``LATENTASSAY_SHARED_DATA/taef2``. The reports themselves go to ``gallery/``.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import latentassay as la

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = Path(os.environ.get("LATENTASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
SEED = 0


class Example(NamedTuple):
    """A foreign model, data to assay it on, and a title."""

    model: Any
    data: Any
    title: str


def taef2() -> Example:
    """A pretrained image autoencoder on crops of photographs."""
    import skimage.data

    sys.path.insert(0, str(ROOT))
    from tests.oracles import taef2 as module

    net = module.load(SHARED / "taef2" / "weights.safetensors")
    model = la.wrap((net.encoder, net.decoder), latent_shape=(32, 8, 8))
    names = ("astronaut", "coffee", "chelsea", "immunohistochemistry", "rocket", "hubble_deep_field", "retina")
    pictures = []
    for name in names:
        picture = torch.from_numpy(np.array(getattr(skimage.data, name)())).permute(2, 0, 1)
        tiles = picture.unfold(1, 64, 64).unfold(2, 64, 64).flatten(1, 2).transpose(0, 1)
        pictures.append(tiles[torch.randperm(len(tiles), generator=torch.Generator().manual_seed(SEED))[:40]])
    return Example(model, torch.cat(pictures).float() / 255, "TAEF2 (torch pair), 64×64 crops of photographs")


def scvi() -> Example:
    """A single-cell VAE on blood cells."""
    import scanpy
    import scvi as framework

    framework.settings.seed = SEED
    cells = scanpy.datasets.pbmc68k_reduced()
    counts = np.round(np.expm1(cells.raw.X.toarray()) * cells.obs["n_counts"].to_numpy()[:, None] / 1e4)
    cells = cells.raw.to_adata()
    cells.X = counts.astype(np.float32)
    framework.model.SCVI.setup_anndata(cells)
    model = framework.model.SCVI(cells, n_latent=10)
    model.train(max_epochs=120, accelerator="cpu", enable_progress_bar=False)
    return Example(
        la.wrap(model), torch.from_numpy(cells.X), "scvi-tools SCVI, 120 epochs on 700 blood cells × 765 genes"
    )


def pythae() -> Example:
    """A VAE of pythae on digits."""
    from pythae.models import VAE, VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    digits = la.data.load("digits")
    x = digits.batch(torch.arange(len(digits)))
    torch.manual_seed(SEED)
    model = VAE(VAEConfig(input_dim=(1, 8, 8), latent_dim=8))
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=60,
            learning_rate=1e-3,
            per_device_train_batch_size=64,
            no_cuda=True,
            seed=SEED,
        )
        BaseTrainer(model=model, train_dataset=_Rows(x[:1400]), training_config=config).train()
    return Example(
        la.wrap(model), digits.take(np.arange(1400, len(digits))), "pythae VAE, 60 epochs on 1,400 digits of 8×8"
    )


class _Rows(torch.utils.data.Dataset):
    def __init__(self, x: torch.Tensor):
        self.data = x

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Any:
        from pythae.data.datasets import DatasetOutput

        return DatasetOutput(data=self.data[index])


def onnx() -> Example:
    """A plain autoencoder on faces, as two files."""
    import skimage.data

    faces = torch.from_numpy(np.array(skimage.data.lfw_subset()))[:100].float().unsqueeze(1)
    torch.manual_seed(SEED)
    down = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(625, 128), torch.nn.ReLU(), torch.nn.Linear(128, 6))
    up = torch.nn.Sequential(
        torch.nn.Linear(6, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 625),
        torch.nn.Sigmoid(),
        torch.nn.Unflatten(1, (1, 25, 25)),
    )
    optimizer = torch.optim.Adam([*down.parameters(), *up.parameters()], lr=1e-3)
    for _ in range(600):
        optimizer.zero_grad()
        (up(down(faces)) - faces).square().mean().backward()
        optimizer.step()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of itself
        paths = [Path(folder) / name for name in ("encoder.onnx", "decoder.onnx")]
        for net, x, path in zip((down, up), (faces[:1], torch.zeros(1, 6)), paths, strict=True):
            torch.onnx.export(
                net,
                (x,),
                str(path),
                input_names=["in"],
                output_names=["out"],
                dynamo=False,
                dynamic_axes={"in": {0: "n"}, "out": {0: "n"}},
            )
        return Example(la.wrap(paths), faces, "ONNX pair of an autoencoder, 600 steps on 100 faces of 25×25")


def sklearn() -> Example:
    """Kernel PCA on digits."""
    from sklearn.decomposition import KernelPCA

    digits = la.data.load("digits")
    x = digits.batch(torch.arange(len(digits))).flatten(1)
    fitted = KernelPCA(8, kernel="rbf", gamma=0.02, fit_inverse_transform=True).fit(x[:1000].numpy())
    return Example(la.wrap(fitted), x[1000:], "scikit-learn KernelPCA(8, rbf), fitted on 1,000 digits of 8×8")


MODELS: dict[str, Callable[[], Example]] = {
    "taef2": taef2,
    "scvi": scvi,
    "pythae": pythae,
    "onnx": onnx,
    "sklearn": sklearn,
}


BUDGETS = {"taef2": 900}
"""Seconds that an assay may take, where one minute leaves questions out."""


def make(name: str) -> None:
    """Build one foreign model, assay it, and write its findings, its report and the top of it as a picture."""
    model, data, title = MODELS[name]()
    result = la.assay(model, data, samples=280, budget=BUDGETS.get(name, 60), seed=SEED, name=title)
    folder = ROOT / "gallery"
    folder.mkdir(exist_ok=True)
    page = folder / f"{name}.html"
    page.write_bytes(result.to_html().encode())
    record = {
        "model": title,
        "adapter": getattr(model, "adapter", ""),
        "space": getattr(model, "space", ""),
        "rows": len(data),
        "seconds": round(result.meta.seconds, 1),
        "seed": SEED,
        "versions": {package: version(package) for package in ("torch", "latentassay")},
        "findings": [{"level": each.level, "says": each.sentence, "remedy": each.remedy} for each in result.findings],
    }
    (HERE / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    _photograph(page, HERE / f"{name}.png")
    sys.stdout.write(f"{name}: {page}\n")


def _photograph(page: Path, picture: Path) -> None:
    """Save the top of the report as a browser shows it."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser:
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                "--window-size=1100,1500",
                f"--screenshot={picture}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    for chosen in sys.argv[1:] or MODELS:
        make(chosen)
