import numpy as np
import torch
from torch import nn

import latentassay as la
from latentassay.core.autoencoder import device_and_dtype, eval_mode

WEIGHTS = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_weights_say_what_a_model_computes_in_whatever_it_is_given():
    assert device_and_dtype(nn.Linear(2, 2).double(), torch.zeros(1)).dtype == torch.float64
    assert device_and_dtype(nn.Linear(2, 2), torch.zeros(1).double()).dtype == torch.float32


def test_plain_functions_compute_in_what_they_refer_to():
    inside = WEIGHTS.float()
    for weights, dtype in ((WEIGHTS, torch.float64), (inside, torch.float32)):
        model = la.from_torch(lambda x, w=weights: x, lambda z, w=weights: z, latent_shape=(3,))
        assert device_and_dtype(model).dtype == torch.float32  # defaults are no closure: nothing is known
        assert device_and_dtype(model, weights).dtype == dtype
    held = la.from_torch(lambda x: x @ inside, lambda z: z @ inside.T, latent_shape=(3,))
    assert device_and_dtype(held, WEIGHTS).dtype == torch.float32
    module_global = la.from_torch(lambda x: x @ WEIGHTS, lambda z: z @ WEIGHTS.T, latent_shape=(3,))
    assert device_and_dtype(module_global).dtype == torch.float64


def test_functions_that_refer_to_nothing_compute_in_what_they_are_given():
    model = la.from_torch(lambda x: x / 3, lambda z: 3 * z, latent_shape=(3,))
    with eval_mode(model, like=WEIGHTS) as (device, dtype):
        assert (device.type, dtype) == ("cpu", torch.float64)
    assert device_and_dtype(model) == (torch.device("cpu"), torch.float32)


def test_encoding_and_decoding_keep_double_precision():
    model = la.from_torch(lambda x: x[:, :3] / 3, lambda z: torch.cat([3 * z, z], 1), latent_shape=(3,))
    x = torch.randn(4, 6, dtype=torch.float64)
    codes = la.sampling.encode(model, x.numpy())
    assert torch.equal(codes.mean, x[:, :3] / 3) and codes.std.dtype == torch.float64
    assert torch.equal(la.sampling.decode(model, codes.mean)[:, :3], 3 * (x[:, :3] / 3))
    assert la.sampling.encode(model, np.zeros((4, 6), dtype=np.float32)).mean.dtype == torch.float32
