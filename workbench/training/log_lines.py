"""The events of a training as lines of `log.txt`, for people."""

from workbench.events import (
    Continued,
    EpochFinished,
    Event,
    Finished,
    Found,
    Note,
    Paused,
    PhaseFinished,
    RunStarted,
    StageStarted,
)


def log_line(event: Event) -> str:
    """One line, or an empty text for events that are not worth one."""
    match event:
        case RunStarted():
            return f"run {event.name}: epochs {event.first_epoch + 1} to {event.epochs}"
        case PhaseFinished():
            return f"{event.phase}: {event.seconds:.2f} s"
        case EpochFinished():
            numbers = "  ".join(f"{name} {value:.4f}" for name, value in event.metrics.items())
            best = "  (best so far)" if event.best else ""
            if not event.learning_rate:  # found at once
                return f"weights found: {numbers}  {event.seconds:.1f} s"
            return f"epoch {event.epoch + 1}: {numbers}  rate {event.learning_rate:.3g}  {event.seconds:.1f} s{best}"
        case Note() | StageStarted():
            return event.text
        case Found():
            finding = event.finding
            return f"{finding['severity']}: {finding['seen']} {finding['why']} {finding['remedy']}."
        case Paused():
            return "paused"
        case Continued():
            return "continued"
        case Finished():
            return f"{event.state} after {event.seconds:.1f} s {event.message}".strip()
    return ""
