"""The menus as data: every action with its text, shortcut, icon and the method of the window that does it."""

from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from workbench.gui.pages import PAGES
from workbench.gui.theme import set_icon
from workbench.i18n import _, mark
from workbench.recipes import recipes


@dataclass(frozen=True)
class ActionSpec:
    """One entry of a menu; `method` is a method of the window. An empty spec is a separator."""

    name: str = ""
    text: str = ""
    method: str = ""
    shortcuts: tuple[str, ...] = ()
    icon: str = ""


_SEPARATOR = ActionSpec()

FILE = (
    ActionSpec("new", mark("&New experiment"), "new_experiment", ("Ctrl+N",), "new"),
    ActionSpec("recipes", mark("New from a re&cipe")),
    ActionSpec("open", mark("&Open…"), "open_experiment", ("Ctrl+O",), "open"),
    ActionSpec("recent", mark("Open &recent")),
    _SEPARATOR,
    ActionSpec("save", mark("&Save"), "save_experiment", ("Ctrl+S",), "save"),
    ActionSpec("save_as", mark("Save &as…"), "save_experiment_as", ("Ctrl+Shift+S",)),
    _SEPARATOR,
    ActionSpec("new_from_run", mark("New experiment from this r&un"), "new_from_run", (), "copy"),
    _SEPARATOR,
    ActionSpec("settings", mark("Se&ttings…"), "show_settings", ("Ctrl+,",), "settings"),
    ActionSpec("quit", mark("&Quit"), "close", ("Ctrl+Q",)),
)
RUN = (
    ActionSpec("train", mark("&Train"), "train", ("Ctrl+R", "F5"), "play"),
    ActionSpec("pause", mark("&Pause"), "pause", ("Ctrl+P",), "pause"),
    ActionSpec("resume", mark("&Continue"), "resume", ("Ctrl+Shift+P",), "play"),
    ActionSpec("stop", mark("&Stop"), "stop", ("Ctrl+.",), "stop"),
    ActionSpec("stop_now", mark("Stop &now"), "stop_now", ("Ctrl+Shift+.",), "kill"),
    _SEPARATOR,
    ActionSpec("find_rate", mark("Find a &learning rate…"), "find_rate", ("Ctrl+L",)),
    ActionSpec("one_batch", mark("&Overfit one batch…"), "overfit_one_batch", ("Ctrl+B",)),
    ActionSpec("trial", mark("Tr&y a step…"), "try_a_step", ("Ctrl+T",)),
)
HELP = (
    ActionSpec("doctor", mark("&Doctor"), "show_doctor", (), "information"),
    ActionSpec("about", mark("&About"), "show_about", ("F1",)),
)


class Actions:
    """All actions of the window by name, and the menus that hold them."""

    def __init__(self, window: QMainWindow, undo: QAction, redo: QAction) -> None:
        self._window = window
        self._by_name: dict[str, QAction] = {}
        self._fill(_("&File"), FILE)
        self.recent_menu = QMenu(window)
        self["recent"].setMenu(self.recent_menu)
        self["recipes"].setMenu(self._recipe_menu())
        edit = window.menuBar().addMenu(_("&Edit"))
        for name, action, keys in (
            ("undo", undo, QKeySequence.StandardKey.Undo),
            ("redo", redo, QKeySequence("Ctrl+Y")),
        ):
            action.setShortcuts([QKeySequence(keys)] + ([QKeySequence("Ctrl+Shift+Z")] if name == "redo" else []))
            set_icon(action, name)
            edit.addAction(action)
            self._by_name[name] = action
        self._fill(_("&Run"), RUN)
        self._fill_view()
        self._fill(_("&Help"), HELP)

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def _fill(self, title: str, specs: tuple[ActionSpec, ...]) -> None:
        menu = self._window.menuBar().addMenu(title)
        for spec in specs:
            if spec is _SEPARATOR:
                menu.addSeparator()
                continue
            action = menu.addAction(_(spec.text))
            action.setObjectName(spec.name)
            action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
            if spec.icon:
                set_icon(action, spec.icon)
            if spec.method:
                action.triggered.connect(getattr(self._window, spec.method))
            self._by_name[spec.name] = action

    def _recipe_menu(self) -> QMenu:
        """Recipes in a folder stand in a menu of their own."""
        menu = QMenu(self._window)
        menu.setToolTipsVisible(True)
        menus = {"": menu}
        for recipe in recipes():
            folder = recipe.name.rpartition("/")[0]
            if folder not in menus:
                menus[folder] = menu.addMenu(folder.replace("_", " "))
            action = menus[folder].addAction(_(recipe.title).replace("&", "&&"))
            action.setData(recipe.name)
            action.triggered.connect(self._window.recipe_triggered)
        return menu

    def _fill_view(self) -> None:
        menu = self._window.menuBar().addMenu(_("&View"))
        for number, page in enumerate(PAGES, start=1):
            action = menu.addAction(_(page.title))
            action.setData(page.name)
            action.setShortcut(QKeySequence(f"Ctrl+{number % 10}"))  # the tenth is Ctrl+0
            set_icon(action, page.icon)
            action.triggered.connect(self._window.page_action_triggered)
            self._by_name[f"page_{page.name}"] = action
        menu.addSeparator()
        themes = menu.addMenu(_("&Theme"))
        self.theme_group = QActionGroup(self._window)
        for name, text in (("system", _("&System")), ("light", _("&Light")), ("dark", _("&Dark"))):
            action = themes.addAction(text)
            action.setData(name)
            action.setCheckable(True)
            self.theme_group.addAction(action)
            self._by_name[f"theme_{name}"] = action
        self.theme_group.triggered.connect(self._window.theme_action_triggered)
