"""The Live page: what a model sees in a camera or a video, while it moves."""

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from workbench.engine import Engine
from workbench.errors import UserError
from workbench.events import FrameSeen, Note, ServiceStarted
from workbench.gui.background import BackgroundWork
from workbench.gui.dropped import read_dropped
from workbench.gui.pages.inspect import SideColumn
from workbench.gui.pages.live_bars import LiveBars
from workbench.gui.pages.live_picture import LivePicture, save, snapshot
from workbench.gui.pages.live_source_card import LiveSourceCard
from workbench.gui.pages.page import Page
from workbench.gui.pages.predict_drop_zone import DropZone
from workbench.gui.pages.serve_numbers import ServiceNumbers
from workbench.gui.pages.service_model import ServiceModelChooser
from workbench.gui.service_runner import ServiceRunner
from workbench.gui.theme import GRID, set_icon
from workbench.gui.widgets import Card, Notice, button_with_icon, hint, primary_button, section_title
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.inspection.live.source import VIDEO_SUFFIXES
from workbench.requests import ServeRequest

_ANSWER_MILLISECONDS = 200  # words and bars that change faster cannot be read
_RATE_FRAMES = 40
_ANSWER_WIDTH = 34 * GRID
_NUMBERS = {
    "shown": mark("Frames/s"),
    "latency": mark("Latency (ms)"),
    "model_ms": mark("Model (ms)"),
    "frames": mark("Frames"),
    "skipped": mark("Skipped"),
}


def _own_engine() -> Engine:
    # On the processor: a GPU is for who trains.
    return Engine("live", device="cpu")


