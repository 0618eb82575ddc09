"""A list of corrections applied to a dataset: which samples stay, and what their labels are now.

A line holds for the sample of its name, provided that is still the same sample. One that fits no sample changes nothing
and is told as a problem; the rest of the list holds.
"""

import contextlib
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from workbench.control import Checked
from workbench.data.corrections import EXCLUDE, Correction, digest, read_corrections
from workbench.data.source import Problem, Samples, UnreadableSampleError
from workbench.errors import UserError, did_you_mean
from workbench.experiment import CorrectionsSection
from workbench.i18n import _

_DIGITS = 16
_CHANNELS = 3  # pictures that are no files are compared in colour, whatever the network takes
_BESIDE = "/"


@dataclass(frozen=True)
class CorrectionLine:
    """A line of a list beside the data.

    Attributes:
        correction: what it says.
        label: the sample's own class; empty where it has none.
        problem: why the line has no effect; empty where it has one.
    """

    correction: Correction
    label: str = ""
    problem: str = ""

    def to_json(self) -> dict[str, str]:
        """As plain values."""
        known = self.correction
        return {
            "name": known.name,
            "action": known.action,
            "label": known.label,
            "own_label": self.label,
            "note": known.note,
            "date": known.date,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Corrected:
    """What a list does to the samples of a dataset.

    Attributes:
        lines: all of it.
        excluded: int64, ascending: the samples left out, as the source counts them.
        relabelled: the new class by the sample.
        problems: the lines without effect.
    """

    lines: tuple[CorrectionLine, ...] = ()
    excluded: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    relabelled: dict[int, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def targets(self, targets: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The corrected targets of what was loaded; `rows`: which sample of the source each is."""
        if not self.relabelled:
            return targets
        changed = np.array(targets)
        for sample, label in self.relabelled.items():
            changed[rows == sample] = label
        return changed

    def left_out(self, rows: np.ndarray) -> np.ndarray:
        """Whether what was loaded is left out: bool, (n,)."""
        return np.isin(rows, self.excluded)


def corrected(section: CorrectionsSection, samples: Samples, control: Checked) -> Corrected:
    """What the list of an experiment does to the samples of its dataset.

    Raises:
        UserError: the list is missing or damaged, or not the one that the experiment was made with.
        Stopped: it was asked to stop.
    """
    if not section.file:
        return Corrected()
    path = Path(section.file).expanduser()
    corrections = read_corrections(path)
    if section.digest and section.digest != digest(corrections):
        raise UserError(_(
            "The list of corrections {path} is not the one that this experiment was made with. Bring that one back, or "
            "clear corrections.digest to use the list as it is now."
        ).format(path=path))  # fmt: skip
    return applied(corrections, samples, control)


def applied(corrections: tuple[Correction, ...], samples: Samples, control: Checked) -> Corrected:
    """What these corrections do to the samples."""
    index_of = positions({each.name for each in corrections}, samples)
    lines, problems, excluded, relabelled = [], [], [], {}
    for each in corrections:
        control.check()
        index = index_of.get(each.name, -1)
        label = _label(samples, index)
        problem = _problem(each, index, samples)
        lines.append(CorrectionLine(each, label, problem))
        if problem:
            problems.append(Problem(each.name, problem))
        elif each.action == EXCLUDE:
            excluded.append(index)
        else:
            relabelled[index] = samples.target.class_names.index(each.label)
    return Corrected(tuple(lines), np.array(sorted(excluded), np.int64), relabelled, tuple(problems))


def positions(names: set[str], samples: Samples) -> dict[str, int]:
    """Where the samples of these names stand, as the source counts them; those there are."""
    return {name: index for index, name in enumerate(samples.names) if name in names} if names else {}


def content(samples: Samples, index: int) -> str:
    """A digest of a sample as the source has it: the file, the pixels, or the row with the names of its columns.

    What of a row can be compared depends on the columns that were chosen. So these have a digest of their own.
    """
    if samples.columns is not None:
        columns = samples.columns.columns
        row = [
            column.categories[int(value)] if column.categories and not np.isnan(value) else repr(float(value))
            for value, column in zip(samples.values[index], columns, strict=True)
        ]
        return _digest(repr([column.name for column in columns]).encode())[:4] + _BESIDE + _digest(repr(row).encode())
    with contextlib.suppress(OSError, UnreadableSampleError):
        if samples.paths:
            return _digest(Path(samples.paths[index]).read_bytes())
        pixels = np.ascontiguousarray(samples.read(index, _CHANNELS))
        return _digest(repr(pixels.shape).encode() + pixels.tobytes())
    return ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _label(samples: Samples, index: int) -> str:
    if index < 0 or not samples.target.strata_names:
        return ""
    return samples.target.class_names[int(samples.targets[index])]


def _problem(correction: Correction, index: int, samples: Samples) -> str:
    if index < 0:
        return _("a correction names this sample, but the dataset has none of that name")
    if _is_another(correction.content, samples, index):
        return _("another sample has this name now; its correction is not used")
    if correction.action == EXCLUDE:
        return ""
    if not samples.target.strata_names:
        return _("only classes can be corrected; what is learned here is none")
    names = samples.target.class_names
    if correction.label not in names:
        hint = did_you_mean(correction.label, names)
        text = _("its correction names the class {label!r}, which the dataset has not. {hint}")
        return text.format(label=correction.label, hint=hint).strip(" .")
    return ""


def _is_another(known: str, samples: Samples, index: int) -> bool:
    if not known:
        return False
    found = content(samples, index)
    if not found:  # it cannot be read, and is left out for that
        return False
    if _BESIDE in known and _BESIDE in found and known.split(_BESIDE)[0] != found.split(_BESIDE)[0]:
        return False  # rows of other columns cannot be compared
    return known != found
