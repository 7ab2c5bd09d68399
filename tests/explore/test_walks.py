import numpy as np
import torch

import latentassay as la
from latentassay.explore.walks import find_walks, response_distance


def circle():
    """Codes on a circle; everything else is drawn back to it."""

    def decode(z):
        return z / z.norm(dim=1, keepdim=True).clamp(min=1e-6)

    return la.from_torch(lambda x: x, decode, latent_shape=(2,))


def test_walks_keep_to_the_circle_where_the_straight_line_crosses_it():
    angle = torch.linspace(0, 2 * torch.pi, 101)[:-1]
    codes = torch.stack([angle.cos(), angle.sin()], 1)
    walks = find_walks(circle(), codes[::10], through=codes, kept=[0, 1], budget=30.0)
    assert len(walks) == 4
    for walk in walks:
        assert np.allclose(walk.z[[0, -1]], codes[::10][[walk.a, walk.b]].numpy(), atol=1e-5)
        assert walk.distance.max() < 0.3 < 0.8 < walk.straight.max()
    ends = [end for walk in walks for end in (walk.a, walk.b)]
    assert len(set(ends)) == len(ends)


def test_no_time_means_no_walk():
    assert find_walks(circle(), torch.eye(2), through=torch.eye(2), kept=[0, 1], budget=0.0) == []


def test_distances_count_the_latents_that_are_kept():
    model, z = circle(), torch.tensor([[3.0, 4.0]])
    assert response_distance(model, z, [0, 1])[0] == np.float32(4.0)
    assert np.isclose(response_distance(model, z, [1])[0], 4 - 0.8)
