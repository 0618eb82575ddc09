"""The Inspect page: what happens inside a run's model, for one picture, over a split, or whatever the picture.

Every change of the picture, the method, the layer or a setting drops the question before. A quick method is asked anew
at once; one that takes its time is asked when its user says so, and what it answered before stays at hand.
"""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.events import Progress
from workbench.figures import Figure, Gallery
from workbench.gui.corrections_bar import CorrectionsBar
from workbench.gui.dropped import Dropped, may_hold_pictures, read_dropped
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.forms import access_keys
from workbench.gui.pages.inspect_bar import InspectBar
from workbench.gui.pages.inspect_method import InspectMethod
from workbench.gui.pages.inspect_source import InspectSource
from workbench.gui.pages.model_input import input_kind
from workbench.gui.pages.no_run import NoRun
from workbench.gui.pages.page import Page
from workbench.gui.theme import GRID
from workbench.gui.veil import Veil
from workbench.gui.widgets import Notice, button_with_icon, hint
from workbench.gui.workspace import Workspace
from workbench.i18n import _, mark
from workbench.inspection.answering import InspectAnswer
from workbench.inspection.command_line import as_command
from workbench.registry import registry
from workbench.requests import InspectRequest, SamplesRequest
from workbench.runs.folder import RunFolder

KEY, PREVIEW_KEY, OFFER_KEY = "inspect", "inspect_preview", "inspect_offer"
PATIENCE_MILLISECONDS = 40
SIDE_WIDTH = 44 * GRID
KEPT_ANSWERS = 8


