"""Serving the built frontend."""
