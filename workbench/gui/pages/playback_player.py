"""The slider over the epochs of a training, with play and pause."""

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from workbench.gui.theme import GRID, set_icon
from workbench.i18n import _

SPEEDS = (1, 2, 5, 10, 20)  # epochs a second
_USUAL_SPEED = 2


class Player(QWidget):
    """Goes through epochs. Left and right go one back and on, space plays and pauses."""

    moved = Signal(int)  # the epoch in sight, counted from 1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs: tuple[int, ...] = ()
        self._shown = True
        self.button = QToolButton()
        self.button.clicked.connect(self.toggle)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(_("Epoch"))
        self.slider.setPageStep(5)
        self.slider.valueChanged.connect(self._slid)
        self.slider.actionTriggered.connect(self._touched)
        self.label = QLabel()
        self.label.setBuddy(self.slider)
        self.label.setMinimumWidth(self.fontMetrics().horizontalAdvance(_("Epoch {epoch}").format(epoch=99999)))
        self.speed = QComboBox()
        for speed in SPEEDS:
            self.speed.addItem(_("{count} epochs/s").format(count=speed), speed)
        self.speed.setCurrentIndex(SPEEDS.index(_USUAL_SPEED))
        self.speed.setAccessibleName(_("Speed"))
        self.speed.activated.connect(self._set_speed)
        self.follow = QCheckBox(_("Follow the trainin&g"))
        self.follow.setToolTip(_("Show each epoch as soon as it has ended"))
        self.follow.setChecked(True)
        self.follow.toggled.connect(self._follow_toggled)
        self._timer = QTimer(self, interval=1000 // _USUAL_SPEED)
        self._timer.timeout.connect(self._tick)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.button)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.label)
        layout.addWidget(self.speed)
        layout.addWidget(self.follow)
        self._show_state()

    @property
    def epoch(self) -> int:
        """The epoch in sight, counted from 1; 0 where there is none."""
        return self._epochs[self.slider.value()] if self._epochs else 0

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer.isActive()

    def set_epochs(self, epochs: tuple[int, ...], live: bool) -> None:
        """Offer these epochs; `live` while more are to come. Stays where it is, unless it follows the training."""
        before = self.epoch
        self._epochs = epochs
        self.follow.setVisible(live)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, len(epochs) - 1))
            at = epochs.index(before) if before in epochs else 0
            if (live and self.follow.isChecked()) or not before:
                at = len(epochs) - 1
            self.slider.setValue(max(0, at))
        self.setEnabled(bool(epochs))
        self._show_epoch()

    def toggle(self) -> None:
        """Play, from the beginning where it is at the end; or pause."""
        if self.playing:
            self.pause()
        elif len(self._epochs) > 1:
            self.follow.setChecked(False)
            if self.slider.value() == self.slider.maximum():
                self.slider.setValue(0)
            self._timer.start()
            self._show_state()

    def pause(self) -> None:
        """Stay at the epoch in sight."""
        self._timer.stop()
        self._show_state()

    def step(self, epochs: int) -> None:
        """Go so many kept epochs on, or back."""
        self.pause()
        self.follow.setChecked(False)
        self.slider.setValue(self.slider.value() + epochs)

    def was_drawn(self) -> None:
        """The epoch in sight is drawn: the next may come."""
        self._shown = True

    def _tick(self) -> None:
        if not self._shown:
            return  # no epoch is passed over because it is slow to draw
        if self.slider.value() >= self.slider.maximum():
            self.pause()
            return
        self.slider.setValue(self.slider.value() + 1)

    def _slid(self, _place: int) -> None:
        self._shown = False
        self._show_epoch()
        self.moved.emit(self.epoch)

    def _touched(self, _action: int) -> None:
        self.pause()
        self.follow.setChecked(False)

    def _follow_toggled(self, follow: bool) -> None:
        if follow:
            self.pause()
            self.slider.setValue(self.slider.maximum())

    def _set_speed(self, index: int) -> None:
        self._timer.setInterval(1000 // self.speed.itemData(index))

    def _show_epoch(self) -> None:
        text = _("Epoch {epoch}").format(epoch=self.epoch) if self._epochs else ""
        self.label.setText(text)
        self.slider.setAccessibleDescription(text)

    def _show_state(self) -> None:
        title = _("Pause (space)") if self.playing else _("Play (space)")
        set_icon(self.button, "pause" if self.playing else "play")
        self.button.setToolTip(title)
        self.button.setAccessibleName(title)
