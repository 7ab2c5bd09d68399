"""``la.wrap``: every kind of model through the adapter that is its own."""

import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

import latentassay as la
from latentassay.core.errors import ContractError, FileError, InputError
from tests.adapters.test_diffusers import MODELS
from tests.adapters.test_onnx import decoder, encoder

X = torch.rand(20, 7, generator=torch.Generator().manual_seed(0))


class Halves(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(7, 2), nn.Linear(2, 7)


class Whole(Halves):
    def encode(self, x):
        return self.encoder(x), torch.zeros(len(x), 2)

    def decode(self, z):
        return self.decoder(z)


def test_what_is_behind_the_door_stays_as_it_is():
    model = la.models.build("vae-mlp", x_shape=(7,), latents=2)
    assert la.wrap(model) is model


@pytest.mark.parametrize(
    ("model", "options", "adapter"),
    [
        (PCA(2).fit(X.numpy()), {}, "scikit-learn PCA"),
        (MODELS["AutoencoderKL"], {"x_shape": (3, 16, 16)}, "diffusers AutoencoderKL"),
        ((nn.Linear(7, 2), nn.Linear(2, 7)), {"latent_shape": (2,)}, "torch pair"),
        (Halves(), {"latent_shape": (2,)}, "torch pair"),
        (Whole(), {"latent_shape": (2,), "output": "mean_logvar"}, "torch pair"),
    ],
)
def test_the_adapter_that_fits_is_chosen_and_named(model, options, adapter):
    model = la.wrap(model, **options)
    assert model.adapter == adapter and model.space.startswith("native latents")
    la.check_autoencoder(model, torch.rand(8, 3, 16, 16) if "diffusers" in adapter else X)


def test_paths_are_files(tmp_path):
    model = la.wrap([str(encoder(tmp_path / "e.onnx")), decoder(tmp_path / "d.onnx")], prior="normal")
    assert model.adapter == "ONNX pair e.onnx, d.onnx" and model.prior is not None
    MODELS["AutoencoderTiny"].save_pretrained(tmp_path / "tiny", safe_serialization=True)
    assert la.wrap(tmp_path / "tiny", x_shape=(3, 16, 16), space="unit").adapter == "diffusers AutoencoderTiny"
    with pytest.raises(FileError):
        la.wrap("nowhere")


def test_the_same_network_answers_alike_through_every_adapter(tmp_path):
    """A linear autoencoder as torch pair, ONNX pair and scikit-learn estimator."""
    fitted = PCA(3).fit(X.numpy())
    mean, parts = (torch.from_numpy(part).float() for part in (fitted.mean_, fitted.components_))

    def down(x):
        return (x - mean) @ parts.T

    def up(z):
        return z @ parts + mean

    class Net(nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)

    paths = [tmp_path / "e.onnx", tmp_path / "d.onnx"]
    for path, function, size in zip(paths, (down, up), (7, 3), strict=True):
        exported(Net(function), torch.rand(2, size), path)
    models = [la.wrap((down, up), latent_shape=(3,)), la.wrap(paths), la.wrap(fitted)]
    z = torch.randn(40, 3, generator=torch.Generator().manual_seed(1))
    found = [la.response_matrix(wrapped, z, generator=torch.Generator().manual_seed(2)).matrix for wrapped in models]
    for each in found[1:]:
        torch.testing.assert_close(each, found[0], atol=1e-5, rtol=1e-5)


def exported(net, x, path):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old exporter, which needs no onnxscript, says that there is a new one
        torch.onnx.export(
            net,
            (x,),
            str(path),
            input_names=["x"],
            output_names=["y"],
            dynamo=False,
            dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
        )


@pytest.mark.parametrize(
    ("model", "options", "match"),
    [
        (nn.Linear(2, 2), {}, "Linear is not recognised; wrap takes"),
        (Halves(), {}, r"Halves goes through from_torch: missing .*latent_shape=\(24,\)"),
        (
            PCA(2).fit(X.numpy()),
            {"size": 3},
            "PCA goes through from_sklearn: got an unexpected keyword argument 'size'; its options are none; "
            "see la.from_sklearn",
        ),
        ((1, 2, 3), {}, "tuple is not recognised"),
    ],
)
def test_what_is_not_recognised_is_told(model, options, match):
    with pytest.raises(InputError, match=match):
        la.wrap(model, **options)


def test_errors_of_the_adapter_are_its_own():
    with pytest.raises(ContractError, match="not fitted"):
        la.wrap(PCA(2))

    class Odd(Halves):
        @property
        def encode(self):
            return self.encoder

        decode = encode

    with pytest.raises(TypeError, match="shape"):
        la.wrap(Odd(), latent_shape=3.5)
