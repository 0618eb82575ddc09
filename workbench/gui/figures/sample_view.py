"""What renderers share that show samples in a list or table: selecting them, signs on those with a correction."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractItemView, QWidget

from workbench.data.corrections import Correction
from workbench.figures import RowSample
from workbench.gui.figures.figure_view import FigureView


class SampleView(FigureView):
    """Base of them. `corrections` are by the names of samples."""

    selection_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.corrections: Mapping[str, Correction] = {}
        self._selects_samples = False

    @property
    def grid(self) -> QAbstractItemView:
        """The list or table, for pages that select in it."""
        raise NotImplementedError

    def samples_of(self, rows: list[int]) -> list[RowSample]:
        """The samples of rows of the grid; less where some show none."""
        raise NotImplementedError

    @property
    def sample_views(self) -> list[FigureView]:
        return [self]

    @property
    def selected_samples(self) -> list[RowSample]:
        """The samples that are selected, in order."""
        if self.figure is None or not self._selects_samples:
            return []
        return self.samples_of(sorted({index.row() for index in self.grid.selectionModel().selectedIndexes()}))

    def select_several(self) -> None:
        """Let samples be selected, for what its actions (`addAction`) do with them."""
        if self._selects_samples:
            return
        self._selects_samples = True
        self.grid.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.grid.selectionModel().selectionChanged.connect(self.selection_changed)
        self.grid.model().modelReset.connect(self.selection_changed)  # Qt says nothing of the selection then

    def show_corrections(self, corrections: Mapping[str, Correction]) -> None:
        """Put a sign on the samples that a correction names."""
        self.corrections = corrections
        self.grid.viewport().update()
