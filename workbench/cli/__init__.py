"""The command line: every step of the window, on the same objects. Imports neither Qt nor Keras."""

from workbench.cli.main import run

__all__ = ["run"]
