"""Reads the epochs of a run off the GUI thread, and keeps the latest figures and those beside them at hand."""

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from workbench.errors import UserError
from workbench.figures import Figure
from workbench.gui.background import BackgroundWork
from workbench.inspection.playback import CURVES, Playback, open_playback

_KEPT = 64
_Place = tuple[str, int, str]  # view, epoch (1-based), choice within the view


class PlaybackReader(QObject):
    """What there is to play of one run, and its figures. A newer question takes the place of one that waits."""

    opened = Signal(object)  # Playback, or None where nothing was kept
    read = Signal(str, int, str, tuple)  # view, epoch, choice, figures
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = BackgroundWork(self)
        self._generation = 0
        self._wanted: _Place | None = None
        self._figures: OrderedDict[tuple[int, _Place], tuple[Figure, ...]] = OrderedDict()
        self.playback: Playback | None = None

    def open(self, run: str) -> None:
        """Read what there is of a run; what is being read of another is thrown away."""
        self._generation += 1
        self._start(functools.partial(_opened, run), functools.partial(self._take_opened, self._generation))

    def close(self) -> None:
        """Forget the run."""
        self._generation += 1
        self.playback = None
        self._wanted = None
        self._figures.clear()

    def stop(self) -> None:
        """Let the reading end."""
        self._generation += 1
        self._work.stop()

    def show(self, view: str, epoch: int, choice: str) -> None:
        """Ask for the figures of a place: told at once by `read` where they are at hand."""
        place = (view, epoch, choice)
        self._wanted = place
        figures = self._figures.get((self._generation, place))
        if figures is not None:
            self._tell(place, figures)
        else:
            self._ask(place)

    def _ask(self, place: _Place) -> None:
        playback, generation = self.playback, self._generation
        if playback is None:
            return

        def task(_post: Callable[[Any], None]) -> Any:
            wanted = self._wanted
            # The slider has gone on: neither this place nor one beside it.
            if wanted is None or generation != self._generation or wanted[0] != place[0]:
                return None
            if wanted != place and abs(_number(playback, wanted) - _number(playback, place)) > 1:
                return None
            try:
                return playback.figures(*place)
            except UserError as error:
                return str(error)

        self._work.start(task, functools.partial(self._take_read, generation, place), on_error=self.failed.emit)

    def _take_read(self, generation: int, place: _Place, outcome: Any) -> None:
        if generation != self._generation or outcome is None:
            return
        if isinstance(outcome, str):
            if place == self._wanted:
                self.failed.emit(outcome)
            return
        self._figures[generation, place] = outcome
        while len(self._figures) > _KEPT:
            self._figures.popitem(last=False)
        if place == self._wanted:
            self._tell(place, outcome)

    def _tell(self, place: _Place, figures: tuple[Figure, ...]) -> None:
        self.read.emit(*place, figures)
        self._read_beside(place)

    def _read_beside(self, place: _Place) -> None:
        """Have the epochs before and after at hand when they are asked for."""
        view, _epoch, choice = place
        if self.playback is None or view == CURVES or place != self._wanted:
            return
        epochs, number = self.playback.epochs, _number(self.playback, place)
        for beside in (number + 1, number - 1):
            if 0 <= beside < len(epochs):
                neighbour = (view, epochs[beside], choice)
                if (self._generation, neighbour) not in self._figures:
                    self._ask(neighbour)

    def _take_opened(self, generation: int, outcome: Any) -> None:
        if generation != self._generation:
            return
        self._figures.clear()
        if isinstance(outcome, str):
            self.playback = None
            self.failed.emit(outcome)
            return
        self.playback = outcome
        self.opened.emit(outcome)

    def _start(self, task: Callable[..., Any], receive: Callable[[Any], None]) -> None:
        self._work.start(task, receive, on_error=self.failed.emit)


def _opened(run: str, _post: object) -> Playback | str | None:
    try:
        return open_playback(run)
    except UserError as error:
        return str(error)


def _number(playback: Playback, place: _Place) -> int:
    return playback.epochs.index(place[1]) if place[1] in playback.epochs else -9
