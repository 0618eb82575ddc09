"""The look: one `Theme` per colour scheme feeds the palette, the style sheet, pyqtgraph and the icons.

The only module that sets style sheets or palettes. Colours keep a contrast of 4.5:1 for text (a test measures it).
"""

import dataclasses
import re
import weakref
from dataclasses import dataclass

import shiboken6
from PySide6.QtCore import QByteArray, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QLabel

from workbench.paths import resources

GRID = 8  # every distance is a multiple or a half of it
ICON_SIZE = 20
_ICON_SCALES = (1, 2, 3)


@dataclass(frozen=True)
class Theme:
    """Colours of one scheme, as #rrggbb."""

    name: str
    window: str
    surface: str
    raised: str
    navigation: str
    border: str
    field_border: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    accent_text: str
    accent_soft: str
    success: str
    warning: str
    warning_soft: str
    error: str
    error_soft: str
    grid: str
    plot: tuple[str, ...]

    @property
    def dark(self) -> bool:
        """Whether text is light on a dark ground."""
        return self.name == "dark"


LIGHT = Theme(
    name="light",
    window="#f5f6f8", surface="#ffffff", raised="#fbfcfd", navigation="#eceef2",
    border="#dde1e7", field_border="#8b94a3", text="#1b2330", muted="#566172", disabled="#8f98a6",
    accent="#2459c8", accent_hover="#1b479f", accent_text="#ffffff", accent_soft="#dfe8fb",
    success="#16703f", warning="#8a5200", warning_soft="#fdf1db", error="#b3261e", error_soft="#fdeae8",
    grid="#e3e6eb",
    plot=("#2459c8", "#c2500a", "#16795c", "#8a3fa8", "#a8780a", "#b3265e", "#3b7f94", "#5c6675"),
)  # fmt: skip

DARK = Theme(
    name="dark",
    window="#16181d", surface="#1e2127", raised="#24282f", navigation="#121418",
    border="#31363f", field_border="#69727f", text="#e6e9ee", muted="#a4adba", disabled="#6b7482",
    accent="#82acff", accent_hover="#a5c3ff", accent_text="#0c1a36", accent_soft="#26385c",
    success="#63cf92", warning="#edb75f", warning_soft="#3a2f1a", error="#ff8f85", error_soft="#43211f",
    grid="#2c3139",
    plot=("#82acff", "#ffa45c", "#5ecfa5", "#d08cf0", "#e6c34f", "#ff86b3", "#6cc5dd", "#a4adba"),
)  # fmt: skip


class Appearance(QObject):
    """The scheme in force. One per application; widgets that paint themselves listen to `changed`."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._choice = "system"
        self._desktop = QGuiApplication.styleHints().colorScheme()
        self.theme = LIGHT
        self._tinted: weakref.WeakKeyDictionary[QObject, tuple[str, str]] = weakref.WeakKeyDictionary()
        self._icons: dict[tuple[str, str], QIcon] = {}
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._scheme_changed)

    def choose(self, choice: str) -> None:
        """Take `light`, `dark`, or what the desktop says (`system`)."""
        self._choice = choice
        dark = self._desktop == Qt.ColorScheme.Dark
        self._take(DARK if choice == "dark" or (choice == "system" and dark) else LIGHT)

    def icon(self, name: str, color: str = "") -> QIcon:
        """An icon of `resources/icons`, in a colour of the theme (its text colour unless named otherwise)."""
        key = (name, color)
        if key not in self._icons:
            self._icons[key] = _tinted_icon(name, getattr(self.theme, color or "text"), self.theme)
        return self._icons[key]

    def keep_tinted(self, target: QObject, name: str, color: str) -> None:
        """Give a widget or action an icon and exchange it when the theme changes."""
        self._tinted[target] = (name, color)
        self._tint(target, name, color)

    def _tint(self, target: QObject, name: str, color: str) -> None:
        icon = self.icon(name, color)
        if isinstance(target, QLabel):
            target.setPixmap(icon.pixmap(QSize(ICON_SIZE, ICON_SIZE), target.devicePixelRatioF()))
        else:
            target.setIcon(icon)

    def _scheme_changed(self, scheme: Qt.ColorScheme) -> None:
        self._desktop = scheme
        if self._choice == "system":
            self.choose("system")

    def _take(self, theme: Theme) -> None:
        application = QApplication.instance()
        if theme is self.theme and application.styleSheet():
            return
        self.theme = theme
        self._icons.clear()
        application.setPalette(_palette(theme))
        application.setStyleSheet(_style_sheet(theme))
        for target, (name, color) in list(self._tinted.items()):
            # Python may keep the object of an action whose window is gone.
            if shiboken6.isValid(target):
                self._tint(target, name, color)
        self.changed.emit()


_appearance: Appearance | None = None


def appearance() -> Appearance:
    """The appearance of the application that runs."""
    global _appearance
    application = QApplication.instance()
    if _appearance is None or _appearance.parent() is not application:
        _appearance = Appearance(application)
    return _appearance


def theme() -> Theme:
    """The theme in force."""
    return appearance().theme


def icon(name: str, color: str = "") -> QIcon:
    """An icon tinted for the theme in force; use `set_icon` for one that follows a change of theme."""
    return appearance().icon(name, color)


def set_icon(target: QObject, name: str, color: str = "") -> None:
    """Give a button, action, label or list item's owner an icon that follows the theme."""
    if not color and name in ("warning", "error", "success"):
        color = name
    appearance().keep_tinted(target, name, color)


