"""What a drop or the clipboard holds, as paths or as the bytes of one picture.

Files, folders, pictures dragged out of a browser and copied pictures all come as `QMimeData`; this is the one place
that knows the ways in which programs fill it. Nothing is read from the network.
"""

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QUrl
from PySide6.QtGui import QImage

from workbench.i18n import _

_LONGEST_ADDRESS_SHOWN = 80
_LONGEST_TEXT_READ = 4096


@dataclass(frozen=True)
class Dropped:
    """What was dropped or pasted: paths, or one encoded picture, or a message why there is neither.

    Attributes:
        paths: local files and folders, absolute.
        pixels: encoded bytes of one picture (PNG, or as it stood in a `data:` address).
        message: for the user, when nothing usable came; empty otherwise.
    """

    paths: tuple[str, ...] = ()
    pixels: bytes = b""
    message: str = ""


def may_hold_pictures(mime: QMimeData) -> bool:
    """Whether a drag is worth accepting. Cheap: called while the mouse moves."""
    return mime.hasUrls() or mime.hasImage()


def read_dropped(mime: QMimeData) -> Dropped:
    """Paths or picture bytes from a drop or the clipboard.

    Local files win over image data: a file manager may send a small preview along with the file.
    """
    urls = list(mime.urls()) if mime.hasUrls() else []
    paths = tuple(_local_paths(urls)) or tuple(_paths_in_text(mime))
    if paths:
        return Dropped(paths=paths)
    pixels = _image_bytes(mime) or next((found for url in urls if (found := _bytes_of_data_address(url))), b"")
    if pixels:
        return Dropped(pixels=pixels)
    return Dropped(message=_why_nothing(urls))


def png_bytes(image: QImage) -> bytes:
    """The picture as PNG."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def _local_paths(urls: list[QUrl]) -> list[str]:
    return [path for url in urls if url.isLocalFile() and (path := url.toLocalFile())]


def _paths_in_text(mime: QMimeData) -> list[str]:
    """Paths copied as text, a line each; only those of files and folders that exist."""
    if mime.hasUrls() or mime.hasImage() or not mime.hasText():
        return []
    lines = mime.text()[:_LONGEST_TEXT_READ].splitlines()
    return [path for line in lines if (path := _existing_path(line.strip().strip('"')))]


def _existing_path(text: str) -> str:
    if text.startswith("file:"):
        text = QUrl(text).toLocalFile()
    try:
        path = Path(text)
        return str(path) if path.is_absolute() and path.exists() else ""
    except (OSError, ValueError):  # too long for a file name, or with a zero byte
        return ""


def _image_bytes(mime: QMimeData) -> bytes:
    if not mime.hasImage():
        return b""
    image = QImage(mime.imageData())
    return b"" if image.isNull() else png_bytes(image)


def _bytes_of_data_address(url: QUrl) -> bytes:
    """The content of a `data:image/...` address (RFC 2397), as search engines use for small pictures."""
    if url.scheme() != "data":
        return b""
    head, comma, body = url.toString(QUrl.ComponentFormattingOption.FullyEncoded).partition(",")
    if not comma or not head.startswith("data:image/"):
        return b""
    content = unquote_to_bytes(body)
    if not head.endswith(";base64"):
        return content
    try:
        return base64.b64decode(content, validate=False)
    except binascii.Error:
        return b""


def _why_nothing(urls: list[QUrl]) -> str:
    remote = next((url for url in urls if url.scheme() in ("http", "https")), None)
    if remote is None:
        return _("There is no picture in this. Drop picture files, folders of pictures, or a picture from a browser.")
    address = remote.toDisplayString()
    if len(address) > _LONGEST_ADDRESS_SHOWN:
        address = f"{address[:_LONGEST_ADDRESS_SHOWN]}…"
    return _(
        "The browser gave only the address {address}, not the picture, and the workbench does not download. "
        "Choose \u201cCopy image\u201d in the browser and paste it here with Ctrl+V, or save it and drop the file."
    ).format(address=address)
