"""Files fetched from the network into Keras' own folder of datasets, with progress, whole or not at all."""

import hashlib
import os
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from workbench.data.source import Emit
from workbench.errors import UserError
from workbench.events import Progress
from workbench.i18n import _

_BLOCK = 1 << 18
_TIMEOUT_SECONDS = 20
_SECONDS_BETWEEN_EVENTS = 0.1


@dataclass(frozen=True)
class RemoteFile:
    """A file on the network.

    Attributes:
        url: where it is.
        name: what Keras calls it in its folder, with a subfolder where Keras uses one.
        sha256: of the content; empty where nobody published one.
    """

    url: str
    name: str
    sha256: str = ""

    @property
    def usual_name(self) -> str:
        """What a browser calls it."""
        return self.url.rsplit("/", 1)[1]


def keras_datasets_folder() -> Path:
    """Where Keras keeps datasets, found by its own rule without importing it."""
    base = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    if base.exists() and not os.access(base, os.W_OK):
        base = Path(tempfile.gettempdir()) / ".keras"
    return base / "datasets"


def find(remote: RemoteFile) -> Path | None:
    """The file, when it is there already: fetched by Keras, by us, or placed by hand under either of its names."""
    place = keras_datasets_folder() / remote.name
    for candidate in (place, place.with_name(remote.usual_name)):
        if candidate.is_file():
            return candidate
    return None


def fetch(remote: RemoteFile, emit: Emit) -> Path:
    """The file, downloaded unless it is there.

    Raises:
        UserError: it cannot be downloaded; the message names the file and where it can be placed by hand.
    """
    present = find(remote)
    if present is not None:
        return present
    place = keras_datasets_folder() / remote.name
    partial = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        digest = _download(remote, partial, emit)
        if remote.sha256 and digest != remote.sha256:
            raise OSError(_("what arrived is not the file that was published (its checksum differs)"))
        os.replace(partial, place)
    except OSError as error:  # of the network (URLError is one) and of the disk
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise UserError(_(
            "{name} could not be downloaded from {url}: {reason}. Without a network, fetch the file on another machine "
            "and place it, as it is, in {folder}"
        ).format(name=remote.usual_name, url=remote.url, reason=reason, folder=place.parent)) from None  # fmt: skip
    finally:
        partial.unlink(missing_ok=True)
    return place


def _download(remote: RemoteFile, partial: Path, emit: Emit) -> str:
    digest = hashlib.sha256()
    what = _("Downloading {name}").format(name=remote.usual_name)
    emit(Progress(what, 0))
    request = urllib.request.Request(remote.url, headers={"User-Agent": "workbench"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer, partial.open("wb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        done, last_event = 0, 0.0
        while block := answer.read(_BLOCK):
            file.write(block)
            digest.update(block)
            done += len(block)
            if time.monotonic() - last_event > _SECONDS_BETWEEN_EVENTS:
                last_event = time.monotonic()
                emit(Progress(what, done, total))
    if total and done < total:
        raise OSError(_("the connection broke after {done} of {total} bytes").format(done=done, total=total))
    emit(Progress(what, done, total or done))
    return digest.hexdigest()
