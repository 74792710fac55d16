"""Lamina Studio: the web application that draws, trains and serves networks with `lamina`."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("lamina")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
