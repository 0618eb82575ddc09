"""Moving pictures: a camera or a video file, of which only the newest frame is kept.

A thread reads as fast as frames come and keeps one. Whoever looks takes the newest and misses the others: nothing
queues up, however slow the look. A video plays at its own pace, as a camera would.
"""

import math
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _
from workbench.inspection.pictures import shrunk

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".gif")
LONGEST_SIDE = 1280
"""Frames larger than this many pixels are reduced before anything else."""
_USUAL_RATE = 25.0  # frames per second of a video that does not tell its own
_HIGHEST_RATE = 1000.0
_PATIENCE_SECONDS = 6.0
_WHOLE = 0.75  # of the frames that a video promises, which some formats only estimate
_BETWEEN_TRIES_SECONDS = 0.5
_MOST_SKIPPED_AT_ONCE = 50
_JOIN_SECONDS = 2.0
_NO_MESSAGES = "-8"  # FFmpeg's AV_LOG_QUIET
_FIRST_CAMERAS = 3  # offered where the system cannot be asked for its cameras


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        number: from 1, frames that nobody looked at counted too.
        pixels: uint8 RGB, (height, width, 3).
        seconds: when in the video it stands, or how long the camera has been open.
        taken: `time.monotonic` when it arrived.
    """

    number: int
    pixels: np.ndarray
    seconds: float
    taken: float


def cameras() -> list[tuple[int, str]]:
    """The cameras of this machine with their names; without a way to ask, the first numbers without names."""
    if not sys.platform.startswith("linux"):
        return [(index, "") for index in range(_FIRST_CAMERAS)]
    found = []
    for entry in Path("/sys/class/video4linux").glob("video*"):
        # A camera has a second device for its metadata, which gives no pictures.
        if entry.name[5:].isdigit() and _text(entry / "index") in ("", "0"):
            found.append((int(entry.name[5:]), _text(entry / "name")))
    return sorted(found)


def camera_index(source: str) -> int | None:
    """The number of the camera that a source names, or None where it is a file."""
    text = source.strip()
    return int(text) if text.isdigit() else None


def open_capture(source: str, size: tuple[int, int] = (640, 480)) -> Any:
    """OpenCV's reader of a camera (its number) or of a video file; a camera is asked for frames of this width, height.

    Raises:
        UserError: there is none, or it gives no pictures.
    """
    index = camera_index(source)
    if index is None:
        return _open_video(source)
    import cv2

    with _Quiet():
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
            return capture
        capture.release()
    raise UserError(_no_camera(index))


class NewestFrame:
    """Reads a source in a thread and keeps its newest frame. A context manager: leaving it ends the thread.

    Args:
        source: a camera's number or a video file.
        capture: as from `open_capture`, opened already.
        reopen: opens the same camera again after it vanished; raises `UserError` while it is gone.
        loop: whether a video begins again at its end.
        on_trouble: told, on the thread, that a camera is gone and is being tried again, or that a video is not whole.
    """

    def __init__(
        self,
        source: str,
        capture: Any,
        reopen: Callable[[], Any],
        *,
        loop: bool = False,
        on_trouble: Callable[[str], None] = lambda text: None,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        self._source = source
        self._capture = capture
        self._reopen = reopen
        self._loop = loop
        self._on_trouble = on_trouble
        self._patience = patience
        self._newest: Frame | None = None
        self._count = 0
        self._condition = threading.Condition()
        self._closed = threading.Event()
        self.ended = False
        """Whether the video is over."""
        self.error = ""
        """Why no more frames will come, where that is a failure."""
        work = self._play if camera_index(source) is None else self._watch
        self._thread = threading.Thread(target=self._run, args=(work,), name="newest-frame", daemon=True)

    def __enter__(self) -> "NewestFrame":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closed.set()
        # A driver may hang in the middle of a read; the thread is a daemon and nobody waits for it then.
        self._thread.join(_JOIN_SECONDS)

    def after(self, number: int, timeout: float) -> Frame | None:
        """The newest frame if it came after that one, waiting for it at most `timeout` seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._number > number or self.ended or bool(self.error), timeout)
            return self._newest if self._number > number else None

    @property
    def _number(self) -> int:
        return self._newest.number if self._newest else 0

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # OpenCV raises its own kinds; whoever looks must hear of it
            self._end(_("{source} cannot be read any more: {error}.").format(source=self._source, error=error))
        finally:
            self._capture.release()

    def _watch(self) -> None:
        """A camera: it sets the pace."""
        began = time.monotonic()
        while not self._closed.is_set():
            read, pixels = self._capture.read()
            if read and _holds_pixels(pixels):
                self._keep(pixels, time.monotonic() - began)
            elif not self._found_again():
                return

    def _found_again(self) -> bool:
        self._capture.release()
        index = camera_index(self._source)
        self._on_trouble(_("Camera {index} gives no more pictures. Looking for it again…").format(index=index))
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline and not self._closed.wait(_BETWEEN_TRIES_SECONDS):
            try:
                self._capture = self._reopen()
            except UserError:
                continue
            read, pixels = self._capture.read()
            if read and _holds_pixels(pixels):
                return True
            self._capture.release()
        if not self._closed.is_set():
            self._end(_(
                "Camera {index} gave no more pictures for {seconds:.0f} s: it was unplugged, or another program took "
                "it. Plug it in again and start anew."
            ).format(index=index, seconds=self._patience))  # fmt: skip
        return False

    def _play(self) -> None:
        """A video: frames are due by its own rate; what is late is skipped."""
        rate = _rate(self._capture)
        began, place, skipped = time.monotonic(), 0, 0
        while not self._closed.is_set():
            late = time.monotonic() - began - place / rate
            if late < 0:
                self._closed.wait(-late)
                continue
            if late > 1 / rate and skipped < _MOST_SKIPPED_AT_ONCE and self._capture.grab():
                place, skipped = place + 1, skipped + 1
                self._count += 1
                continue
            if skipped >= _MOST_SKIPPED_AT_ONCE:  # it cannot even be decoded so fast: it plays slower
                began = time.monotonic() - place / rate
            skipped = 0
            read, pixels = self._capture.read()
            if read:
                if _holds_pixels(pixels):
                    self._keep(pixels, place / rate)
                place += 1
            elif self._newest is None:
                self._end(_no_video(self._source))
                return
            elif self._loop and place:
                self._begin_again()
                began, place = time.monotonic(), 0
            else:
                self._tell_if_not_whole(place)
                self._end("")
                return

    def _tell_if_not_whole(self, place: int) -> None:
        import cv2

        promised = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if math.isfinite(promised) and place < _WHOLE * promised:
            text = _("{path} ended after {seen} of {promised:.0f} pictures: the rest of it is damaged or missing.")
            self._on_trouble(text.format(path=self._source, seen=place, promised=promised))

    def _begin_again(self) -> None:
        import cv2

        if not self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0):
            self._capture.release()
            self._capture = self._reopen()

    def _keep(self, pixels: np.ndarray, seconds: float) -> None:
        rgb = _rgb(pixels)
        with self._condition:
            self._count += 1
            self._newest = Frame(self._count, rgb, seconds, time.monotonic())
            self._condition.notify_all()

    def _end(self, error: str) -> None:
        with self._condition:
            self.error, self.ended = error, not error
            self._condition.notify_all()