class InspectPage(Page):
    """The question at the left, the figures that answer it at the right."""

    name = "inspect"
    title = mark("Inspect")
    subtitle = mark("What happens inside the network, and what in a sample its answer depends on.")
    icon = "inspect"

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.setAcceptDrops(True)
        self._run = ""
        self._stale = True
        self._request: InspectRequest | None = None  # what is asked now
        self._shown_method = ""
        self._answers: dict[str, InspectAnswer] = {}  # of slow methods, by their questions
        self.bar = InspectBar()
        self.source = InspectSource()
        self.notice = Notice()
        self._retry = button_with_icon(_("&Try again"), "refresh")
        self.notice.buttons.addWidget(self._retry)
        self.method = InspectMethod(letters=access_keys(*self.bar.letters, *self.source.letters, self._retry.text()))
        self.panel = FigurePanel()
        self.veil = Veil(self.panel)
        self.corrections = CorrectionsBar(workspace)
        self.status = self.bar.status
        self.no_run = NoRun(
            workspace, _("Train an experiment, or choose one of the runs; then its model can be looked into.")
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.no_run)
        self._stack.addWidget(self._run_view())
        self.no_method = hint("")
        self.no_method.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack.addWidget(self.no_method)
        self.content.addWidget(self._stack, 1)
        # A spin box held down changes many times a second; the engine is asked when it rests for a moment.
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MILLISECONDS)
        self._patience.timeout.connect(self._settle)
        self._connect()
        self._show_subject()
        self.source.show_sample(*workspace.sample_to_inspect)

    def shown(self) -> None:
        """Ask for what changed while the page was out of sight."""
        if self._run != self.workspace.current_run:
            self._run_changed(self.workspace.current_run)
        elif self._stale:
            self._patience.start()

    def hidden(self) -> None:
        """Leave the engine to the page in sight, but for what was asked for on purpose and takes its time."""
        self._patience.stop()
        if self._request is not None and not self.method.inspector.quick:
            text = _("Inspect is still looking. Other pages are answered when it is done, or stopped there.")
            self.workspace.status_message.emit(text)

    def inspect_sample(self, split: str, index: int) -> None:
        """Show a sample of the run's data."""
        if self.method.name and self.method.inspector.subject != "sample":
            self.method.choose_for("sample")
        self.source.show_sample(split, index)

    def _open_sample(self, sample: int) -> None:
        """A picture of a figure about many samples: look at that one alone."""
        if self.method.inspector.subject == "split":
            self.inspect_sample(self.source.split, sample)

    def look(self) -> None:
        """Ask the method that is chosen, also one that was answered before."""
        self._patience.stop()
        request = self._question()
        if request is not None:
            self._ask(request)

    def stop(self) -> None:
        """Give up what is asked."""
        if self._request is None:
            return
        self.workspace.questions.drop(KEY)
        self._request = None
        below = _("Stopped. What is below belongs to the question before.")
        self.bar.show_rest(below if self.panel.views else _("Stopped."))
        self.veil.set_drawn(bool(self.panel.views))

    def copy_command(self) -> None:
        """Put the question as a command line into the clipboard."""
        if not self._run or not self.method.name:
            return
        try:
            command = as_command(self._made_request())
        except UserError as error:
            self.notice.show_message(str(error), "warning")
            return
        QGuiApplication.clipboard().setText(command)
        self.workspace.status_message.emit(_("Copied: {command}").format(command=command))

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
        for card in (self.method, self.source, self.method.settings):
            column.addWidget(card)
        column.addStretch(1)
        left = SideColumn(question)
        right = QVBoxLayout()
        right.setSpacing(GRID)
        right.addWidget(self.bar)
        right.addWidget(self.notice)
        right.addWidget(self.corrections)
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
        self.panel.tile_clicked.connect(self._open_sample)
        self.source.changed.connect(self._question_changed)
        self.method.changed.connect(self._method_changed)
        self._retry.clicked.connect(self.look)
        self.bar.look_wanted.connect(self.look)
        self.bar.stop_wanted.connect(self.stop)
        self.bar.command_wanted.connect(self.copy_command)
        self.bar.slow.connect(self._dim)
        self.bar.add_shortcuts(self)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)

    def _current_run_changed(self, path: str) -> None:
        self._run = ""  # the same folder after more training is another model
        if self.isVisible():
            self._run_changed(path)

    def _run_changed(self, path: str) -> None:
        for key in (KEY, PREVIEW_KEY, OFFER_KEY):
            self.workspace.questions.drop(key)
        self._run = path
        self._answers.clear()
        kind = input_kind(path)
        self.method.offer(kind)
        self._stack.setCurrentIndex(0 if not path else 1 if self.method.name else 2)
        self.no_method.setText(_no_method(kind))
        self.notice.show_message("")
        self.bar.show_rest("")
        self._clear()
        self.source.set_samples_possible(not Path(path).is_file())
        self.source.set_sample_count(0)
        self._method_changed()

    def _method_changed(self) -> None:
        self._show_subject()
        self._question_changed()

    def _show_subject(self) -> None:
        if self.method.name:
            self.source.show_for(self.method.inspector.subject)
            self.bar.look.setVisible(not self.method.inspector.quick)

    def _question_changed(self) -> None:
        self._stale = True
        self.workspace.questions.drop(KEY)
        self._request = None
        if self.isVisible():
            self._patience.start()

    def _settle(self) -> None:
        """The question rests: ask it, or show what it was answered before, or wait to be told."""
        self.bar.show_rest("")
        self.notice.show_message("")
        request = self._question()
        if request is None:
            return
        if self.method.inspector.subject == "sample":
            self._ask_preview()
        known = self._answers.get(repr(request))
        if known is not None:
            self._show_answer(known)
        elif self.method.inspector.quick:
            self._ask(request)
        else:
            self._invite(request)

    def _invite(self, request: InspectRequest) -> None:
        """Nothing is asked that takes its time, before the user says so; but what there is to choose from is."""
        if self._shown_method != request.method:
            self._clear()
        self.veil.set_drawn(bool(self.panel.views))
        below = _("Press Look to ask this. What is below belongs to the question before.")
        self.bar.show_rest(below if self.panel.views else _("This takes a while: press Look to begin."))
        if self.method.lists_layers:
            offer = replace(request, offer=True)
            self.workspace.questions.ask(offer, self._take_offer, self._take_error, key=OFFER_KEY)

    def _question(self) -> InspectRequest | None:
        """What would be asked now; None, and why in the status, where there is nothing to ask."""
        self._stale = False
        if not self._run or not self.method.name:
            return None
        is_file = Path(self._run).is_file()
        subject = self.method.inspector.subject
        if is_file and (subject == "split" or (subject == "sample" and self.source.source.is_sample)):
            self._clear()
            text = _("A model file has no samples of its own. Open or drop a picture.")
            split = _("A model file has no samples of its own. This method needs a run with its data.")
            self.bar.show_rest(split if subject == "split" else text)
            return None
        if not is_file and not RunFolder(self._run).model_path.exists():
            self.bar.show_rest(_("The run has no model yet; there is one after its first epoch."))
            return None
        return self._made_request()

    def _made_request(self) -> InspectRequest:
        name, params, source = self.method.name, self.method.params, self.source.source
        match self.method.inspector.subject:
            case "model":
                return InspectRequest(self._run, name, params)
            case "split":
                return InspectRequest(self._run, name, params, split=self.source.split)
        return InspectRequest(
            self._run, name, params,
            path=source.path, pixels=source.pixels, split=source.split, sample=source.sample,
        )  # fmt: skip

    def _ask(self, request: InspectRequest) -> None:
        self._request = request
        self.notice.show_message("")
        self.bar.show_asked()
        self.workspace.questions.ask(request, self._take_answer, self._take_error, self._take_event, key=KEY)

    def _ask_preview(self) -> None:
        source = self.source.source
        if source.is_sample:
            preview = SamplesRequest(self._run, source.split, (source.sample,))
            self.workspace.questions.ask(preview, self._take_preview, self._lose_preview, key=PREVIEW_KEY)

    def _take_answer(self, answer: InspectAnswer) -> None:
        if not self.method.inspector.quick and self._request is not None:
            self._answers.pop(repr(self._request), None)
            self._answers[repr(self._request)] = answer
            if len(self._answers) > KEPT_ANSWERS:
                del self._answers[next(iter(self._answers))]
        self._request = None
        self._show_answer(answer)

    def _show_answer(self, answer: InspectAnswer) -> None:
        self.method.take_answer(answer.layers, answer.choices, answer.layer, answer.maps)
        self.veil.set_drawn(False)
        self.panel.set_figures(answer.figures)
        self._shown_method = self.method.name
        of_samples = self.method.inspector.family == "samples"
        self.corrections.follow(self.panel.views if of_samples else (), self._run, self.source.source.split)
        if answer.samples:
            self.source.set_sample_count(answer.samples)
        self.bar.show_rest(_about(answer))

    def _take_offer(self, answer: InspectAnswer) -> None:
        self.method.take_answer(answer.layers, answer.choices, answer.layer, answer.maps)

    def _take_error(self, message: str) -> None:
        self._request = None
        self.bar.show_rest("")
        self._clear()
        self.notice.show_message(message, "error")

    def _take_event(self, event: object) -> None:
        if isinstance(event, Progress):
            self.bar.show_progress(event)

    def _take_preview(self, gallery: Figure) -> None:
        if isinstance(gallery, Gallery):
            self.source.show_preview(gallery.tiles[0].pixels, gallery.tiles[0].caption)

    def _lose_preview(self, _message: str) -> None:
        """The inspection itself says what is wrong with the sample."""
        self.source.forget_preview()

    def _dim(self) -> None:
        """An answer that is long in coming: what is in sight is not it."""
        self.veil.set_drawn(bool(self.panel.views))

    def _clear(self) -> None:
        self.veil.set_drawn(False)
        self.panel.clear()
        self.corrections.follow((), "", "")
        self._shown_method = ""

    def _take(self, dropped: Dropped) -> None:
        message = self.source.show_dropped(dropped)
        if message:
            self.notice.show_message(message, "warning")


