"""Which picture is inspected: a sample of the run's data, a file, or a pasted picture."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.gui.dropped import Dropped
from workbench.gui.figures.pictures import Picture, to_image
from workbench.gui.theme import GRID
from workbench.gui.widgets import Card, button_with_icon, hint, indent_number, section_title
from workbench.i18n import _, mark

SPLITS = {"test": mark("Test"), "validation": mark("Validation"), "train": mark("Training")}
PREVIEW = 12 * GRID
LARGEST_PREVIEWED = 60_000_000
LAST_SAMPLE = 9_999_999


@dataclass(frozen=True)
class Source:
    """The picture asked about, as `InspectRequest` takes it: a path, or bytes, or a sample of a split."""

    path: str = ""
    pixels: bytes = b""
    split: str = "test"
    sample: int = 0

    @property
    def is_sample(self) -> bool:
        """Whether it comes from the run's data."""
        return not self.path and not self.pixels


class InspectSource(Card):
    """Chooses the picture and shows it; or only the split, for a method that looks at all of its samples."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.source = Source()
        self._title = section_title("")
        self.content.addWidget(self._title)
        self._split = QComboBox()
        self._split.setAccessibleName(_("Split"))
        self._split.setToolTip(_("The split that the sample is taken from"))
        for split, title in SPLITS.items():
            self._split.addItem(_(title), split)
        self._split.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._sample = QSpinBox()
        self._sample.setRange(0, LAST_SAMPLE)
        self._sample.setMinimumWidth(10 * GRID)
        indent_number(self._sample)
        self._sample.setAccessibleName(_("Number of the sample in its split, from 0"))
        self._previous = _step_button("‹", _("Previous sample"))
        self._next = _step_button("›", _("Next sample"))
        self._picture = Picture()
        self._picture.setFixedSize(PREVIEW, PREVIEW)
        self._picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._caption = hint("")
        self._open = button_with_icon(_("&Open picture…"), "open")
        self._open.setToolTip(_("A picture can also be dropped anywhere on this page, or pasted."))
        self._back = button_with_icon(_("&Back to samples"))
        self._subject = "sample"
        self._lay_out()
        self._connect()
        self.show_for("sample")

    def _lay_out(self) -> None:
        stepping = QHBoxLayout()
        stepping.setSpacing(GRID // 2)
        stepping.addWidget(self._previous)
        stepping.addWidget(self._sample, 1)
        stepping.addWidget(self._next)
        choice = QVBoxLayout()
        choice.setSpacing(GRID)
        choice.addWidget(self._split)
        choice.addLayout(stepping)
        choice.addWidget(self._caption)
        choice.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(2 * GRID)
        top.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(choice, 1)
        self.content.addLayout(top)
        buttons = QHBoxLayout()
        buttons.addWidget(self._open)
        buttons.addWidget(self._back)
        buttons.addStretch(1)
        self.content.addLayout(buttons)

    def show_for(self, subject: str) -> None:
        """Offer what a method looks at: a `sample`, a whole `split`, or nothing, for the `model` needs none."""
        self._subject = subject
        self.setVisible(subject != "model")
        self._title.setText(_("Picture") if subject == "sample" else _("Samples"))
        for widget in (self._picture, self._caption, self._previous, self._sample, self._next, self._open):
            widget.setVisible(subject == "sample")
        self._show_way_back()

    @property
    def letters(self) -> tuple[str, ...]:
        """The texts with the access keys of this card."""
        return self._open.text(), self._back.text()

    @property
    def split(self) -> str:
        """The split that is chosen, for a method that looks at all of it."""
        return self._split.currentData()

    def show_sample(self, split: str, index: int) -> None:
        """Choose a sample of a split."""
        for widget in (self._split, self._sample):
            widget.blockSignals(True)
        self._split.setCurrentIndex(max(0, self._split.findData(split)))
        if split != self.source.split or index > self._sample.maximum():
            self._sample.setMaximum(LAST_SAMPLE)
            self._sample.setSuffix("")
        self._sample.setValue(index)
        for widget in (self._split, self._sample):
            widget.blockSignals(False)
        self._take_sample()

    def show_dropped(self, dropped: Dropped) -> str:
        """Choose what was dropped or pasted; a message when it cannot be used."""
        if dropped.pixels:
            image = QImage.fromData(dropped.pixels)
            self._take(Source(pixels=dropped.pixels), image, _("Pasted picture"))
            return ""
        if not dropped.paths:
            return dropped.message
        if Path(dropped.paths[0]).is_dir():
            return _("A folder was dropped. Drop one picture here; folders are for the Predict page.")
        self.show_file(dropped.paths[0])
        return ""

    def show_file(self, path: str) -> None:
        """Choose a file."""
        self._take(Source(path=path), _preview(path), Path(path).name)

    def show_preview(self, pixels: object, caption: str) -> None:
        """The picture of the sample that is chosen, once it is known."""
        if self.source.is_sample:
            self._picture.set_images(to_image(pixels))
            self._caption.setText(caption)

    def forget_preview(self) -> None:
        """There is no such sample: nothing to show."""
        if self.source.is_sample:
            self._picture.set_images(QImage())
            self._caption.setText("")

    def set_sample_count(self, count: int) -> None:
        """How many samples the split has, once that is known; 0 while it is not."""
        self._sample.blockSignals(True)
        self._sample.setMaximum(count - 1 if count else LAST_SAMPLE)
        self._sample.setSuffix(f" / {count - 1}" if count else "")
        self._sample.blockSignals(False)

    def set_samples_possible(self, possible: bool) -> None:
        """Whether there are samples to choose from (a bare model file has none)."""
        for widget in (self._split, self._sample, self._previous, self._next):
            widget.setEnabled(possible)
        self._show_way_back()

    def step(self, by: int) -> None:
        """Go to another sample of the split."""
        self._sample.setValue(self._sample.value() + by)
        if not self.source.is_sample:
            self._take_sample()

    def _show_way_back(self) -> None:
        """Where there are samples to go back to."""
        possible = self._subject == "sample" and self._split.isEnabled()
        self._back.setVisible(possible and not self.source.is_sample)

    def _connect(self) -> None:
        self._split.currentIndexChanged.connect(self._take_split)
        self._sample.valueChanged.connect(self._take_sample)
        self._previous.clicked.connect(self._go_back)
        self._next.clicked.connect(self._go_on)
        self._open.clicked.connect(self._ask_file)
        self._back.clicked.connect(self._take_sample)

    def _take_split(self, _index: int) -> None:
        self.show_sample(self._split.currentData(), 0)

    def _take_sample(self, _value: object = None) -> None:
        self._take(Source(split=self._split.currentData(), sample=self._sample.value()), None, "")

    def _take(self, source: Source, image: QImage | None, caption: str) -> None:
        self.source = source
        self._show_way_back()
        if not source.is_sample:
            self._picture.set_images(image if image is not None else QImage())
            self._caption.setText(caption)
        self.changed.emit()

    def _go_back(self) -> None:
        self.step(-1)

    def _go_on(self) -> None:
        self.step(1)

    def _ask_file(self) -> None:
        pattern = _("Pictures (*.png *.jpg *.jpeg *.bmp *.gif *.tif *.tiff *.webp *.ppm *.pgm);;All files (*)")
        path, _pattern = QFileDialog.getOpenFileName(self, _("Open picture"), "", pattern)
        if path:
            self.show_file(path)


def _step_button(text: str, help_text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(help_text)
    button.setAccessibleName(help_text)
    button.setAutoRepeat(True)
    return button


def _preview(path: str) -> QImage:
    """A small version of a picture; nothing for a file that is none, or that is absurdly large by its header."""
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > LARGEST_PREVIEWED:
        return QImage()
    wanted = size.scaled(QSize(2 * PREVIEW, 2 * PREVIEW), Qt.AspectRatioMode.KeepAspectRatio)
    if wanted.width() < size.width():
        reader.setScaledSize(wanted)
    return reader.read()
