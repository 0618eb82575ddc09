"""A form bound to one section of the experiment on screen: edits go to its history, refusals under the field."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.gui.document import Document
from workbench.gui.form_editors import Editor
from workbench.gui.form_fields import FieldPlan
from workbench.gui.forms import Form


class ExperimentForm(Form):
    """The form of the section at `place` ("augmentation"); whoever owns it calls `set_section` when it changed.

    Args:
        document: where edits go.
        place: name of the section in the experiment.
        section_class: its class.
        set_value: takes the whole path and the value and answers with what is wrong, in place of the document's own.
        parent: the owner.
        editors: as in `Form`.
        leave_out: as in `Form`.
        letters: as in `Form`.
    """

    applied = Signal(str)  # path of a field inside the section that was changed

    def __init__(
        self,
        document: Document,
        place: str,
        section_class: type[BaseModel],
        parent: QWidget | None = None,
        *,
        set_value: Callable[[str, Any], str] | None = None,
        editors: dict[str, Callable[[FieldPlan], Editor]] | None = None,
        leave_out: tuple[str, ...] = (),
        letters: set[str] | None = None,
    ) -> None:
        super().__init__(section_class, parent, editors=editors, leave_out=leave_out, letters=letters)
        self._place = place
        self._set_value = set_value or document.set_value
        self.edited.connect(self._apply)

    def _apply(self, path: str, value: Any) -> None:
        message = self._set_value(f"{self._place}.{path}", value)
        self.set_error(path, reason(message))
        if not message:
            self.applied.emit(path)


def reason(message: str) -> str:
    """What a field says of a refused value: the fault alone, without the place that the field itself shows."""
    _what, _newline, faults = message.partition("\n")
    if not faults:
        return message
    lines = [line.strip().partition(": ")[2] or line.strip() for line in faults.splitlines()]
    return "\n".join(line[:1].upper() + line[1:] for line in lines)
