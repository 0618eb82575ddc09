"""The line above the table of runs: words and terms that narrow it, and what it did not understand."""

import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from workbench.gui.pages.runs_columns import searched_text
from workbench.gui.row_table import RowTableModel
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice
from workbench.i18n import _, counted
from workbench.runs.query import Query, metrics_of, parse_query
from workbench.runs.summary import RunSummary

_BREATH_EVERY = 100  # runs; lets the GUI thread have the interpreter


class RunsSearch(QWidget):
    """Narrows a table of runs while a query is typed."""

    left = Signal()  # Enter: on to what was found

    def __init__(self, model: RowTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._texts: dict[str, tuple[RunSummary, str]] = {}
        self._metrics: tuple[str, ...] = ()
        self._query = Query()
        self.field = QLineEdit()
        self.field.setPlaceholderText(_("Search: words, tag:baseline, state:completed, val_accuracy>0.7"))
        self.field.setToolTip(
            _(
                "Words occur anywhere in what is known of a run. tag:, group:, state:, dataset:, architecture:, name: "
                'and note: ask for one thing; quotes keep spaces together, as in group:"first week".\n'
                "Metrics (val_accuracy, test_loss…), best, epochs, seconds, seconds_per_epoch, samples_per_second and "
                "parameters are compared with >, >=, <, <= or =.\nA minus in front turns a word or a term round."
            )
        )
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName(_("Search runs"))
        self.field.setMinimumWidth(320)
        self.field.setMaximumWidth(560)
        self.field.textChanged.connect(self._narrow)
        self.field.returnPressed.connect(self.left)
        self.count = QLabel()
        self.count.setProperty("role", "hint")
        self.problem = Notice(self)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(row)
        layout.addWidget(self.problem)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that can be asked for."""
        return self._metrics

    def prepare(self, runs: Iterable[RunSummary], stopped: Callable[[], bool]) -> None:
        """Put into words what is known of the runs, in the thread that read them: the first letter need not wait."""
        for number, run in enumerate(runs, 1):
            if number % _BREATH_EVERY == 0:
                time.sleep(0.001)
                if stopped():
                    return
            self._text(run)

    def follow(self, runs: Iterable[RunSummary]) -> None:
        """Take note of what there is to ask for, before the table gets these runs."""
        every = list(runs)
        metrics = metrics_of(every)
        known = self._texts
        self._texts = {run.path: known[run.path] for run in every if run.path in known}
        if metrics != self._metrics:
            self._metrics = metrics
            if self.field.text():  # a metric that was unknown a moment ago may be known now
                self._narrow(self.field.text())

    def show_count(self) -> None:
        """Say how many runs there are, and how many of them are shown."""
        shown, total = len(self._model.rows), len(self._model.all_rows)
        every = counted("{total} run", "{total} runs", total)
        text = every if shown == total else counted("{shown} of {total} run", "{shown} of {total} runs", total)
        self.count.setText(text.format(shown=f"{shown:,}", total=f"{total:,}"))

    def _narrow(self, text: str) -> None:
        self._query = parse_query(text, self._metrics)
        self.problem.show_message("\n".join(self._query.problems), "warning")
        asks = self._query.words or self._query.unwanted or self._query.tests
        # A new function each time: the model takes the same one for the same wish.
        self._model.set_filter((lambda run: self._matches(run)) if asks else None)
        self.show_count()

    def _matches(self, run: RunSummary) -> bool:
        query = self._query
        return query.matches(run, self._text(run) if query.words or query.unwanted else "")

    def _text(self, run: RunSummary) -> str:
        """What is known of a run in words; made once, since every letter typed asks for all of them."""
        known = self._texts.get(run.path)
        if known is None or known[0] is not run:
            known = (run, searched_text(run))
            self._texts[run.path] = known
        return known[1]
