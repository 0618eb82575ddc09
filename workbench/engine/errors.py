"""What can go wrong with a job besides the user's mistakes."""


class JobFailedError(Exception):
    """A job raised something unexpected. The message is one line for people.

    Attributes:
        log: the end of what the engine wrote about it, traceback included.
    """

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class EngineDiedError(Exception):
    """The engine ended in the middle of a job: killed on request, out of memory, crashed.

    Attributes:
        log: the end of what it wrote.
        asked: whether it was killed on request.
    """

    def __init__(self, message: str, log: str = "", *, asked: bool = False) -> None:
        super().__init__(message)
        self.log = log
        self.asked = asked
