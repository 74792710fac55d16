"""The graph document: the one description of a model, its validation, and its construction from layer calls."""
