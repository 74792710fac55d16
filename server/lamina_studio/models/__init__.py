"""Saved models and their versions."""
