"""Loss and the first metrics of the three splits as large numbers; the split whose figures are shown is chosen here."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from workbench.gui.flow import Flow
from workbench.gui.metric_text import number_text, readable
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, hint, value_label
from workbench.i18n import _, mark

MOST_SHOWN = 4
MOST_LINES = 2
SPLITS = {"test": mark("&Test"), "validation": mark("&Validation"), "train": mark("T&raining")}


class SplitNumbers(Card):
    """One split: its name to choose it by, its numbers, and what is being done about them."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.content.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        self.content.setSpacing(GRID // 2)
        self.chosen = QRadioButton(title)
        self._state = hint("")
        self.places = Flow(2 * GRID, GRID // 2, MOST_LINES)
        self._values: dict[str, QLabel] = {}
        self.content.addWidget(self.chosen)
        self.content.addWidget(self.places)
        self.content.addWidget(self._state)
        self.content.addStretch(1)

    def set_numbers(
        self, numbers: dict[str, float], units: dict[str, str] | None = None, first: Iterable[str] = ()
    ) -> None:
        """Show these numbers and no others.

        Args:
            numbers: by their names.
            units: of those that have one.
            first: names in the order in which they matter; others follow in their own. Only a few are shown, the rest
                stands in the tool tip.
        """
        units = units or {}
        ordered = [name for name in first if name in numbers]
        ordered += [name for name in numbers if name not in ordered]
        shown, more = ordered[:MOST_SHOWN], ordered[MOST_SHOWN:]
        if shown != list(self._values):
            self._make_places(shown)
        for name in shown:
            text = number_text(name, numbers[name], units.get(name, ""))
            self._values[name].setText(text)
            self._values[name].setToolTip(f"{numbers[name]:.10g}")
            self._values[name].setAccessibleName(f"{readable(name)} {text}")
        texts = [f"{readable(name)} {number_text(name, numbers[name], units.get(name, ''))}" for name in more]
        self.setToolTip("\n".join(texts))
        self.chosen.setAccessibleDescription(", ".join(texts))

    def set_state(self, text: str) -> None:
        """A line below the numbers; empty when they are final."""
        self._state.setText(text)
        self._state.setVisible(bool(text))

    @property
    def state(self) -> str:
        """The line below the numbers."""
        return self._state.text()

    @property
    def texts(self) -> dict[str, str]:
        """What stands there, by name."""
        return {name: label.text() for name, label in self._values.items()}

    def _make_places(self, names: list[str]) -> None:
        self.places.clear()
        self._values = {}
        for name in names:
            place = QWidget()
            column = QVBoxLayout(place)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            self._values[name] = value_label()
            column.addWidget(self._values[name])
            name_label = QLabel(readable(name))
            name_label.setProperty("role", "hint")
            column.addWidget(name_label)
            self.places.add(place)


class EvaluateNumbers(QWidget):
    """The three splits side by side."""

    split_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._first: tuple[str, ...] = ()
        self.cards: dict[str, SplitNumbers] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * GRID)
        for split, title in SPLITS.items():
            card = SplitNumbers(_(title))
            card.chosen.setObjectName(split)
            card.chosen.setToolTip(_("Show the figures of this split"))
            self._group.addButton(card.chosen)
            self.cards[split] = card
            layout.addWidget(card, 1)
        self.cards["test"].chosen.setChecked(True)
        self._group.buttonToggled.connect(self._toggled)

    @property
    def split(self) -> str:
        """The split whose figures are wanted."""
        return self._group.checkedButton().objectName()

    def clear(self, first: Iterable[str] = ()) -> None:
        """Forget all numbers; `first` are the names of those that matter most among the next."""
        self._first = tuple(first)
        for card in self.cards.values():
            card.set_numbers({})
            card.set_state("")

    def set_numbers(self, split: str, numbers: dict[str, float], units: dict[str, str] | None = None) -> None:
        """Show the numbers of a split, laid out as those of the others are."""
        self.cards[split].set_numbers(numbers, units, self._first)
        widest = max(card.places.widest for card in self.cards.values())
        for card in self.cards.values():
            card.places.relayout(widest)

    def _toggled(self, button: QRadioButton, checked: bool) -> None:
        if checked:
            self.split_chosen.emit(button.objectName())
