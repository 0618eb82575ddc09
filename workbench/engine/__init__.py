"""The engine: a child process that is kept warm and runs one job at a time, so that the window never imports Keras.

`engine` is the side of the window, `child` the side of the process, `messages` what they say to each other.
"""

from workbench.engine.engine import Engine
from workbench.engine.errors import EngineDiedError, JobFailedError

__all__ = ["Engine", "EngineDiedError", "JobFailedError"]
