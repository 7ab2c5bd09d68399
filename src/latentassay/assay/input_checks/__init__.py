"""Do data and model fit each other: ranges of values, the decoder's output, its encoder, and the scale of latents.

Each check is a function of a model and data that returns numbers, with the level that follows from them; ``verdicts``
turns those into findings with their remedies. What makes the measurement, and when, is the question's.
"""
