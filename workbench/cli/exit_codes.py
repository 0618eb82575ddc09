"""What the exit codes of the command line mean; scripts rely on them."""

DONE = 0
FAILED = 1
FOUND = 1  # `diagnose` found something
BAD_INPUT = 2
INTERRUPTED = 130


class RunFailedError(Exception):
    """A run failed; the message says what happened and what to try."""
