import torch

from latentassay.truth.plant import Claim, chance, claim, pair, torch_chance


def test_a_claim_holds_labels():
    assert claim("units.dead", 3, "c2") == Claim("units.dead", frozenset({"3", "c2"}))


def test_details_follow_from_the_name_and_the_seed():
    assert chance("ring", 1).random() == chance("ring", 1).random()
    assert len({chance(name, seed).random() for name in ("ring", "leak") for seed in (0, 1)}) == 4
    drawn = [torch.rand(3, generator=torch_chance(chance("ring", 1))) for _ in range(2)]
    assert torch.equal(*drawn)


def test_pairs_are_sorted_by_number():
    assert pair(10, 9) == "9+10"
    assert pair("c3", "c1") == "c1+c3"
