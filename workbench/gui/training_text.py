"""Words and numbers of a training as people read them."""

from workbench.i18n import _, mark

_PHASES = {
    "engine": mark("Start engine"),
    "data": mark("Load data"),
    "build": mark("Build"),
    "compile": mark("Compile"),
    "first_batch": mark("First batch"),
    "solve": mark("Find the weights"),
    "train": mark("Train"),
    "evaluate": mark("Evaluate"),
}
_STATES = {
    "queued": mark("Queued"),
    "running": mark("Running"),
    "completed": mark("Completed"),
    "stopped": mark("Stopped"),
    "interrupted": mark("Interrupted"),
    "failed": mark("Failed"),
}


def phase_title(phase: str) -> str:
    """The name of a phase on screen."""
    return _(_PHASES.get(phase, phase))


def state_title(state: str) -> str:
    """The name of a run's state on screen."""
    return _(_STATES.get(state, state))


def duration(seconds: float) -> str:
    """A time as people say it: 0.8 s, 12 s, 3 min 05 s, 2 h 10 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def memory(size: int) -> str:
    """A number of bytes as people say it."""
    return f"{size / 2**30:.2f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
