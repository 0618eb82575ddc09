"""Which entry serves which kind of input. A new kind of input is one line here."""

from workbench.gui.pages.predict_entry import Entry
from workbench.gui.pages.predict_image_entry import ImageEntry
from workbench.gui.pages.predict_row_entry import RowEntry

ENTRIES: dict[str, type[Entry]] = {entry.kind: entry for entry in (ImageEntry, RowEntry)}
