import pytest
import torch
from torch import nn
from torch.testing import assert_close

import latentassay as la
from latentassay.core.autoencoder import eval_mode, modules_of
from latentassay.core.errors import ContractError
from latentassay.geometry.decoders import MeanAndStd, decode_rows, latent_pairs, owner, reference

WEIGHTS = torch.randn(3, 2, generator=torch.Generator().manual_seed(0)).double()
Z = torch.ones(4, 2)


def test_methods_belong_to_their_model_and_functions_to_what_they_use():
    net = nn.Linear(2, 3).double()
    pair = la.from_torch(lambda x: x, net, latent_shape=(2,))
    assert owner(pair.decode) is pair and owner(net) is net and owner(net.forward) is net
    for decode in (net, net.forward, pair.decode, lambda z: net(z)):
        assert modules_of(owner(decode)) == (net,)
        assert reference(decode, Z).dtype == torch.float64


def test_a_module_that_a_function_uses_is_held_in_evaluation_mode():
    net = nn.Sequential(nn.Linear(2, 50), nn.Dropout(0.5)).train()
    first, again = (la.geometry.decoder_jacobian(lambda z: net(z), Z) for _ in range(2))
    assert_close(first, net[0].weight.detach().expand(4, 50, 2))
    assert torch.equal(first, again) and net.training


def test_functions_compute_in_what_they_refer_to_or_are_given():
    assert reference(lambda z: z @ WEIGHTS.T, Z).dtype == torch.float64
    assert reference(lambda z: 2 * z, Z.double()).dtype == torch.float64
    assert reference(lambda z: 2 * z, Z).dtype == torch.float32


class Unsure(nn.Module):
    latent_shape, prior = (2,), None

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 3)

    def decode(self, z):
        return self.net(z)

    def decode_std(self, z):
        return z.exp()


def test_mean_and_std_stand_beside_each_other_and_the_model_keeps_its_mode():
    model = Unsure().train()
    both = MeanAndStd(model)
    with eval_mode(both):
        assert not model.net.training
        rows = decode_rows(both, Z)
    assert model.net.training and rows.shape == (4, 5)
    assert_close(rows[:, 3:], Z.exp())
    assert len(list(both.parameters())) == 2


def test_what_a_decoder_must_not_return():
    for bad in (lambda z: z[:2], lambda z: [z, 3.0], lambda z: "x"):
        with pytest.raises(la.ContractError, match="one row for each of 4"):
            decode_rows(bad, Z)


def test_the_method_of_a_class_is_no_decoder():
    class Model:
        def decode(self, z):
            return z

    with pytest.raises(la.ContractError, match="give the method of an object"):
        decode_rows(Model.decode, Z)


def test_a_fault_inside_a_decoder_surfaces_as_itself():
    def broken(z):
        raise RuntimeError("out of ink")

    with pytest.raises(RuntimeError, match="out of ink"):
        decode_rows(broken, Z)


def test_pairs_are_read_from_arrays_and_in_the_type_of_the_first():
    first, last = latent_pairs(Z.numpy(), Z.double().numpy())
    assert first.dtype == last.dtype == torch.float32
    with pytest.raises(la.InputError, match="b must be a floating-point"):
        latent_pairs(Z, Z.long())


def test_a_method_of_a_class_is_no_decoder_and_errors_inside_of_one_are_its_own():
    with pytest.raises(ContractError, match=r"such as model\.decode"):
        decode_rows(Unsure.decode, Z)
    with pytest.raises(TypeError, match="NoneType"):
        decode_rows(lambda z: z + None, Z)
