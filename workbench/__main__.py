"""Entry point of `workbench` and `python -m workbench`."""

import sys


def main() -> int:
    """Run the command line and return its exit code; without a command, open the window."""
    from workbench.cli import run

    return run(sys.argv[1:], _open_window)


def _open_window(arguments: list[str]) -> int:
    from workbench.gui.app import run_window

    return run_window(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
