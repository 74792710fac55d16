"""The plan: from a graph of layers to a flat torch program."""
