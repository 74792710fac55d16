"""Starter graphs with their training documents."""
