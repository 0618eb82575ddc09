"""The Inspect page: what happens inside a run's model for one picture.

Every change of the picture, the method, the layer or a setting asks anew; the question before is dropped, so that
the answer in sight always belongs to what is chosen.
"""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from workbench.events import Progress
from workbench.figures import Figure, Gallery
from workbench.gui.dropped import Dropped, may_hold_pictures, read_dropped
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.pages.evaluate import progress_text
from workbench.gui.pages.inspect_method import InspectMethod
from workbench.gui.pages.inspect_source import InspectSource
from workbench.gui.pages.model_input import input_kind
from workbench.gui.pages.no_run import NoRun
from workbench.gui.pages.page import Page
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, button_with_icon, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.inspection.answering import InspectAnswer
from workbench.registry import registry
from workbench.requests import InspectRequest, SamplesRequest
from workbench.runs.folder import RunFolder

KEY, PREVIEW_KEY = "inspect", "inspect_preview"
PATIENCE_MILLISECONDS = 40
SIDE_WIDTH = 40 * GRID


class InspectPage(Page):
    """The question at the left, the figures that answer it at the right."""

    name = "inspect"
    title = mark("Inspect")
    subtitle = mark("What the layers see in a picture, and where the network looks.")
    icon = "inspect"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.setAcceptDrops(True)
        self._run = ""
        self._stale = True
        self.source = InspectSource()
        self.method = InspectMethod()
        self.panel = FigurePanel(column_width=460)
        self.notice = Notice()
        self._retry = button_with_icon(_("&Try again"), "refresh")
        self.notice.buttons.addWidget(self._retry)
        self.status = hint("")
        self.no_run = NoRun(_("Train an experiment, or choose one of the runs; then its model can be looked into."))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.no_run)
        self._stack.addWidget(self._run_view())
        self.no_method = hint("")
        self.no_method.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack.addWidget(self.no_method)
        self.content.addWidget(self._stack, 1)
        # A spin box held down changes many times a second; the engine is asked when it rests for a moment.
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MILLISECONDS)
        self._patience.timeout.connect(self._ask)
        self._connect()
        self.source.show_sample(*workspace.sample_to_inspect)

    def shown(self) -> None:
        """Ask for what changed while the page was out of sight."""
        if self._run != self.workspace.current_run:
            self._run_changed(self.workspace.current_run)
        elif self._stale:
            self._patience.start()

    def hidden(self) -> None:
        """Leave the engine to the page in sight."""
        self._patience.stop()

    def inspect_sample(self, split: str, index: int) -> None:
        """Show a sample of the run's data."""
        self.source.show_sample(split, index)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if may_hold_pictures(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if may_hold_pictures(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._take(read_dropped(event.mimeData()))

    def paste(self) -> None:
        """Inspect the picture or the file in the clipboard."""
        self._take(read_dropped(QGuiApplication.clipboard().mimeData()))

    def _run_view(self) -> QWidget:
        question = QWidget()
        column = QVBoxLayout(question)
        column.setContentsMargins(0, 0, GRID, 0)
        column.setSpacing(2 * GRID)
        column.addWidget(self.source)
        column.addWidget(self.method)
        column.addStretch(1)
        left = SideColumn(question)
        right = QVBoxLayout()
        right.setSpacing(GRID)
        right.addWidget(self.status)
        right.addWidget(self.notice)
        right.addWidget(_scrolling(self.panel), 1)
        view = QWidget()
        row = QHBoxLayout(view)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(left)
        row.addLayout(right, 1)
        return view

    def _connect(self) -> None:
        self.workspace.current_run_changed.connect(self._current_run_changed)
        self.workspace.inspect_requested.connect(self.inspect_sample)
        self.source.changed.connect(self._question_changed)
        self.method.changed.connect(self._question_changed)
        self.no_run.train_wanted.connect(self._go_to_train)
        self._retry.clicked.connect(self._ask)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)

    def _current_run_changed(self, path: str) -> None:
        self._run = ""  # the same folder after more training is another model
        if self.isVisible():
            self._run_changed(path)

    def _run_changed(self, path: str) -> None:
        for key in (KEY, PREVIEW_KEY):
            self.workspace.questions.drop(key)
        self._run = path
        kind = input_kind(path)
        self.method.offer(kind)
        self._stack.setCurrentIndex(0 if not path else 1 if self.method.name else 2)
        self.no_method.setText(_no_method(kind))
        self.notice.show_message("")
        self.status.setText("")
        self.panel.clear()
        self.source.set_samples_possible(not Path(path).is_file())
        self.source.set_sample_count(0)
        self._question_changed()

    def _question_changed(self) -> None:
        self._stale = True
        if self.isVisible():
            self._patience.start()

    def _ask(self) -> None:
        if not self._run or not self.method.name:
            return
        self._stale = False
        self.notice.show_message("")
        source = self.source.source
        if source.is_sample and Path(self._run).is_file():
            self.status.setText(_("A model file has no samples of its own. Open or drop a picture."))
            return
        if not Path(self._run).is_file() and not RunFolder(self._run).model_path.exists():
            self.status.setText(_("The run has no model yet; there is one after its first epoch."))
            return
        self.status.setText(_("Looking…"))
        request = InspectRequest(
            self._run, self.method.name, self.method.params,
            path=source.path, pixels=source.pixels, split=source.split, sample=source.sample,
        )  # fmt: skip
        self.workspace.questions.ask(request, self._take_answer, self._take_error, self._take_progress, key=KEY)
        if source.is_sample:
            preview = SamplesRequest(self._run, source.split, (source.sample,))
            self.workspace.questions.ask(preview, self._take_preview, self._lose_preview, key=PREVIEW_KEY)

    def _take_answer(self, answer: InspectAnswer) -> None:
        self.method.take_answer(answer.layers, answer.choices, answer.layer)
        self.panel.set_figures(answer.figures)
        if answer.samples:
            self.source.set_sample_count(answer.samples)
        parts = []
        if answer.truth:
            parts.append(_("True: {name}").format(name=answer.truth))
        if answer.target:
            parts.append(_("Explained: {name}").format(name=answer.target))
        if answer.layer:
            parts.append(_("Layer: {name}").format(name=answer.layer))
        parts.append(_("{milliseconds:.0f} ms").format(milliseconds=answer.seconds * 1000))
        self.status.setText(" · ".join(parts))

    def _take_error(self, message: str) -> None:
        self.status.setText("")
        self.panel.clear()
        self.notice.show_message(message, "error")

    def _take_progress(self, event: object) -> None:
        if isinstance(event, Progress):
            self.status.setText(progress_text(event))

    def _take_preview(self, gallery: Figure) -> None:
        if isinstance(gallery, Gallery):
            self.source.show_preview(gallery.tiles[0].pixels, gallery.tiles[0].caption)

    def _lose_preview(self, _message: str) -> None:
        """The inspection itself says what is wrong with the sample."""
        self.source.forget_preview()

    def _take(self, dropped: Dropped) -> None:
        message = self.source.show_dropped(dropped)
        if message:
            self.notice.show_message(message, "warning")

    def _go_to_train(self) -> None:
        self.workspace.page_requested.emit("train")


class SideColumn(QScrollArea):
    """A column as wide as what is in it needs, that scrolls up and down only."""

    def __init__(self, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _scroll_up_and_down(self, widget)
        widget.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        needed = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        self.setFixedWidth(max(SIDE_WIDTH, needed))


def _no_method(kind: str) -> str:
    known = registry().inputs
    name = _(known.get(kind).title).lower() if kind in known.names() else kind
    return _(
        "No method here looks into models with this kind of input: {name}. Evaluate shows what this one has learned, "
        "and Predict what it answers."
    ).format(name=name)


def _scrolling(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    _scroll_up_and_down(area, widget)
    return area


def _scroll_up_and_down(area: QScrollArea, widget: QWidget) -> None:
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
