"""Structure by architecture (SA): disentanglement, quality of samples, hierarchy and extrapolation on 3D Shapes."""
