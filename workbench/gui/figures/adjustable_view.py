"""Figures with knobs: a form on top, what it makes below, anew while a knob is being turned."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.errors import UserError
from workbench.figure_files import part_paths
from workbench.figures import Adjustable, Figure
from workbench.gui.figures.figure_panel import FigurePanel
from workbench.gui.figures.figure_view import FigureView
from workbench.gui.forms import Form
from workbench.gui.theme import GRID
from workbench.gui.widgets import Notice
from workbench.i18n import _
from workbench.section import Section, explain

INTERVAL = 67  # milliseconds between two makings of the figures: fifteen times a second
COLUMN_WIDTH = 420


class AdjustableView(FigureView):
    """Draws `Adjustable`. `figure` has its knobs as they are turned now; what the user set stays for later figures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form: Form | None = None
        self._set: dict[str, Any] = {}  # what the user set, by the path of the knob
        self._only: FigureView | None = None  # the single figure, whose knobs stand in the head of this view
        self._wanted = False
        self._throttle = QTimer(self, singleShot=True, interval=INTERVAL)
        self._throttle.timeout.connect(self._make_again)
        self._failure = Notice()
        self.panel = FigurePanel(column_width=COLUMN_WIDTH, framed=False)
        self.panel.tile_clicked.connect(self.tile_clicked)
        self.panel.cell_clicked.connect(self.cell_clicked)
        body = QWidget()
        self._rows = QVBoxLayout(body)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(GRID)
        self._rows.addWidget(self._failure)
        self._rows.addWidget(self.panel, 1)
        self.set_body(body)

    @property
    def form(self) -> Form | None:
        """The knobs."""
        return self._form

    @property
    def clicked_view(self) -> FigureView:
        """The view inside that was clicked last."""
        return self.panel.clicked_view or self

    @property
    def sample_views(self) -> list[FigureView]:
        return [inner for view in self.panel.views for inner in view.sample_views]

    @property
    def grows(self) -> bool:
        """Whether one of the figures has a use for more height."""
        return not self.panel.views or any(view.grows for view in self.panel.views)

    def set_figure(self, figure: Adjustable) -> None:
        kind = type(figure.params)
        if self._form is None or self._form.section_class is not kind:
            self._make_form(kind)
        params = figure.params
        for path, value in self._set.items():
            params = _changed_section(params, path, value) or params
        self._form.set_section(params)
        self._wanted = False
        super().set_figure(replace(figure, params=params))

    def draw(self) -> None:
        """Make the figures at the present values; a failure is a message, and the figures before stay."""
        try:
            figures = self.figure.figures()
        except UserError as error:
            self._failure.show_message(str(error), "error")
        except Exception as error:  # a fault of whoever wrote `make` must not end the window
            text = _("These figures could not be made: {error}. Try other values.")
            self._failure.show_message(text.format(error=f"{type(error).__name__}: {error}"), "error")
        else:
            self._failure.show_message("")
            self.panel.set_figures(figures)
            self._share_head()

    def save_png(self, path: str | Path) -> None:
        """Save every figure inside as it is seen, each to a file of its own when there are several."""
        self.draw_now()
        for view, part in zip(self.panel.views, self._part_paths(path), strict=True):
            view.save_png(part)

    def _share_head(self) -> None:
        """Of a single figure the knobs stand beside the title here, instead of under a second title."""
        views = self.panel.views
        only = views[0] if len(views) == 1 else None
        if only is self._only:
            return
        if self._only is not None:
            self._only.take_head_back()
        self._only = only
        if only is not None:
            only.lend_head(self.knobs)

    def _part_paths(self, path: str | Path) -> list[Path]:
        figures: list[Figure] = [view.figure for view in self.panel.views]
        return part_paths(figures, Path(path))

    def _make_form(self, kind: type[Section]) -> None:
        if self._form is not None:
            self._rows.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
        self._set.clear()
        self._form = Form(kind, self.body, compact=True)
        self._form.edited.connect(self._edit)
        self._rows.insertWidget(0, self._form)

    def _edit(self, path: str, value: Any) -> None:
        try:
            params = _validated(self.figure.params, path, value)
        except ValidationError as error:
            self._form.set_error(path, str(explain(error, self.figure.title, type(self.figure.params))))
            return
        self._set[path] = value
        self._form.set_section(params)
        self.figure = replace(self.figure, params=params)
        self._wanted = True
        if not self._throttle.isActive():
            self._make_again()

    def _make_again(self) -> None:
        if not self._wanted:
            return
        self._wanted = False
        self._stale = True
        if self.isVisible():
            self.draw_now()
        self._throttle.start()  # after the work, so that slow figures leave the window time of its own


def _validated(section: Section, path: str, value: Any) -> Section:
    return type(section).model_validate(_changed(section.model_dump(), path, value))


def _changed_section(section: Section, path: str, value: Any) -> Section | None:
    """The section with one value changed; None where that is not allowed any more."""
    try:
        return _validated(section, path, value)
    except (ValidationError, KeyError):
        return None


def _changed(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _dot, rest = path.partition(".")
    return values | {name: _changed(values[name], rest, value) if rest else value}
