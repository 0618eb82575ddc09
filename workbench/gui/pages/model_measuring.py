"""How fast a network is on this machine: measured on request, told as it is found, stopped when nobody waits for it."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from workbench.architectures.speeds import Case, Speed, case_of, kept, standard_case
from workbench.events import Event, Progress
from workbench.experiment import Experiment
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import MeasureRequest

_KEY = "speed"


class Measuring(QObject):
    """Asks for measurements, one after the other."""

    changed = Signal()  # begun, further, ended

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._waiting: list[MeasureRequest] = []
        self._all = 0
        self.running: MeasureRequest | None = None
        self.progress = Progress("", 0)
        self.problem = ""
        workspace.training.state_changed.connect(self._training_changed)

    def start(self, requests: Iterable[MeasureRequest]) -> None:
        """Measure, in place of what is measured now."""
        self.stop()
        self._waiting = list(requests)
        self._all = len(self._waiting)
        self.problem = ""
        if self._workspace.training.running:
            self._waiting = []
            self.problem = _beside_a_training()
        self._next()

    def stop(self) -> None:
        """Give up; what was measured is kept."""
        if self.running is not None:
            self._workspace.questions.drop(_KEY)
            self.running, self._waiting = None, []
            self.changed.emit()

    @property
    def text(self) -> str:
        """What goes on, and how many are still to come."""
        if self.running is None:
            return ""
        name = _(registry().architectures.get(self.running.experiment.architecture.name).title)
        what = f"{name}: {self.progress.what or _('waiting')}"
        if self._all > 1:
            what = _("{what} ({number} of {all})").format(
                what=what, number=self._all - len(self._waiting), all=self._all
            )
        return what

    def _next(self) -> None:
        self.running = self._waiting.pop(0) if self._waiting else None
        self.progress = Progress("", 0)
        if self.running is not None:
            self._workspace.questions.ask(self.running, self._answered, self._failed, self._told, key=_KEY)
        self.changed.emit()

    def _told(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress = event
            self.changed.emit()

    def _answered(self, _speeds: tuple[Speed, ...]) -> None:
        self._next()

    def _failed(self, message: str) -> None:
        self.problem = message
        self._next()

    def _training_changed(self) -> None:
        if self.running is not None and self._workspace.training.running:
            self.problem = _beside_a_training()
            self.stop()


def _beside_a_training() -> str:
    return _("A training runs: it would slow the measurement, and be slowed by it. Measure afterwards.")


class SpeedLine(QWidget):
    """The measured speed of the experiment's network. Its `button` measures it; whoever owns this places it."""

    def __init__(self, measuring: Measuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measuring = measuring
        self._experiment: Experiment | None = None
        self.text = hint("")
        self.text.setAccessibleName(_("Measured speed"))
        self.button = QPushButton()
        self.button.clicked.connect(self._pressed)
        self.bar = MeasuringBar(measuring)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, GRID)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.text)
        layout.addWidget(self.bar)
        measuring.changed.connect(self._refresh)

    def show_experiment(self, experiment: Experiment) -> None:
        """Show what is known of its network; what is measured is given up: a change has its table counted first."""
        running = self._measuring.running
        if running is not None and running.experiment != experiment:
            self._measuring.stop()
        self._experiment = experiment
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """On another page somebody waits for other answers."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._measuring.stop()

    def _pressed(self) -> None:
        if self._measuring.running is not None:
            self._measuring.stop()
        else:
            self._measuring.start([MeasureRequest(self._experiment, own=True, standard=True)])

    def _refresh(self) -> None:
        own = case_of(self._experiment) if self._experiment is not None else None
        for widget in (self, self.button):
            widget.setVisible(own is not None)
        if own is None:
            return
        training = self._experiment.training
        published = standard_case(registry().architectures.get(own.architecture), training.device, training.precision)
        self.text.setText(speed_text([own, published]))
        running = self._measuring.running is not None
        self.button.setText(_("&Stop") if running else _("&Measure"))
        self.button.setToolTip(
            _("Measure how many images a second it takes here: at this input and batch, then at its published size")
        )


class MeasuringBar(QWidget):
    """How far a measurement is, or why there is none."""

    def __init__(self, measuring: Measuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measuring = measuring
        self.label = hint("")
        self.progress = QProgressBar()
        self.progress.setAccessibleName(_("Progress of the measurement"))
        self.progress.setTextVisible(False)
        self.notice = Notice()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        for widget in (self.label, self.progress, self.notice):
            layout.addWidget(widget)
        measuring.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        measuring = self._measuring
        running = measuring.running is not None
        self.label.setText(measuring.text)
        self.progress.setRange(0, measuring.progress.total)
        self.progress.setValue(measuring.progress.done)
        self.label.setVisible(running)
        self.progress.setVisible(running)
        self.notice.show_message("" if running else measuring.problem, "warning")
        self.setVisible(running or bool(measuring.problem))


def speed_text(cases: Iterable[Case | None]) -> str:
    """What was measured of these, a line each."""
    wanted = [case for case in dict.fromkeys(cases) if case is not None]
    known = kept(wanted[0].architecture) if wanted else {}
    speeds = [known[case] for case in wanted if case in known]
    if not speeds:
        return _("Images a second on this machine: not measured yet.")
    where = _("Measured on this machine ({processor}, {date}):").format(
        processor=speeds[0].processor, date=max(speed.date for speed in speeds)
    )
    return "\n".join([where, *map(_one, speeds)])


def _one(speed: Speed) -> str:
    size = _("{height} × {width} px, batch {batch}").format(
        height=speed.case.height, width=speed.case.width, batch=speed.batch
    )
    text = _("{predicting} images/s predicting, {training} training ({size})")
    if not speed.training:
        text = _("{predicting} images/s predicting, no memory to train ({size})")
    return text.format(predicting=rate(speed.predicting), training=rate(speed.training), size=size)


def rate(images_per_second: float) -> str:
    """Images a second; empty for none."""
    if not images_per_second:
        return ""
    return f"{images_per_second:,.0f}" if images_per_second >= 20 else f"{images_per_second:.2g}"
