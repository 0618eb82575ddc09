"""Entry point of `workbench` and `python -m workbench`."""

import contextlib
import os
import sys


def main() -> int:
    """Run the command line and return its exit code; without a command, open the window."""
    from workbench.attended import work_goes_on
    from workbench.cli import run

    code = run(sys.argv[1:], _open_window)
    if work_goes_on():  # after a stop; Python would wait for it in many places, up to seconds
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    return code


def _open_window(arguments: list[str]) -> int:
    from workbench.gui.app import run_window

    return run_window(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
