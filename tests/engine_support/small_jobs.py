"""Requests with small jobs of their own, by which the engine is tested without a training."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

from workbench.control import Stopped
from workbench.errors import UserError
from workbench.events import Finished, Note, Progress
from workbench.requests import TrainRequest


@dataclass(frozen=True)
class Echo:
    value: Any
    job: str = "small_jobs:echo"


@dataclass(frozen=True)
class Count:
    """Counts up to `total` until it is stopped; answers how far it came, or raises `Stopped`."""

    total: int
    seconds: float = 0.02
    keep: bool = True
    file: str = ""
    job: str = "small_jobs:count"


@dataclass(frozen=True)
class TrainOn(TrainRequest):
    """A training, as far as the engine can tell, that only answers which process it ran in."""

    job: str = "small_jobs:process_id"


@dataclass(frozen=True)
class Fail:
    how: str
    job: str = "small_jobs:fail"


def echo(request, emit, control):
    print("printed by a library")
    os.write(1, b"written to standard output itself\n")
    return request.value


def process_id(request, emit, control):
    return os.getpid()


def count(request, emit, control):
    done = 0
    for done in range(1, request.total + 1):
        control.wait_while_paused()
        if control.stop_requested:
            if not request.keep:
                raise Stopped
            break
        emit(Progress("count", done, request.total))
        if request.file:
            with open(request.file, "a", encoding="utf-8") as file:
                file.write(f"{done}\n")
        time.sleep(request.seconds)
    return done


def fail(request, emit, control):
    emit(Note("before"))
    match request.how:
        case "user":
            raise UserError("Sai rồi: that was yours")
        case "defect":
            raise ZeroDivisionError("a defect\nof two lines")
        case "memory":
            raise MemoryError
        case "training":
            emit(Finished("failed", "run"))
        case "exit":
            raise SystemExit(3)
        case "quit":
            os._exit(7)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash":
            import ctypes

            ctypes.string_at(0)
        case "unpicklable":
            return lambda: None
        case "import":
            import a_module_nobody_has  # noqa: F401
        case "hang":
            import ctypes

            emit(Note("hanging"))
            ctypes.PyDLL(None).sleep(60)  # without giving the interpreter lock away
        case "grow":
            import small_jobs

            small_jobs.ballast = b"x" * 200_000_000
            return len(small_jobs.ballast)
    return None


@dataclass(frozen=True)
class Deaf:
    """Never asks whether it should stop."""

    file: str
    job: str = "small_jobs:go_on_forever"


@dataclass(frozen=True)
class Environment:
    name: str
    job: str = "small_jobs:environment"


@dataclass(frozen=True)
class Loaded:
    module: str
    job: str = "small_jobs:loaded"


@dataclass(frozen=True)
class Niceness:
    job: str = "small_jobs:niceness"


def go_on_forever(request, emit, control):
    number = 0
    while True:
        number += 1
        with open(request.file, "a", encoding="utf-8") as file:
            file.write(f"{number}\n")
        emit(Progress("deaf", number))
        time.sleep(0.02)


def environment(request, emit, control):
    return os.environ.get(request.name)


def loaded(request, emit, control):
    return request.module in sys.modules


def niceness(request, emit, control):
    return os.getpriority(os.PRIO_PROCESS, 0)
