"""The one reader of a job's events: JSON lines, a progress bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable

from workbench.cli.finding_lines import described
from workbench.cli.output import Output
from workbench.events import (
    BatchesDone,
    Continued,
    EpochFinished,
    Event,
    Finished,
    Found,
    Note,
    Paused,
    PhaseStarted,
    Progress,
    RunStarted,
    StageStarted,
    to_json,
)
from workbench.finding import Finding
from workbench.i18n import _

_REDRAW_SECONDS = 0.1
_BAR_WIDTH = 16


class EventReader:
    """Prints what a training tells.

    Args:
        output: where to.
        clock: seconds; a test gives its own.
    """

    def __init__(self, output: Output, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._status = StatusLine(output, clock)
        self._epochs = 0
        self.at_once = False
        self._began: tuple[float, float] | None = None
        self.finished: Finished | None = None
        if not output.as_json:
            self._status.show(_("starting …"))

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Finished):
            self.finished = event
        if self._output.as_json:
            self._output.record(to_json(event))
            return
        match event:
            case RunStarted():
                self._epochs = event.epochs
                self._line(_("Run {name} in {run}").format(name=event.name, run=event.run))
            case PhaseStarted():
                self.at_once = self.at_once or event.phase == "solve"
                self._status.show(f"{event.phase} …", at_once=True)
            case Progress():
                self._status.show(progress_text(event))
            case BatchesDone():
                self._status.show(self._batches_text(event))
            case EpochFinished():
                self._line(self._epoch_text(event))
            case Note() | StageStarted():
                self._line(event.text)
            case Found():
                for line in described(Finding.from_json(event.finding)):
                    self._line(line)
            case Paused():
                self._status.show(_("paused"), at_once=True)
            case Continued():
                self._began = None
            case Finished():
                self._status.clear()

    def close(self) -> None:
        """Leave a clean line behind."""
        self._status.clear()

    def _line(self, text: str) -> None:
        self._status.clear()
        self._output.line(text)

    def _batches_text(self, event: BatchesDone) -> str:
        done = event.epoch + event.step / max(1, event.steps)
        now = self._clock()
        if self._began is None:
            self._began = (now, done)
        text = _("epoch {epoch}/{epochs} {bar} {step}/{steps}  loss {loss:.4f}  {speed:,.0f} images/s").format(
            epoch=event.epoch + 1,
            epochs=self._epochs,
            bar=bar(event.step / max(1, event.steps), self._output.encoding),
            step=event.step,
            steps=event.steps,
            loss=event.losses[-1] if event.losses else float("nan"),
            speed=event.samples_per_second,
        )
        began, done_then = self._began
        if done > done_then:
            left = (now - began) / (done - done_then) * (self._epochs - done)
            text += "  " + _("{time} left").format(time=duration(left))
        return text

    def _epoch_text(self, event: EpochFinished) -> str:
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in event.metrics.items())
        if self.at_once:
            return _("weights found  {numbers}  {seconds:.1f} s").format(numbers=numbers, seconds=event.seconds)
        best = "  " + _("best") if event.best else ""
        return _("epoch {epoch}/{epochs}  {numbers}  {seconds:.1f} s{best}").format(
            epoch=event.epoch + 1, epochs=self._epochs, numbers=numbers, seconds=event.seconds, best=best
        )


class ProgressReader:
    """Shows how far a job is that is no training: on a terminal only, and gone when it is done."""

    def __init__(self, output: Output, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._status = StatusLine(output, clock)
        self._quiet = output.as_json
        if not self._quiet:
            self._status.show(_("starting …"))

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if self._quiet:
            return
        match event:
            case Progress():
                self._status.show(progress_text(event))
            case PhaseStarted():
                self._status.show(f"{event.phase} …", at_once=True)
            case Note():
                self._status.clear()
                self._output.line(event.text)

    def close(self) -> None:
        """Leave a clean line behind."""
        self._status.clear()


class StatusLine:
    """A line that is drawn over itself; nothing where there is no terminal."""

    def __init__(self, output: Output, clock: Callable[[], float]) -> None:
        self._output = output
        self._clock = clock
        self._drawn = float("-inf")
        self._length = 0

    def show(self, text: str, *, at_once: bool = False) -> None:
        """Draw the text, at most so many times a second, or `at_once` what comes rarely."""
        now = self._clock()
        if not self._output.is_terminal or (now - self._drawn < _REDRAW_SECONDS and not at_once):
            return
        self._drawn = now
        width = _terminal_width() - 1
        text = text[:width]
        self._output.raw("\r" + text.ljust(min(self._length, width)))
        self._length = len(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._length:
            self._output.raw("\r" + " " * self._length + "\r")
            self._length = 0
        self._drawn = float("-inf")


def _terminal_width() -> int:
    import shutil

    return max(20, shutil.get_terminal_size().columns)


def progress_text(event: Progress) -> str:
    """How far something is, as in `download 3/10`."""
    return f"{event.what} {event.done:,}/{event.total:,}" if event.total else f"{event.what} {event.done:,}"


def bar(share: float, encoding: str) -> str:
    """A bar of fixed width, in block characters where the terminal has them."""
    filled, empty = "█", "░"
    try:
        (filled + empty).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        filled, empty = "#", "-"
    length = round(_BAR_WIDTH * min(1.0, max(0.0, share)))
    return filled * length + empty * (_BAR_WIDTH - length)


def duration(seconds: float) -> str:
    """Seconds as `0:07`, `12:30` or `1:02:03`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
