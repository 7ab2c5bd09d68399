"""Interventional consistency (IC): its grid of models, and graphs that are known. Nothing here is used by others."""
