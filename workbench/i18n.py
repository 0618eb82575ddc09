"""The one way to user-visible text: gettext, without Qt.

`_` translates where a text is shown, `counted` one that depends on a number; `mark` only marks a text for translation
where it is defined before a language is known (titles and help on pydantic fields, registered names). Translations
live in `resources/translations`.
"""

import gettext

from workbench.paths import resources

_translation: gettext.NullTranslations | None = None


def _(text: str) -> str:
    """The text in the user's language."""
    return _catalogue().gettext(text) if text else text


def counted(one: str, many: str, count: int) -> str:
    """The text for a count in the user's language, which may tell more numbers apart than one and many.

    Extracted with `xgettext --keyword=counted:1,2`.

    Args:
        one: the text where it is one; the placeholder of the number may be left out.
        many: the text for any other number.
        count: the number. The placeholders stay, as with `_`.
    """
    return _catalogue().ngettext(one, many, count)


def mark(text: str) -> str:
    """Mark a text for translation and give it back unchanged; whoever shows it calls `_` on it."""
    return text


def _catalogue() -> gettext.NullTranslations:
    global _translation
    if _translation is None:
        _translation = gettext.translation("workbench", resources() / "translations", fallback=True)
    return _translation
