"""Latent responses (LR): its tables, its figures, and the double helix."""
