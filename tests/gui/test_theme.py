"""The look: readable in both schemes, from one place."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QPushButton

from workbench.gui import theme as theme_module
from workbench.gui.pages import PAGES
from workbench.gui.theme import DARK, LIGHT, appearance, contrast, icon, set_icon
from workbench.paths import resources

GUI = Path(theme_module.__file__).parent


@pytest.fixture(autouse=True)
def back_to_light(qapp):
    yield
    appearance().choose("light")


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_has_a_contrast_of_four_and_a_half_to_one_on_every_ground_it_stands_on(theme):
    grounds = (theme.window, theme.surface, theme.raised, theme.navigation)
    pairs = [(text, ground) for text in (theme.text, theme.muted, theme.accent, theme.error) for ground in grounds]
    pairs += [(theme.accent_text, theme.accent), (theme.accent_text, theme.accent_hover)]
    pairs += [(theme.text, ground) for ground in (theme.accent_soft, theme.warning_soft, theme.error_soft)]
    pairs += [(theme.accent, theme.accent_soft), (theme.success, theme.surface), (theme.warning, theme.surface)]
    assert [(text, ground) for text, ground in pairs if contrast(text, ground) < 4.5] == []


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_borders_of_fields_and_curves_have_a_contrast_of_three_to_one(theme):
    colors = (theme.field_border, *theme.plot)
    assert [color for color in colors if contrast(color, theme.surface) < 3.0] == []


def test_black_on_white_has_the_largest_contrast_there_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


def test_only_the_theme_sets_style_sheets_and_palettes():
    offenders = [
        str(path)
        for path in GUI.rglob("*.py")
        if path.name != "theme.py" and re.search(r"\b(setStyleSheet|setPalette)\(", path.read_text(encoding="utf-8"))
    ]
    assert offenders == []


def test_every_icon_that_the_code_names_is_there():
    names = {entry.icon for entry in PAGES}
    pattern = re.compile(r'(?:set_icon|button_with_icon|primary_button|icon)\([^()]*(?:\([^()]*\)[^()]*)*"([a-z_]+)"\)')
    for path in GUI.rglob("*.py"):
        names |= set(pattern.findall(path.read_text(encoding="utf-8")))
    colors = {"accent", "muted", "success", "warning", "error", "accent_text", "text"}
    missing = [name for name in names - colors if not (resources() / "icons" / f"{name}.svg").exists()]
    assert missing == []


def test_the_palette_follows_the_choice(qapp):
    appearance().choose("dark")
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == DARK.window
    appearance().choose("light")
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == LIGHT.window


def test_the_system_choice_follows_a_change_of_the_desktop(qtbot):
    appearance().choose("system")
    hints = QGuiApplication.styleHints()
    with qtbot.waitSignal(appearance().changed, timeout=2000):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert appearance().theme is DARK
    with qtbot.waitSignal(appearance().changed, timeout=2000):
        hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert appearance().theme is LIGHT


def test_an_icon_is_tinted_anew_when_the_theme_changes(qtbot):
    appearance().choose("light")
    button = QPushButton()
    qtbot.addWidget(button)
    set_icon(button, "stop")
    assert _middle(button.icon()) == LIGHT.text
    appearance().choose("dark")
    assert _middle(button.icon()) == DARK.text


def test_an_icon_that_does_not_exist_is_a_box_and_no_error(qapp):
    assert not icon("no_such_icon").isNull()


def test_the_style_sheet_names_only_colours_that_exist(qapp):
    for theme in (LIGHT, DARK):
        assert "@" not in theme_module._style_sheet(theme)


def _middle(made):
    image = made.pixmap(20, 20).toImage()
    return image.pixelColor(image.width() // 2, image.height() // 2).name()
