"""Interventional consistency (IC): its grid of models, trained and measured."""
