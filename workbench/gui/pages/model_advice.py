"""The adviser of transfer learning: what to do with a base, given how many samples there are and how they look."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.architectures.applications import application_names
from workbench.architectures.transfer import TransferSection
from workbench.diagnosis.adviser import Advice, base_of, data_size, guess_similar, trained_on
from workbench.errors import UserError
from workbench.experiment import Experiment
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice, hint, primary_button, section_title
from workbench.gui.workspace import Workspace
from workbench.i18n import _
from workbench.requests import AdviseRequest

_KEY = "advice"
_MOST_RUNS = 50
_MOST_SAMPLES = 100_000_000
_REST_MILLISECONDS = 250


class AdviceDialog(QDialog):
    """Asks what is not known, shows the advice, and sets the experiment up as one change."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Advice on a transfer"))
        self.resize(100 * GRID, 80 * GRID)
        self._workspace = workspace
        self._experiment: Experiment = workspace.document.experiment
        self.advice: Advice | None = None
        self._guess: bool | None = None
        self._rest = QTimer(self, singleShot=True, interval=_REST_MILLISECONDS)
        self._rest.timeout.connect(self._ask)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(hint(_(
            "A network that was trained before helps with few samples. How much of it to keep depends on how many "
            "samples there are, and on whether they look like what it was trained on."
        )))  # fmt: skip
        layout.addLayout(self._questions())
        layout.addWidget(self._answer(), 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.apply_button = primary_button(_("Set &it up"))
        self.apply_button.setEnabled(False)
        self.apply_button.clicked.connect(self._apply)
        buttons.addButton(self.apply_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self._show_data()
        self._base_chosen()

    def done(self, result: int) -> None:
        """Nobody waits for an answer any more."""
        self._rest.stop()
        self._workspace.questions.drop(_KEY)
        super().done(result)

    def _questions(self) -> QFormLayout:
        self.base_box = QComboBox()
        for title, name in _bases(self._experiment, self._workspace.settings.runs_folder):
            self.base_box.addItem(title, name)
        self.base_box.currentIndexChanged.connect(self._base_chosen)
        self.samples_box, self.classes_box = QSpinBox(), QSpinBox()
        for box, unknown in ((self.samples_box, _("not known")), (self.classes_box, _("none, or not known"))):
            box.setRange(0, _MOST_SAMPLES)
            box.setSpecialValueText(unknown)
            box.lineEdit().setTextMargins(GRID // 2 + 2, 0, 0, 0)  # the style's padding does not reach it
            box.setGroupSeparatorShown(True)
            box.valueChanged.connect(self._changed)
        self.question = QLabel()
        self.question.setWordWrap(True)
        self.yes, self.no = QRadioButton(_("&Yes, alike")), QRadioButton(_("&No, different"))
        group = QButtonGroup(self)
        answers = QHBoxLayout()
        answers.setSpacing(3 * GRID)
        for button in (self.yes, self.no):
            group.addButton(button)
            button.toggled.connect(self._changed)
            answers.addWidget(button)
        answers.addStretch(1)
        self.guess = hint("")
        form = QFormLayout()
        form.setHorizontalSpacing(2 * GRID)
        form.setVerticalSpacing(GRID)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(_("&Base"), self.base_box)
        form.addRow(_("&Samples to train on"), self.samples_box)
        form.addRow(_("&Classes"), self.classes_box)
        form.addRow(self.question)
        form.addRow(answers)
        form.addRow(self.guess)
        return form

    def _answer(self) -> QWidget:
        inside = QWidget()
        inside.setProperty("role", "plain")
        self.title, self.reasons, self.changes = section_title(""), QLabel(), hint("")
        self.notice = Notice()
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(0, GRID, GRID, 0)
        for widget in (self.notice, self.title, self.reasons, self.changes):
            lines.addWidget(widget)
        lines.addStretch(1)
        self.reasons.setWordWrap(True)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        return scroll

    def _show_data(self) -> None:
        """What the data report tells, where there is one."""
        report = self._workspace.data_report
        if report is not None:
            size = data_size(report)
            for box, count in ((self.samples_box, size.samples), (self.classes_box, size.classes)):
                box.blockSignals(True)
                box.setValue(count)
                box.blockSignals(False)

    def _base(self) -> TransferSection:
        return base_of(self._experiment, self.base_box.currentData())

    def _base_chosen(self) -> None:
        try:
            base = self._base()
            similar, why = guess_similar(self._experiment, base)
            self._guess = similar
            known = trained_on(base)
        except UserError as error:  # a run that was deleted meanwhile
            self._show_problem(str(error))
            return
        self.question.setText(_("Do your pictures look like what it was trained on: {those}?").format(those=known))
        self.guess.setText(_("A guess: {why}").format(why=why) if similar is not None else why)
        for button, chosen in ((self.yes, similar is True), (self.no, similar is False)):
            button.group().setExclusive(False)
            button.setChecked(chosen)
            button.group().setExclusive(True)
        self._changed()

    def _changed(self, _value: Any = None) -> None:
        self.advice = None
        self.apply_button.setEnabled(False)
        self._rest.start()

    def _ask(self) -> None:
        if not (self.yes.isChecked() or self.no.isChecked()):
            self._show_problem(_("Say whether your pictures look like those: nothing here can tell."), "information")
            return
        chosen = self.yes.isChecked()
        similar = "auto" if chosen is self._guess else "yes" if chosen else "no"
        request = AdviseRequest(
            self._experiment, similar, self.base_box.currentData(),
            self.samples_box.value(), self.classes_box.value(),
        )  # fmt: skip
        self._show_problem(_("Looking for the layers…"), "information")
        self._workspace.questions.ask(request, self._answered, self._show_problem, key=_KEY)

    def _answered(self, advice: Advice) -> None:
        self.advice = advice
        self.notice.show_message("")
        self.title.setText(advice.title)
        self.reasons.setText("\n".join(f"• {reason}" for reason in advice.reasons))
        lines = [f"{path} = {_shown(value)}" for path, value in advice.changes.items()]
        self.changes.setText("\n".join([_("It sets:"), *lines]) if lines else _("The experiment is set up like this."))
        self.apply_button.setEnabled(advice.experiment != self._experiment)

    def _show_problem(self, message: str, kind: str = "error") -> None:
        self.notice.show_message(message, kind)
        for label in (self.title, self.reasons, self.changes):
            label.clear()

    def _apply(self) -> None:
        if self.advice is not None:
            text = _("Follow the advice: {title}").format(title=self.advice.title)
            self._workspace.document.apply(self.advice.experiment, text)
            self.accept()


def _bases(experiment: Experiment, runs: Path) -> list[tuple[str, str]]:
    """Title and name of what a transfer can start from; the experiment's own, or the usual one, first."""
    own = base_of(experiment)
    first = []
    if own.base != "keras":
        first = [(_("As it is: {source}").format(source=own.source), "")]
    names = sorted(application_names(), key=lambda name: name != own.application)
    of_keras = [(_("{name}, by Keras, trained on ImageNet").format(name=name), name) for name in names]
    return [*first, *of_keras, *((_("Run {name}").format(name=path.name), str(path)) for path in _trained_runs(runs))]


def _trained_runs(runs: Path) -> list[Path]:
    """Run folders with a model, the newest first."""
    try:
        found = [(path.stat().st_mtime, path.parent) for path in runs.glob("*/model.keras")]
    except OSError:
        return []
    return [path for _time, path in sorted(found, reverse=True)[:_MOST_RUNS]]


def _shown(value: Any) -> str:
    return "-" if value in ("", None) or value == () or value == [] else str(value)
