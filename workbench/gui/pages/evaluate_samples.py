"""The samples behind the numbers: the worst ones, or those of a cell that was clicked."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from workbench.figures import Adjustable, Figure, Gallery, Matrix, Scatter, Table, Tile
from workbench.gui.figures import view_for
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.figures.gallery_view import GalleryView
from workbench.gui.widgets import Card, Notice, button_with_icon, hint
from workbench.i18n import _
from workbench.tasks.quantities import number_text, with_unit
from workbench.tasks.task import Evaluation

MOST_SHOWN = 200


@dataclasses.dataclass(frozen=True)
class Known:
    """What a sample is and what it was taken for; `exact` where anything but the truth is wrong."""

    truth: str
    given: str
    exact: bool = True


class EvaluateSamples(Card):
    """Samples beside the figures: pictures, or rows of a table.

    It asks for them by `wanted` and gets them by `show_figure`.
    """

    wanted = Signal(tuple)  # indices of samples in the split
    sample_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._evaluation: Evaluation | None = None
        self._title = ""
        self._count = 0
        self._asked: tuple[int, ...] = ()
        self._other: FigureView | None = None
        self._nothing = hint("")
        self._back = button_with_icon(_("&Back to the worst"))
        self._back.clicked.connect(self.show_worst)
        self._notice = Notice()
        self.gallery = GalleryView()
        self.gallery.grid.rows_in_sight = 1  # it scrolls itself
        self.gallery.tile_clicked.connect(self.sample_clicked)
        self.content.addWidget(self._back, 0, Qt.AlignmentFlag.AlignLeft)
        self.content.addWidget(self._notice)
        self.content.addWidget(self._nothing)
        self.content.addWidget(self.gallery, 1)
        self.content.addStretch(0)
        self.clear()

    @property
    def views(self) -> list[FigureView]:
        """What shows the samples now."""
        return [view for view in (self.gallery, self._other) if view is not None and not view.isHidden()]

    @property
    def message(self) -> str:
        """What it says instead of samples."""
        return self._nothing.text()

    def clear(self, text: str = "") -> None:
        """No samples, with a reason."""
        self._evaluation = None
        self._back.hide()
        self._say(text)

    def set_evaluation(self, evaluation: Evaluation) -> None:
        """The evaluation whose samples are shown, beginning with the worst."""
        self._evaluation = evaluation
        self.show_worst()

    def show_worst(self) -> None:
        """Ask for the samples that went worst."""
        self._back.hide()
        if self._evaluation is None:
            return
        ranking = self._evaluation.ranking
        if not ranking:
            self._say(_("There are no mistakes on this split."))
            return
        self._ask(_("Worst first"), ranking)

    def show_cell(self, matrix: Matrix, row: int, column: int, samples: tuple[int, ...]) -> None:
        """Ask for the samples of a cell of a matrix."""
        self._back.show()
        title = f"{matrix.names[row]} → {matrix.names[column]}"
        if samples:
            self._ask(title, samples)
        else:
            self._say(_("{title}: no samples.").format(title=title))

    def show_sample(self, sample: int) -> None:
        """Ask for one sample."""
        self._back.show()
        self._ask(_("Sample {number}").format(number=sample), (sample,))

    def show_figure(self, found: Figure) -> None:
        """The samples that were asked for; what the evaluation knows about pictures is written below them."""
        if self._evaluation is None:
            return
        self._say("")
        if isinstance(found, Gallery):
            answers = answers_by_sample(self._evaluation.figures)
            tiles = tuple(_with_answer(tile, answers.get(tile.sample)) for tile in found.tiles)
            self.gallery.set_figure(
                dataclasses.replace(
                    found, title=self._title, tiles=tiles, note=self._note(_("Click one to inspect it."))
                )
            )
            self.gallery.show()
        else:
            found = self._with_predictions(found) if isinstance(found, Table) else found
            self._show_other(dataclasses.replace(found, title=self._title, note=self._note()))

    def show_problem(self, message: str) -> None:
        """The pictures could not be had."""
        self._say("")
        self._notice.show_message(message, "error")

    def _ask(self, title: str, samples: tuple[int, ...]) -> None:
        self._title = title
        self._count = len(samples)
        self._asked = samples[:MOST_SHOWN]
        self._say(_("Loading samples…"))
        self.wanted.emit(self._asked)

    def _with_predictions(self, table: Table) -> Table:
        """The rows that were asked for, with what they were taken for beside what they are."""
        answers = answers_by_sample(self._evaluation.figures)
        if len(table.rows) != len(self._asked) or not any(sample in answers for sample in self._asked):
            return table
        given = [answers[sample].given if sample in answers else "" for sample in self._asked]
        place = min(2, len(table.columns))  # behind the name and the target
        return dataclasses.replace(
            table,
            columns=(*table.columns[:place], _("Predicted"), *table.columns[place:]),
            rows=tuple((*row[:place], text, *row[place:]) for row, text in zip(table.rows, given, strict=True)),
        )

    def _note(self, hint: str = "") -> str:
        text = _("{shown} of {count}.") if self._count > MOST_SHOWN else _("{count} samples.")
        if self._count == 1:
            text = ""
        return f"{text.format(shown=MOST_SHOWN, count=self._count)} {hint}".strip()

    def _show_other(self, figure: Figure) -> None:
        """Samples that are no pictures."""
        if self._other is not None and self._other.figure.kind != figure.kind:
            self.content.removeWidget(self._other)
            self._other.hide()
            self._other.deleteLater()
            self._other = None
        if self._other is None:
            self._other = view_for(figure, self)
            self.content.insertWidget(self.content.indexOf(self.gallery), self._other, 1)
        else:
            self._other.set_figure(figure)
        self._other.show()

    def _say(self, text: str) -> None:
        self._notice.show_message("")
        self.gallery.hide()
        if self._other is not None:
            self._other.hide()
        self._nothing.setText(text)
        self._nothing.setVisible(bool(text))


def answers_by_sample(figures: tuple[Figure, ...]) -> dict[int, Known]:
    """What every sample is and what it was taken for, from the figures that know their samples.

    These are matrices, and points whose axes have the same measure: true along x, predicted along y.
    """
    found: dict[int, Known] = {}
    for figure in _flat(figures):
        if isinstance(figure, Scatter) and figure.square:
            for group in figure.points:
                spread = float(np.std(group.x)) if len(group.x) else 0.0
                for sample, *numbers in zip(group.samples, group.x.tolist(), group.y.tolist(), strict=False):
                    texts = (with_unit(number_text(number, spread), figure.unit) for number in numbers)
                    found[sample] = Known(*texts, exact=False)
        if isinstance(figure, Matrix):
            for (row, column), samples in figure.samples.items():
                found.update(dict.fromkeys(samples, Known(figure.names[row], figure.names[column])))
    return found


def _with_answer(tile: Tile, answer: Known | None) -> Tile:
    if answer is None:
        return tile
    if not answer.exact:  # a number is never met exactly, and the caption has it with its unit
        return dataclasses.replace(tile, caption=f"{tile.caption or answer.truth} → {answer.given}")
    caption = f"{answer.truth} → {answer.given}"
    return dataclasses.replace(tile, caption=caption, wrong=answer.truth != answer.given)


def _flat(figures: tuple[Figure, ...]) -> Iterator[Figure]:
    """The figures, those inside of knobs too."""
    for figure in figures:
        yield from _flat(figure.figures()) if isinstance(figure, Adjustable) else (figure,)
