"""The datasets that training can use: list, preview, download."""
