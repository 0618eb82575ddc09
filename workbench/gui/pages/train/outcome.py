"""What to say of a training in a sentence: how it ended, or what was noted while it runs."""

import itertools

from workbench.events import Finished
from workbench.gui.metric_text import number_text, readable
from workbench.gui.pages.train.record import TrainingRecord
from workbench.gui.training_text import duration
from workbench.i18n import _

_MOST_NUMBERS = 8


def outcome(record: TrainingRecord | None) -> tuple[str, str]:
    """The kind of notice (information, success, warning, error) and its text; an empty text for none."""
    if record is None:
        return "information", ""
    notes = "\n".join(record.notes[-3:])
    if record.end is None:
        return "information", notes
    kind, text = _end(record.end, record)
    return kind, "\n".join(part for part in (text, notes if record.end.state != "failed" else "") if part)


def _end(end: Finished, record: TrainingRecord) -> tuple[str, str]:
    match end.state:
        case "completed":
            best = ""
            if record.best_epoch >= 0 and not record.at_once:
                best = _(" The best epoch was {epoch}.").format(epoch=record.best_epoch + 1)
            took = _(" It took {time}.").format(time=duration(end.seconds)) if end.seconds else ""
            # The best epoch on validation samples and the model on test samples; the curves show the rest.
            told = {name: value for name, value in end.metrics.items() if name.startswith(("val_", "test_"))}
            texts = (f"{readable(name)} {number_text(name, value)}" for name, value in (told or end.metrics).items())
            numbers = " · ".join(itertools.islice(texts, _MOST_NUMBERS))
            return "success", "\n".join(part for part in (_("Completed.") + best + took, numbers) if part)
        case "stopped":
            return "warning", end.message or _("Stopped. Everything it learned is kept; resume it from the Runs page.")
    return "error", end.message or _("The training failed without saying why; see log.txt in its folder.")
