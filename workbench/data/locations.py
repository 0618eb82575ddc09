"""Files and folders a user names in an experiment."""

from pathlib import Path

from workbench.errors import UserError
from workbench.i18n import _


def given_path(text: str, dataset: str, expected: str) -> Path:
    """The path in a dataset's setting, absolute, with `~` resolved.

    Args:
        text: what the user gave.
        dataset: name of the dataset, for messages.
        expected: what should be there, in words ("a folder with a subfolder per class").

    Raises:
        UserError: nothing was given, or nothing is there.
    """
    if not text.strip():
        raise UserError(_("The dataset {dataset} needs a path: {expected}.").format(dataset=dataset, expected=expected))
    path = Path(text).expanduser().absolute()
    try:
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise UserError(_("{path} cannot be used as a path: {error}.").format(path=text, error=error)) from None
    if not exists:
        raise UserError(_("{path} does not exist. Expected was {expected}.").format(path=path, expected=expected))
    return path


def given_folder(text: str, dataset: str, expected: str) -> Path:
    """The same for a folder."""
    path = given_path(text, dataset, expected)
    if not path.is_dir():
        raise UserError(_("{path} is not a folder. Expected was {expected}.").format(path=path, expected=expected))
    return path


def given_file(text: str, dataset: str, expected: str) -> Path:
    """The same for a file."""
    path = given_path(text, dataset, expected)
    if not path.is_file():
        raise UserError(_("{path} is not a file. Expected was {expected}.").format(path=path, expected=expected))
    return path
