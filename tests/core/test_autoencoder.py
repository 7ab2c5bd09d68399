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
    held = la.from_torch(lambda x: x @ inside, lambda z: z @ inside.T, latent_shape=(3,))
    assert device_and_dtype(held, WEIGHTS).dtype == torch.float32
    module_global = la.from_torch(lambda x: x @ WEIGHTS, lambda z: z @ WEIGHTS.T, latent_shape=(3,))
    assert device_and_dtype(module_global).dtype == torch.float64


def test_functions_that_refer_to_nothing_compute_in_what_they_are_given():
    model = la.from_torch(lambda x: x / 3, lambda z: 3 * z, latent_shape=(3,))
    with eval_mode(model, WEIGHTS) as (device, dtype):
        assert (device.type, dtype) == ("cpu", torch.float64)
    assert device_and_dtype(model) == (torch.device("cpu"), torch.float32)
