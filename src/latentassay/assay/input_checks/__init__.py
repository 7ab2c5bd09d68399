"""Do data and model fit each other: ranges of values, mappings between them, and the scale of latents.

Each check is a function of a model and data that returns numbers, and words for what is to be said of them; levels and
remedies are the question's.
"""
