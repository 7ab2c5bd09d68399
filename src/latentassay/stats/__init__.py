"""Pure mathematics that both wings stand on; knows nothing of models or data."""
