"""Texts in the user's language: the form that belongs to a number, by the rules of the language."""

import gettext
import io
import struct

from workbench import i18n
from workbench.i18n import counted


def catalogue(**texts):
    """A translation as gettext reads it: original -> translated, both with their forms parted by NUL."""
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n>1;\n"
    pairs = sorted({"": header, **texts}.items())
    start = 28 + 16 * len(pairs)
    tables, content = [b"", b""], b""
    for table in (0, 1):
        for pair in pairs:
            text = pair[table].encode()
            tables[table] += struct.pack("<II", len(text), start + len(content))
            content += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return gettext.GNUTranslations(io.BytesIO(head + b"".join(tables) + content))


def test_one_is_said_in_the_singular_and_every_other_number_in_the_plural():
    said = [counted("{count} run", "{count} runs", count).format(count=count) for count in (0, 1, 2)]
    assert said == ["0 runs", "1 run", "2 runs"]


def test_a_language_has_its_own_rule_for_the_form(monkeypatch):
    french = catalogue(**{"{count} run\0{count} runs": "{count} essai\0{count} essais"})
    monkeypatch.setattr(i18n, "_translation", french)
    assert [counted("{count} run", "{count} runs", count) for count in (0, 1, 2)] == [
        "{count} essai", "{count} essai", "{count} essais",
    ]  # fmt: skip
