"""Asking a trained model: always in a child process with limits, with JSON through its pipes."""
