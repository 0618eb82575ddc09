"""Entry point of `workbench` and `python -m workbench`."""

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    from workbench.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
