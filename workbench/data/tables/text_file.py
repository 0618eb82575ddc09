"""A text file as blocks of UTF-8 that end with a line, whatever its encoding and its line ends are."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import UserError
from workbench.i18n import _

HEAD_BYTES = 2 * 1024**2
BLOCK_BYTES = 4 * 1024**2
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_OTHER = "cp1252"
_WORKBOOKS = (".xlsx", ".xlsm")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # MS-OFFCRYPTO: a workbook within an old container


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a file are to be read.

    Attributes:
        name: a codec.
        mark: bytes at the beginning that are no text.
        reason: why it is another one than UTF-8, for people; empty where it is that or says so itself.
    """

    name: str
    mark: int = 0
    reason: str = ""


def encoding_of(path: Path) -> Encoding:
    """The encoding, from a mark at the beginning or from the first 2 MB.

    Raises:
        UserError: the file is empty or holds no text.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip():
        raise UserError(_("{path} is empty. Expected was a table with a header and rows.").format(path=path))
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, len(mark))
    _refuse_what_is_no_text(path, head)
    try:
        # A character may be cut at the end of the head.
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError as error:
        line = head.count(b"\n", 0, error.start) + 1
        return Encoding(_OTHER, reason=_(
            "line {line} is no UTF-8; the file is read as Windows-1252 (Western European). If letters look wrong, save "
            "it as UTF-8"
        ).format(line=line))  # fmt: skip
    return Encoding("utf-8")


def _refuse_what_is_no_text(path: Path, head: bytes) -> None:
    expected = _("Expected was a table as text (CSV, TSV) or an Excel workbook (.xlsx).")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        if path.suffix.lower() in _WORKBOOKS or _ENCRYPTED in head:
            text = _("{path} is protected by a password. Open it in a spreadsheet program and save it without one.")
            raise UserError(text.format(path=path))
        raise UserError(_("{path} is an old Excel workbook (.xls). Save it as .xlsx or as CSV.").format(path=path))
    if head.startswith(b"PK") and path.suffix.lower() in _WORKBOOKS:
        text = _("{path} is a damaged Excel workbook, or only half of one. Copy it again, or save it again.")
        raise UserError(text.format(path=path))
    if head.startswith((b"\x1f\x8b", b"PK")):
        raise UserError(_("{path} is compressed. Unpack it first. {expected}").format(path=path, expected=expected))
    zeros = head.count(b"\0")
    if zeros > len(head) / 4:
        raise UserError(_("{path} may be UTF-16 without a mark at its beginning. Save it as UTF-8.").format(path=path))
    control = sum(head.count(bytes([code])) for code in range(32) if code not in b"\t\n\r\f\x1a")
    if zeros or control > len(head) / 100:
        raise UserError(_("{path} is no text. {expected}").format(path=path, expected=expected))


class Blocks:
    """The text in blocks of UTF-8, each ending with a line feed and without carriage returns.

    Attributes:
        done: bytes of the file read so far.
        problem: what was found while reading, as a reason for people; empty for nothing.
    """

    def __init__(self, path: Path, encoding: Encoding, limit: int | None = None) -> None:
        self.done = 0
        self.problem = ""
        self._path = path
        self._encoding = encoding
        self._limit = limit
        self._plain = True  # whether nothing but ASCII was seen so far
        self._codec = encoding.name

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        decoder = codecs.getincrementaldecoder(self._codec)("replace") if "16" in self._codec else None
        with self._path.open("rb") as file:
            file.seek(self._encoding.mark)
            while True:
                read = file.read(BLOCK_BYTES if self._limit is None else min(BLOCK_BYTES, self._limit - self.done))
                self.done += len(read)
                text = read if decoder is None else decoder.decode(read, final=not read).encode()
                block, rest = _cut(rest + text, last=not read)
                if block:
                    yield self._as_utf_8(block)
                if not read:
                    return

    def _as_utf_8(self, block: bytes) -> bytes:
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if block.isascii():
            return block
        if self._codec == _OTHER:
            return block.decode(_OTHER, "replace").encode()
        try:
            block.decode()
        except UnicodeDecodeError:
            if self._plain:
                self._codec = _OTHER
                self.problem = _(
                    "after the first 2 MB there are letters that are no UTF-8; they are read as Windows-1252"
                )
                return block.decode(_OTHER, "replace").encode()
            self.problem = _("some letters are no UTF-8; they are replaced")
            block = block.decode("utf-8", "replace").encode()
        self._plain = False
        return block


def _cut(text: bytes, last: bool) -> tuple[bytes, bytes]:
    """The complete lines, and what is left for the next block."""
    if last:
        return (text if not text or text.endswith((b"\n", b"\r")) else text + b"\n"), b""
    end = text.rfind(b"\n") + 1 or text.rfind(b"\r", 0, len(text) - 1) + 1
    return text[:end], text[end:]
