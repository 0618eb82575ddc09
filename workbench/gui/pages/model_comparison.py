"""All published networks in one table: their cards, and how fast they are here."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from workbench.architectures.architecture import Architecture
from workbench.architectures.speeds import Speed, case_of, kept, standard_case
from workbench.experiment import Experiment
from workbench.gui.pages.model_measuring import Measuring, MeasuringBar, rate
from workbench.gui.row_table import Column, RowTableModel, RowTableView
from workbench.gui.theme import GRID
from workbench.gui.widgets import hint, primary_button
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import MeasureRequest


@dataclass(frozen=True)
class Row:
    """A network with what was measured of it: at the experiment's input, and at its published size."""

    architecture: Architecture
    own: Speed | None
    standard: Speed | None


class ComparisonDialog(QDialog):
    """Sorted by a click on a head; Enter chooses a network for the experiment."""

    chosen = Signal(str)  # name of an architecture

    def __init__(self, experiment: Experiment, measuring: Measuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Compare architectures"))
        self.resize(157 * GRID, 80 * GRID)
        self._experiment = experiment
        self._measuring = measuring
        self.model = RowTableModel(lambda row: row.architecture.name, lambda row: _(row.architecture.card.idea))
        self.model.set_columns(_columns(experiment))
        self.table = RowTableView(self.model)
        self.table.setAccessibleName(_("Architectures"))
        self.table.chosen.connect(self._choose_row)
        self.table.selected_changed.connect(self._update_buttons)
        note = hint(
            _(
                "Parameters and multiply-adds are for one picture of the published size with 1,000 classes. Predicts "
                "and trains: images a second on this machine, with the settings every network begins with."
            )
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.setSpacing(GRID)
        layout.addWidget(note)
        layout.addWidget(self.table, 1)
        layout.addWidget(MeasuringBar(measuring))
        layout.addLayout(self._buttons())
        measuring.changed.connect(self._refresh)
        self._refresh()
        self.table.fit_columns(0)
        self.table.select([experiment.architecture.name])
        if not self.table.selected():
            self.table.select([self.model.rows[0].architecture.name])
        self.table.setFocus()

    def done(self, result: int) -> None:
        """Nobody waits for a measurement any more."""
        self._measuring.stop()
        super().done(result)

    def _buttons(self) -> QHBoxLayout:
        size = _own_size(self._experiment)
        self.own_button = QPushButton(_("Measure at &{size}").format(size=size))
        self.own_button.setToolTip(_("At the input and the batch size of the experiment: the selected networks"))
        self.own_button.setVisible(bool(size))
        self.own_button.clicked.connect(self._measure_own)
        self.standard_button = QPushButton(_("Measure at their si&ze"))
        self.standard_button.setToolTip(_("At the published size in batches of 32: the selected networks"))
        self.standard_button.clicked.connect(self._measure_standard)
        self.stop_button = QPushButton(_("&Stop"))
        self.stop_button.clicked.connect(self._measuring.stop)
        self.choose_button = primary_button(_("&Choose"))
        self.choose_button.clicked.connect(self._choose)
        for button in (self.own_button, self.standard_button, self.stop_button, self.choose_button):
            button.setAutoDefault(False)  # Enter belongs to the table
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.addButton(self.choose_button, QDialogButtonBox.ButtonRole.ActionRole)
        box.rejected.connect(self.reject)
        line = QHBoxLayout()
        line.setSpacing(GRID)
        for button in (self.own_button, self.standard_button, self.stop_button):
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(box)
        return line

    def _refresh(self) -> None:
        known = kept()
        self.model.set_rows([
            Row(architecture, known.get(case_of(_with(self._experiment, architecture))),
                known.get(_standard(self._experiment, architecture)))
            for architecture in registry().architectures if architecture.card is not None
        ])  # fmt: skip
        self._update_buttons()

    def _update_buttons(self) -> None:
        running = self._measuring.running is not None
        self.stop_button.setEnabled(running)
        for button in (self.own_button, self.standard_button):
            button.setEnabled(not running and bool(self.table.selected()))
        self.choose_button.setEnabled(len(self.table.selected()) == 1)

    def _measure_own(self) -> None:
        self._measure(own=True)

    def _measure_standard(self) -> None:
        self._measure(own=False)

    def _measure(self, *, own: bool) -> None:
        self._measuring.start(
            MeasureRequest(_with(self._experiment, row.architecture), own=own, standard=not own)
            for row in self.table.selected()
        )

    def _choose(self) -> None:
        self._choose_row(self.table.current())

    def _choose_row(self, row: Row | None) -> None:
        if row is not None:
            self.chosen.emit(row.architecture.name)
            self.accept()


def _with(experiment: Experiment, architecture: Architecture) -> Experiment:
    return experiment.changed("architecture.name", architecture.name)


def _standard(experiment: Experiment, architecture: Architecture) -> Any:
    return standard_case(architecture, experiment.training.device, experiment.training.precision)


def _own_size(experiment: Experiment) -> str:
    case = case_of(experiment)
    if case is None:
        return ""
    return f"{case.height} px" if case.height == case.width else f"{case.height} × {case.width} px"


def _columns(experiment: Experiment) -> list[Column]:
    size = _own_size(experiment)
    own = [
        _speed_column(_("Predicts, {size}").format(size=size), "own", "predicting"),
        _speed_column(_("Trains, {size}").format(size=size), "own", "training"),
    ]
    return [
        Column(_("Architecture"), lambda row: _(row.architecture.title)),
        Column(_("Year"), lambda row: str(row.architecture.card.year), _of_card("year"), numeric=True),
        Column(_("Size"), lambda row: f"{row.architecture.card.size} px", _of_card("size"), numeric=True),
        _count_column(_("Parameters"), "parameters"),
        _count_column(_("Multiply-adds"), "multiply_adds"),
        *(own if size else []),
        _speed_column(_("Predicts, its size"), "standard", "predicting"),
        _speed_column(_("Trains, its size"), "standard", "training"),
    ]


def _of_card(name: str) -> Any:
    return lambda row: getattr(row.architecture.card, name)


def _count_column(title: str, name: str) -> Column:
    return Column(title, lambda row: f"{getattr(row.architecture.card, name):,}", _of_card(name), numeric=True)


def _speed_column(title: str, which: str, what: str) -> Column:
    def value(row: Row) -> float | None:
        speed = getattr(row, which)
        return getattr(speed, what) or None if speed is not None else None

    return Column(title, lambda row: rate(value(row) or 0.0), value, numeric=True, descending=True)
