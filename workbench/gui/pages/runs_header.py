"""Which columns the table of runs has: the usual ones, or those chosen in the menu of its header."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from workbench.gui.pages.runs_columns import METRIC, NAME_COLUMN, all_columns, shown_names
from workbench.gui.row_table import RowTableView
from workbench.gui.settings import Settings
from workbench.i18n import _
from workbench.runs.summary import RunSummary

FIRST_SORTED = "created"


class RunsHeader(QObject):
    """Gives the table its columns and remembers the choice in the settings."""

    def __init__(self, table: RowTableView, settings: Settings) -> None:
        super().__init__(table)
        self._table = table
        self._settings = settings
        self._metrics: tuple[str, ...] = ()
        self._runs: list[RunSummary] = []
        self._fitted = False
        self.names: list[str] = []
        header = table.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._ask)
        header.setToolTip(_("Click to sort; right-click to choose the columns"))
        self._show(FIRST_SORTED, Qt.SortOrder.DescendingOrder)

    def follow(self, runs: Iterable[RunSummary], metrics: tuple[str, ...]) -> None:
        """Offer the metrics of these runs, and show the columns of notes where there are any."""
        self._runs, self._metrics = list(runs), metrics
        self._show()

    def fit(self) -> None:
        """Give every column the width of what stands in it, the first time there is something."""
        if self._table.rows.rows and not self._fitted:
            self._fitted = True
            self._table.fit_columns(NAME_COLUMN)

    def column(self, name: str) -> int:
        """The place of a column, -1 where it is not shown."""
        return self.names.index(name) if name in self.names else -1

    def menu(self) -> QMenu:
        """Every column there is, those shown with a tick."""
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        known = all_columns(self._metrics)
        for name, column in known.items():
            if name == "name":
                continue
            if name.startswith(METRIC) and not any(action.isSeparator() for action in menu.actions()):
                menu.addSeparator()
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(name in self.names)
            action.setData(name)
            action.toggled.connect(self._toggled)
        menu.addSeparator()
        menu.addAction(_("The usual columns"), self._back_to_usual)
        return menu

    def choose(self, names: Iterable[str]) -> None:
        """Show these columns from now on; none means the usual ones."""
        self._settings.change(run_columns=tuple(names))
        self._fitted = False
        self._show()

    def _show(self, sorted_by: str = "", order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        known = all_columns(self._metrics)
        names = shown_names(self._settings.values.run_columns, self._runs, known)
        if names == self.names:
            return
        header = self._table.horizontalHeader()
        place = header.sortIndicatorSection()
        if not sorted_by and 0 <= place < len(self.names):
            sorted_by, order = self.names[place], header.sortIndicatorOrder()
        self.names = names
        self._table.rows.set_columns([known[name] for name in names])
        if sorted_by and sorted_by not in names:  # hidden; what moved into its place was not asked for
            sorted_by = FIRST_SORTED if FIRST_SORTED in names else names[NAME_COLUMN]
            descending = known[sorted_by].descending
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        if sorted_by:
            self._table.sortByColumn(names.index(sorted_by), order)
        self._fitted = False
        self.fit()

    def _ask(self, position: QPoint) -> None:
        self.menu().popup(self._table.horizontalHeader().mapToGlobal(position))

    def _toggled(self, shown: bool) -> None:
        name = self.sender().data()
        others = [other for other in self.names if other != name]
        self.choose([*others, name] if shown else others)

    def _back_to_usual(self) -> None:
        self.choose(())
