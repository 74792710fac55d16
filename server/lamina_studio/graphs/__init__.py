"""Checking a graph document and writing it as source code."""
