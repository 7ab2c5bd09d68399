"""The thesis on VAEs: principal components (chapter 3) and perturbed data (chapter 4)."""
