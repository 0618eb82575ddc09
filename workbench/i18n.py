"""The one way to user-visible text: gettext, without Qt.

`_` translates where a text is shown; `mark` only marks a text for translation where it is defined before a language
is known (titles and help on pydantic fields, registered names). Translations live in `resources/translations`.
"""

import gettext

from workbench.paths import resources

_translation: gettext.NullTranslations | None = None


def _(text: str) -> str:
    """The text in the user's language."""
    global _translation
    if _translation is None:
        _translation = gettext.translation("workbench", resources() / "translations", fallback=True)
    return _translation.gettext(text) if text else text


def mark(text: str) -> str:
    """Mark a text for translation and give it back unchanged; whoever shows it calls `_` on it."""
    return text
