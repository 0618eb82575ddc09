"""Errors that are meant for the user: one message, no traceback.

Everything that can be wrong with what a user asked for or gave us is raised as `UserError`; the command line prints
it and exits with 2, the window shows it. Any other exception is a defect of ours.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can mend. The message says what happened, what was expected and what to do."""


class UnknownNameError(UserError):
    """A name that nothing is registered under."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        from workbench.i18n import _

        names = sorted(known)
        hint = did_you_mean(str(name), names)
        super().__init__(
            _("There is no {kind} called {name!r}.{hint} Known are: {names}.").format(
                kind=kind, name=name, hint=f" {hint}" if hint else "", names=", ".join(names) or "-"
            )
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that offers the closest known name, or an empty string when nothing comes close."""
    from workbench.i18n import _

    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return _("Did you mean {name!r}?").format(name=close[0]) if close else ""