class SideColumn(QScrollArea):
    """A column as wide as what is in it needs, that scrolls up and down only."""

    def __init__(self, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _scroll_up_and_down(self, widget)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the fields in it scroll into sight by themselves
        widget.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        needed = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        self.setFixedWidth(max(SIDE_WIDTH, needed))


def _about(answer: InspectAnswer) -> str:
    """What is known beside the figures, on a line."""
    parts = []
    if answer.truth:
        parts.append(_("True: {name}").format(name=answer.truth))
    if answer.target:
        parts.append(_("Explained: {name}").format(name=answer.target))
    if answer.layer:
        parts.append(_("Layer: {name}").format(name=answer.layer))
    quick = answer.seconds < 10
    parts.append(
        _("{milliseconds:.0f} ms").format(milliseconds=answer.seconds * 1000)
        if quick else _("{seconds:.0f} s").format(seconds=answer.seconds)
    )  # fmt: skip
    return " · ".join(parts)


def _no_method(kind: str) -> str:
    known = registry().inputs
    name = _(known.get(kind).title).lower() if kind in known.names() else kind
    return _(
        "No method here looks into models with this kind of input: {name}. Evaluate shows what this one has learned, "
        "and Predict what it answers."
    ).format(name=name)


def _scrolling(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setAccessibleName(_("Figures"))
    _scroll_up_and_down(area, widget)
    return area


def _scroll_up_and_down(area: QScrollArea, widget: QWidget) -> None:
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
