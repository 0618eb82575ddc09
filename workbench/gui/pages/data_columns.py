"""Choosing columns of a table by name: the names are read from the file, in a thread, when its settings change.

Fields with the hint `column` take one column, fields with the hint `columns` several; the dataset's source says which
ones there are.
"""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout

from workbench.data.source import ColumnsToChoose
from workbench.errors import UserError
from workbench.experiment import DatasetSection
from workbench.gui.background import BackgroundWork
from workbench.gui.elided_box import ElidedBox
from workbench.gui.form_editors import Editor
from workbench.gui.form_fields import FieldPlan
from workbench.gui.theme import GRID
from workbench.i18n import _, mark
from workbench.registry import registry

KINDS = {
    "text": mark("words"), "date": mark("dates"), "empty": mark("empty"), "unclear": mark("mixed"),
}  # fmt: skip
_FEWEST_ROWS, _MOST_ROWS = 3, 9


class ColumnNames(QObject):
    """The columns of the dataset on screen.

    Attributes:
        columns: names with their kinds (`number`, `text`...), as far as they are known.
        problem: why they are not.
        automatic: by the field, the column that is taken where it names none.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work = BackgroundWork(self)
        self._wanted: DatasetSection | None = None
        self.columns: tuple[tuple[str, str], ...] = ()
        self.problem = ""
        self.automatic: dict[str, str] = {}
        self._chosen: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        """The names alone."""
        return [name for name, _kind in self.columns]

    @property
    def taken(self) -> set[str]:
        """Names that fields for one column have chosen, or take by themselves."""
        return {name or self.automatic.get(field, "") for field, name in self._chosen.items()} - {""}

    def follow(self, section: DatasetSection) -> None:
        """Read the columns of another dataset, or of one with other settings."""
        if section == self._wanted:
            return
        self._wanted = section
        fields = type(section).model_fields.items()
        hints = {name: (field.json_schema_extra or {}).get("widget") for name, field in fields}
        if not {"column", "columns"} & set(hints.values()):
            return
        self._chosen = {name: getattr(section, name) for name, hint in hints.items() if hint == "column"}
        source = registry().datasets.get(section.name)

        def read(_post: Any) -> tuple[DatasetSection, ColumnsToChoose, str]:
            if section is not self._wanted:
                return section, ColumnsToChoose(), ""
            try:
                return section, source.columns(section), ""
            except UserError as error:
                return section, ColumnsToChoose(), str(error)

        self._work.start(read, self._take)

    def stop(self) -> None:
        """Let readings end."""
        self._work.stop()

    def editors(self) -> dict[str, Callable[[FieldPlan], Editor]]:
        """Makers of editors for the two hints."""
        return {"column": self._one, "columns": self._several}

    def _one(self, plan: FieldPlan) -> Editor:
        return ColumnEditor(plan, self)

    def _several(self, plan: FieldPlan) -> Editor:
        return ColumnsEditor(plan, self)

    def _take(self, answer: tuple[DatasetSection, ColumnsToChoose, str]) -> None:
        section, found, problem = answer
        if section is self._wanted:
            self.columns, self.automatic, self.problem = found.columns, found.automatic, problem
            self.changed.emit()


class ColumnEditor(Editor):
    """One column, out of a list; an empty name leaves it to the dataset."""

    def __init__(self, plan: FieldPlan, source: ColumnNames) -> None:
        super().__init__(plan)
        self._source = source
        self._value = ""
        self.box = ElidedBox()
        self.box.setMinimumContentsLength(8)
        self._adopt(self.box)
        self.box.activated.connect(self._activated)
        source.changed.connect(self._fill)
        self._fill()

    def set_value(self, value: Any) -> None:
        """Show a name, also one that is not in the file."""
        if (value or "") != self._value:
            self._value = value or ""
            self._fill()

    def _fill(self) -> None:
        self.box.clear()
        automatic = self._source.automatic.get(self.plan.name, "")
        self.box.addItem(_("automatic: {name}").format(name=automatic) if automatic else _("automatic"), "")
        for name, kind in self._source.columns:
            self.box.addItem(_with_kind(name, kind), name)
        if self._value and self.box.findData(self._value) < 0:
            missing = _("{name} (not in the file)").format(name=self._value)
            self.box.addItem(missing if self._source.columns else self._value, self._value)
        self.box.setCurrentIndex(self.box.findData(self._value))

    def _activated(self, index: int) -> None:
        self._value = self.box.itemData(index)
        self.edited.emit(self._value)


class ColumnsEditor(Editor):
    """Several columns, to be ticked; no name at all means every one that is not taken by another field."""

    def __init__(self, plan: FieldPlan, source: ColumnNames) -> None:
        super().__init__(plan)
        self._source = source
        self._value: tuple[str, ...] = ()
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self._note = QLabel()
        self._note.setProperty("role", "hint")
        self._note.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID // 2)
        self.all_button = _small_button(_("All"), _("Tick every column"))
        self.none_button = _small_button(_("None"), _("Untick every column"))
        buttons.addWidget(self.all_button)
        buttons.addWidget(self.none_button)
        buttons.addWidget(self._note, 1)
        column = QVBoxLayout()
        column.setSpacing(GRID // 2)
        self._adopt(self.list)
        self._layout.removeWidget(self.list)
        column.addWidget(self.list)
        column.addLayout(buttons)
        self._layout.addLayout(column, 1)
        self.list.itemChanged.connect(self._ticked)
        self.all_button.clicked.connect(self._tick_all)
        self.none_button.clicked.connect(self._tick_none)
        source.changed.connect(self._fill)
        self._fill()

    @property
    def ticked(self) -> tuple[str, ...]:
        """The names that are ticked."""
        return tuple(item.data(Qt.ItemDataRole.UserRole) for item in self._items() if _is_ticked(item))

    def set_value(self, value: Any) -> None:
        """Tick these; an empty list ticks all."""
        self._value = tuple(value)
        self._fill()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _fill(self) -> None:
        """The columns of the file, and names that were asked for and are not in it."""
        place = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        absent = [(name, "absent") for name in self._value if name not in self._source.names]
        for name, kind in (*self._source.columns, *absent):
            taken = name in self._source.taken
            item = QListWidgetItem(_with_kind(name, kind), self.list)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setToolTip(name)
            wanted = not taken and (name in self._value or not self._value)
            item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
            if taken:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
                item.setToolTip(_("{name} is what is to be predicted").format(name=name))
        self.list.blockSignals(False)
        self.list.setCurrentRow(place)
        rows = min(max(self.list.count(), _FEWEST_ROWS), _MOST_ROWS)
        self.list.setFixedHeight(rows * max(self.list.sizeHintForRow(0), 2 * GRID) + 2 * self.list.frameWidth())
        self._tell()

    def _tell(self) -> None:
        free = [item for item in self._items() if _is_enabled(item)]
        count = len(self.ticked)
        for button in (self.all_button, self.none_button):
            button.setEnabled(bool(free))
        if not free:
            self._note.setText(self._source.problem or _("The columns show once there is a file."))
        elif not count:
            self._note.setText(_("Tick at least one column."))
        else:
            self._note.setText(_("{count} of {total}").format(count=count, total=len(free)))

    def _ticked(self, _item: QListWidgetItem) -> None:
        """Tell what is ticked; all of them are told as none, so that a file with other columns still works."""
        self._tell()
        names = self.ticked
        if not names:
            return
        everything = all(_is_ticked(item) for item in self._items() if _is_enabled(item))
        self._value = () if everything else names
        self.edited.emit(self._value)

    def _tick_all(self) -> None:
        self._value = ()
        self._fill()
        self.edited.emit(())

    def _tick_none(self) -> None:
        self.list.blockSignals(True)
        for item in self._items():
            item.setCheckState(Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self._tell()
        self.list.setFocus()

    def sizeHint(self) -> QSize:
        return QSize(24 * GRID, super().sizeHint().height())


def _with_kind(name: str, kind: str) -> str:
    if kind == "absent":
        return _("{name} (not in the file)").format(name=name)
    return f"{name} ({_(KINDS[kind])})" if kind in KINDS else name  # numbers are what is usual


def _is_ticked(item: QListWidgetItem) -> bool:
    return item.checkState() == Qt.CheckState.Checked


def _is_enabled(item: QListWidgetItem) -> bool:
    return bool(item.flags() & Qt.ItemFlag.ItemIsEnabled)


def _small_button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button