class LivePage(Page):
    """Source and settings at the left, the moving picture in the middle, what the model says at the right."""

    name = "live"
    title = mark("Live")
    subtitle = mark("What a model sees in a camera or a video, and where it looks, while the picture moves.")
    icon = "live"

    def __init__(
        self, workspace: Workspace, parent: QWidget | None = None, make_engine: Callable[[], Any] = _own_engine
    ) -> None:
        super().__init__(workspace, parent)
        self.runner = ServiceRunner(self, make_engine=make_engine)
        self.ask_path: Callable[[QWidget, str], str] = _ask_path
        self._work = BackgroundWork(self)
        self._last: FrameSeen | None = None
        self._asked_to_stop = False
        self._times: deque[float] = deque(maxlen=_RATE_FRAMES)
        self._latencies: deque[float] = deque(maxlen=_RATE_FRAMES)
        self.models = ServiceModelChooser(self._work, workspace, self.runner)
        self.start_button = primary_button("", "play")
        self.snapshot_button = button_with_icon(_("S&napshot…"), "save")
        self.snapshot_button.setToolTip(_("Save this frame with its heatmap as PNG"))
        self.card = LiveSourceCard()
        self.status = hint("")
        self.note = hint("")
        self.notice = Notice()
        self.numbers = ServiceNumbers()
        self.numbers.set_titles(_NUMBERS)
        self.picture = LivePicture()
        self.drop_zone = DropZone(
            _("Drop a video here"), _("or choose a camera at the left and press Start (Space)."), "live",
            _("Let go to look at this video"),
        )  # fmt: skip
        self.answer = section_title("")
        self.answer.setWordWrap(True)
        self.bars = LiveBars()
        self._tick = QTimer(self, interval=_ANSWER_MILLISECONDS)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self._refresh()

    def shown(self) -> None:
        """List runs and cameras anew, and go on drawing."""
        self.models.refresh(self.workspace.settings.runs_folder)
        if not self.runner.running:
            self.card.refresh()
            self._refresh()
        elif self._last is not None:
            self.picture.show_frame(self._last)
            self._tick.start()

    def hidden(self) -> None:
        """Draw nothing any more: the service waits then, since it hears of no frame that was shown."""
        self._work.stop()
        self._tick.stop()

    def start(self) -> None:
        """Look at the chosen source with the chosen model."""
        if self.runner.running or not (self.models.model and self.card.source):
            return
        self.notice.show_message("")
        self.note.setText("")
        self._show(None)
        self._asked_to_stop = False
        self._times.clear()
        self._latencies.clear()
        self.status.setText(_("Starting…"))
        params = self.card.section.model_dump() | {"paced": True}
        self.runner.start(ServeRequest("live", self.models.model, params))
        self._tick.start()

    def stop(self) -> None:
        """End it; the last frame stays."""
        self._asked_to_stop = True
        self.runner.stop()

    def start_or_stop(self) -> None:
        """What the button and Space do."""
        if self.runner.running:
            self.stop()
        else:
            self.start()

    def use_video(self, path: str) -> None:
        """Look at a video file, from its beginning."""
        if self.runner.running:
            self.notice.show_message(_("Stop first, then drop the video again."), "warning")
            return
        self.card.use_video(path)
        self.start()

    def take_snapshot(self) -> None:
        """Ask for a file and save the frame in it, as it is seen now."""
        frame = self.picture.frame
        if frame is None:
            return
        image: QImage = snapshot(frame, self.card.blend)
        proposed = f"live-{datetime.now().strftime('%Y%m%d-%H%M%S')}.png"
        path = self.ask_path(self, proposed)
        if not path:
            return
        target = path if path.lower().endswith(".png") else f"{path}.png"
        try:
            save(image, target)
        except UserError as error:
            self.notice.show_message(str(error), "error")
        else:
            self.notice.show_message(_("Saved as {path}.").format(path=target), "success")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.start_or_stop()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _videos(event):
            event.acceptProposedAction()
            self.drop_zone.set_hot(True)
        else:
            event.ignore()  # experiments, runs and pictures mean the same as on every page

    def dragLeaveEvent(self, _event: object) -> None:
        self.drop_zone.set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop_zone.set_hot(False)
        event.acceptProposedAction()
        self.use_video(_videos(event)[0])

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self.models, 1)
        top.addWidget(self.start_button)
        top.addWidget(self.snapshot_button)
        self.content.addLayout(top)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.drop_zone)
        self._stack.addWidget(self.picture)
        answer = Card(_("What the model says"))
        answer.content.addWidget(self.answer)
        answer.content.addWidget(self.bars)
        answer.content.addWidget(self.note)
        answer.content.addStretch(1)
        answer.setFixedWidth(_ANSWER_WIDTH)
        seen = QHBoxLayout()
        seen.setSpacing(2 * GRID)
        seen.addWidget(self._stack, 1)
        seen.addWidget(answer)
        right = QVBoxLayout()
        right.setSpacing(GRID)
        for widget in (self.notice, self.status, self.numbers):
            right.addWidget(widget)
        right.addLayout(seen, 1)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(SideColumn(self.card))
        row.addLayout(right, 1)
        self.content.addLayout(row, 1)

    def _connect(self) -> None:
        self.workspace.closing.connect(self._tick.stop)
        self.workspace.closing.connect(self.runner.close)
        self.workspace.closing.connect(self._work.stop)
        self.models.changed.connect(self._refresh)
        self.start_button.clicked.connect(self.start_or_stop)
        self.snapshot_button.clicked.connect(self.take_snapshot)
        self.card.source_changed.connect(self._refresh)
        self.card.told.connect(self._tell_settings)
        self.card.blend_changed.connect(self.picture.set_share)
        self.drop_zone.clicked.connect(self.card.file_button.click)
        self.picture.painted.connect(self._painted)
        self.runner.event.connect(self._take)
        self.runner.state_changed.connect(self._refresh)
        self.runner.ended.connect(self._ended)
        self._tick.timeout.connect(self._show_answer)

    def _refresh(self) -> None:
        running = self.runner.running
        ready = bool(self.models.model and self.card.source)
        self.start_button.setText(_("&Stop (Space)") if running else _("&Start (Space)"))
        set_icon(self.start_button, "stop" if running else "play", "accent_text")
        self.start_button.setEnabled(not self.runner.stopping if running else ready)
        self.snapshot_button.setEnabled(self.picture.frame is not None)
        self.card.set_running(running)
        if self.runner.stopping:
            self.status.setText(_("Stopping…"))
        elif not running and not self.models.model:
            self.status.setText(_("Choose a run whose model is to look, or a model file."))
        elif not running and not self.card.source:
            self.status.setText(_("No camera was found. Plug one in and come back to this page, or open a video."))
        elif not running and self._last is None:
            self.status.setText(_("Ready."))

    def _take(self, event: object) -> None:
        match event:
            case ServiceStarted():
                self.status.setText(_("Waiting for the first frame…"))
            case Note():
                self.notice.show_message(event.text, "warning")
            case FrameSeen():
                self._show(event)

    def _show(self, frame: FrameSeen | None) -> None:
        first = self._last is None
        self._last = frame
        self._stack.setCurrentWidget(self.drop_zone if frame is None else self.picture)
        if self.isVisible() or frame is None:
            self.picture.show_frame(frame)
        if frame is None:
            self._show_answer()
        elif first or self.notice.text:
            self.snapshot_button.setEnabled(True)
            if self.notice.property("role") == "notice-warning":
                self.notice.show_message("")  # the camera is back
            self.status.setText(_("Looking at {source}.").format(source=_source_title(self.card.source)))

    def _painted(self, frame: FrameSeen) -> None:
        now = time.monotonic()
        self._times.append(now)
        self._latencies.append(now - frame.taken)
        self.runner.tell({"shown": frame.frame})

    def _show_answer(self) -> None:
        """What is read rather than seen."""
        frame = self._last
        self.answer.setText(frame.text if frame is not None else "")
        self.note.setText(frame.note if frame is not None else _("Its answer stands here while it looks."))
        self.note.setVisible(bool(self.note.text()))
        self.bars.show_bars(frame.bars if frame is not None else ())
        self.numbers.show_numbers(self._measured(frame) if frame is not None else {})

    def _measured(self, frame: FrameSeen) -> dict[str, float]:
        times, latencies = self._times, self._latencies
        numbers = {"frames": float(frame.frame), "model_ms": frame.numbers["model_ms"],
                   "skipped": frame.numbers["skipped"]}  # fmt: skip
        if len(times) > 1 and times[-1] > times[0]:
            numbers["shown"] = (len(times) - 1) / (times[-1] - times[0])
            numbers["latency"] = 1000 * sorted(latencies)[len(latencies) // 2]
        return numbers

    def _tell_settings(self, values: dict[str, Any]) -> None:
        self.runner.tell({"params": values})

    def _ended(self, message: str) -> None:
        self._tick.stop()
        self._show_answer()
        self.status.setText(_("Stopped.") if self._asked_to_stop or message else _("The video has ended."))
        self._refresh()
        if message:
            self.notice.show_message(message, "error")


def _source_title(source: str) -> str:
    return _("camera {index}").format(index=source) if source.isdigit() else Path(source).name


def _videos(event: QDragEnterEvent | QDropEvent) -> list[str]:
    paths = read_dropped(event.mimeData()).paths
    return [path for path in paths if Path(path).suffix.lower() in VIDEO_SUFFIXES]


def _ask_path(parent: QWidget, proposed: str) -> str:
    return QFileDialog.getSaveFileName(parent, _("Save the snapshot"), proposed, _("Pictures (*.png)"))[0]
