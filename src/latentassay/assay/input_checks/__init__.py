"""Do data and model fit each other: ranges of values, mappings between them, and the scale of latents."""