class _Quiet:
    """OpenCV, and FFmpeg in it, say on standard error what is said in words here."""

    def __enter__(self) -> None:
        import cv2

        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _NO_MESSAGES)  # read when the first video is opened
        logging = cv2.utils.logging
        self._level = logging.getLogLevel()
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)

    def __exit__(self, *_error: object) -> None:
        import cv2

        cv2.utils.logging.setLogLevel(self._level)


def _open_video(source: str) -> Any:
    import cv2

    path = Path(source).expanduser()
    if not source.strip():
        raise UserError(_("Name a camera by its number (0 is the first) or a video file."))
    if path.is_dir():
        raise UserError(_("{path} is a folder. Name a video file.").format(path=source))
    if not path.exists():
        raise UserError(_("There is no file {path}. Name a camera by its number, or a video file.").format(path=source))
    with _Quiet():
        capture = cv2.VideoCapture(str(path))
        if capture.isOpened():
            return capture
        capture.release()
    raise UserError(_no_video(source))


def _no_video(source: str) -> str:
    text = _("{path} cannot be read as a video: no pictures were found in it. Expected is a file such as {kinds}.")
    return text.format(path=source, kinds=", ".join(VIDEO_SUFFIXES[:5]))


def _no_camera(index: int) -> str:
    device = Path(f"/dev/video{index}")
    if device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return _(
            "Camera {index} is there, but you may not use it. On Linux, cameras belong to the group video: add "
            "yourself to it (sudo usermod -aG video $USER) and log in again."
        ).format(index=index)
    names = ", ".join(f"{number} ({name})" if name else str(number) for number, name in cameras())
    known = _("Cameras found: {names}.").format(names=names) if names else _("No camera was found on this machine.")
    if sys.platform.startswith("linux"):
        text = _("Camera {index} cannot be opened: it is not there, or another program uses it. {known}")
        return text.format(index=index, known=known)
    return _(
        "Camera {index} cannot be opened: it is not there, another program uses it, or the system's settings do not "
        "let this program use cameras."
    ).format(index=index)


def _rate(capture: Any) -> float:
    import cv2

    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return rate if math.isfinite(rate) and 0 < rate <= _HIGHEST_RATE else _USUAL_RATE


def _holds_pixels(pixels: np.ndarray | None) -> bool:
    """Whether there is anything in a frame: some drivers give empty ones."""
    return pixels is not None and pixels.size > 0


def _rgb(pixels: np.ndarray) -> np.ndarray:
    import cv2

    if pixels.dtype != np.uint8:  # some scientific cameras give 16 bits
        pixels = cv2.convertScaleAbs(pixels, alpha=255.0 / np.iinfo(pixels.dtype).max)
    if max(pixels.shape[:2]) > LONGEST_SIDE:
        pixels = shrunk(pixels, LONGEST_SIDE)
    code = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 or pixels.shape[2] == 1 else cv2.COLOR_BGR2RGB
    return cv2.cvtColor(pixels, code)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
