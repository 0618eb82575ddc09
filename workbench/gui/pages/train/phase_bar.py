"""What a training is doing before its first step, each phase with its seconds, ticking while it goes on."""

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.gui.pages.train.record import TrainingRecord
from workbench.gui.theme import GRID, set_icon
from workbench.gui.training_text import phase_title
from workbench.i18n import _

PHASES = ("engine", "data", "build", "compile", "first_batch", "solve")
_OF_EPOCHS = ("compile", "first_batch")
_AT_ONCE = ("solve",)


class PhaseBar(QWidget):
    """One step per phase, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        self.steps = {name: _Step(phase_title(name)) for name in PHASES}
        for step in self.steps.values():
            layout.addWidget(step, 1)

    def show_record(self, record: TrainingRecord | None, at_once: bool = False) -> None:
        """Show how far the phases are; those of a training with epochs, or of one that finds all `at_once`."""
        now = time.monotonic()
        absent = _OF_EPOCHS if at_once else _AT_ONCE
        for name, step in self.steps.items():
            phase = record.phases.get(name) if record is not None else None
            if phase is None:
                step.show_state("waiting", "")
                step.setVisible(name != "engine" and name not in absent)  # that only where it had to be waited for
                continue
            step.show()
            if phase.seconds is not None:
                step.show_state("done", f"{phase.seconds:.1f} s")
            else:
                step.show_state("active", f"{now - phase.started:.1f} s{_progress(record)}")


_ICONS = {"waiting": ("waiting", "muted"), "active": ("play", "accent"), "done": ("success", "success")}


class _Step(QFrame):
    def __init__(self, title: str) -> None:
        super().__init__()
        self._state = ""
        self._title = title
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        layout.setSpacing(GRID)
        self._sign = QLabel()
        self._name = QLabel(title)
        self.seconds = QLabel()
        self.seconds.setProperty("role", "caption")
        layout.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignVCenter)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self._name)
        texts.addWidget(self.seconds)
        layout.addLayout(texts, 1)

    def show_state(self, state: str, seconds: str) -> None:
        if state != self._state:
            self._state = state
            set_icon(self._sign, *_ICONS[state])
            self.setProperty("role", f"phase-{state}")
            self.style().unpolish(self)
            self.style().polish(self)
            words = {"waiting": _("waiting"), "active": _("going on"), "done": _("done")}
            self.setAccessibleName(f"{self._title}: {words[state]}")
        self.seconds.setText(seconds or "–")


def _progress(record: TrainingRecord) -> str:
    progress = record.progress
    if progress is None or not progress.total:
        return ""
    return f"  ·  {100 * progress.done // progress.total} %"
