"""GEO on digits: what the bound, its order and the number of latents do to the shape of a latent space."""
