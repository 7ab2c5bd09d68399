"""latentassay."""
