"""Keeping what was driven, as a driving log that can be learned from again."""

import csv
import re
from datetime import datetime
from pathlib import Path

from workbench.errors import UserError
from workbench.i18n import _

_MARKER = ".workbench_recording"
_LOG = "driving_log.csv"
_FRAME = re.compile(r"center_[\d_]+\.jpg")


class Recorder:
    """Keeps the frames and what was steered by them, so that they can be learned from again.

    Raises:
        UserError: the folder is of another origin, or cannot be written.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).expanduser().absolute()
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise UserError(_("{folder} is not a folder; frames cannot be recorded there.").format(folder=folder))
            used = self.folder.is_dir() and any(self.folder.iterdir())
        except OSError as error:
            raise self._refusal(error) from None
        if used and not (self.folder / _MARKER).is_file():
            raise UserError(
                _("{folder} holds files that no recording left there, so it is not emptied. Name a new folder.").format(
                    folder=self.folder
                )
            )

    def start(self) -> None:
        """Empty what an earlier recording left, and only that."""
        pictures = self.folder / "IMG"
        try:
            pictures.mkdir(parents=True, exist_ok=True)
            (self.folder / _MARKER).write_text("This folder is emptied by the next recording.\n", encoding="utf-8")
            for frame in [each for each in pictures.iterdir() if _FRAME.fullmatch(each.name)]:
                frame.unlink()
            with (self.folder / _LOG).open("w", encoding="utf-8", newline="") as log:
                log.write("center,left,right,steering,throttle,brake,speed\n")
        except OSError as error:
            raise self._refusal(error) from None

    def keep(self, image: bytes, steering: float, throttle: float, speed: float) -> None:
        """Write a frame.

        Raises:
            OSError: the disk is full, the folder is gone.
        """
        name = f"center_{datetime.now().strftime('%Y_%m_%d_%H_%M_%S_%f')}.jpg"
        (self.folder / "IMG" / name).write_bytes(image)
        with (self.folder / _LOG).open("a", encoding="utf-8", newline="") as log:
            csv.writer(log).writerow([f"IMG/{name}", "", "", f"{steering:.6f}", f"{throttle:.6f}", 0, f"{speed:.6f}"])

    def _refusal(self, error: OSError) -> UserError:
        return UserError(
            _("Frames cannot be recorded into {folder}: {error}.").format(
                folder=self.folder, error=error.strerror or error
            )
        )
