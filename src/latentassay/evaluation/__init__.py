"""How good a model is as a whole: likelihood, fidelity, separability, extrapolation, and which β to take.

What is said of a single unit or of the latent space belongs to ``responses``, ``geometry``, ``spatial`` or ``metrics``.
"""