def prepare(application: QApplication) -> None:
    """Set what is the same in every scheme: the style and the font's size."""
    application.setStyle("Fusion")
    font = application.font()
    font.setPointSizeF(max(font.pointSizeF(), 10.0))
    application.setFont(font)


def monospaced() -> QFont:
    """The font for code and tables of numbers."""
    font = QFont("DejaVu Sans Mono")
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def plot_color(index: int) -> QColor:
    """The colour of the n-th curve of a plot."""
    colors = theme().plot
    return QColor(colors[index % len(colors)])


def style_plot(plot: object) -> None:
    """Give a pyqtgraph `PlotWidget` the colours of the theme; call again when it changes."""
    import pyqtgraph

    colors = theme()
    plot.setBackground(colors.surface)
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(pyqtgraph.mkPen(colors.border))
        axis.setTextPen(pyqtgraph.mkPen(colors.muted))
        axis.setTickPen(pyqtgraph.mkPen(colors.grid))


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours after WCAG 2.1, from 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _tinted_icon(name: str, color: str, theme: Theme) -> QIcon:
    path = resources() / "icons" / f"{name}.svg"
    source = path.read_text(encoding="utf-8") if path.exists() else _PLACEHOLDER
    made = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, theme.disabled)):
        for scale in _ICON_SCALES:
            made.addPixmap(_render(source.replace("currentColor", tint), scale), mode)
    return made


_PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-width="2"><rect x="4" y="4" width="16" height="16" rx="3"/></svg>'
)


def _render(source: str, scale: int) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    pixmap = QPixmap(ICON_SIZE * scale, ICON_SIZE * scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colors = {
        role.Window: theme.window, role.WindowText: theme.text, role.Base: theme.surface,
        role.AlternateBase: theme.raised, role.Text: theme.text, role.Button: theme.surface,
        role.ButtonText: theme.text, role.BrightText: theme.error, role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text, role.PlaceholderText: theme.muted, role.Highlight: theme.accent,
        role.HighlightedText: theme.accent_text, role.Link: theme.accent, role.LinkVisited: theme.accent,
        role.Accent: theme.accent, role.Light: theme.raised, role.Midlight: theme.border, role.Mid: theme.border,
        role.Dark: theme.field_border, role.Shadow: theme.border,
    }  # fmt: skip
    for key, value in colors.items():
        palette.setColor(key, QColor(value))
    for key in (role.Text, role.ButtonText, role.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(theme.disabled))
    return palette


def _style_sheet(theme: Theme) -> str:
    template = (resources() / "style.qss").read_text(encoding="utf-8")
    values = {**dataclasses.asdict(theme), "icons": (resources() / "icons").as_posix()}
    return re.sub(r"@([a-z_]+)", lambda match: str(values[match.group(1)]), template)
