"""Which entry serves which kind of input. A new kind of input is one line here."""

from workbench.errors import UserError
from workbench.gui.pages.predict_entry import Entry
from workbench.gui.pages.predict_image_entry import ImageEntry
from workbench.gui.pages.predict_row_entry import RowEntry
from workbench.runs.folder import RunFolder
from workbench.runs.model_file import read_about
from workbench.specs import InputSpec, spec_from_json

ENTRIES: dict[str, type[Entry]] = {entry.kind: entry for entry in (ImageEntry, RowEntry)}


def input_of(model: str) -> InputSpec | None:
    """What the model of a run folder, or a model file, takes; None where that is not written in it.

    Only the description in the file is read: no Keras.
    """
    folder = RunFolder(model)
    try:
        about = read_about(folder.model_path if folder.exists() else model) if model else None
        return spec_from_json(about["input"]) if about is not None else None
    except (UserError, KeyError, TypeError):  # whoever opens the model says what is wrong with it
        return None
