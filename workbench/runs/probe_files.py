"""What the probes of a training leave in its run, and the weights of every epoch where they are kept.

```
probes/about.npz         what is looked at: the same for all epochs
probes/epoch_0001.npz    what was seen after epoch 1
weights/epoch_0001.npz   the weights after epoch 1, in the order of the model's
```

Each file is whole or not there, so that a training can be played back while it goes on. Arrays stand beside one JSON
text (no pickle), and are read one by one as they are needed.

Arrays of `about`: `pictures` uint8 (samples, height, width, channels), where samples are pictures; `points`, the
numbers of the samples behind matrix and embedding in their split, and `truth`, what they are (classes or numbers).
Values: `split`, `samples`, `captions`, `layers`, `method`, `choices`, `features` (the layer of the embedding),
`kernels` (the layer whose kernels are kept).

Arrays of an epoch: `maps_0` uint8 (samples, rows, columns, maps) with `range_0` float32 (samples, maps, 2), the value
of 0 and of 255, or `units_0` float16 (samples, units) where a layer has no maps; `heat` uint8 (samples, rows,
columns); `shares` float32 (samples, outputs); `kernels` float16 (height, width, inputs, filters); `weight_counts` and
`gradient_counts` uint32 (layers, bins) with `weight_sizes` and `gradient_sizes` float32 (layers, 3): the largest
magnitude, the largest of all epochs so far, the root mean square; `matrix` (classes, classes); `features` float16
(points, features); `answers`, what the model answers to the points. Values: `answers`, a text a sample, `weighted`,
the names of the layers of the counts, `note`, why something is missing.
"""

import contextlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from workbench.atomic_files import replace_file
from workbench.errors import UserError
from workbench.i18n import _

PROBES, WEIGHTS = "probes", "weights"
PROBES_VERSION = 1
_ABOUT, _VALUES = "about.npz", "values"
_EPOCH = re.compile(r"epoch_(\d{4,})\.npz")


@dataclass(frozen=True)
class Stored:
    """What one file holds: plain values and arrays, as the module says."""

    values: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


class ProbeFiles:
    """The probes of a run.

    Args:
        run: the run folder.
        name: the folder within it.
    """

    def __init__(self, run: Path | str, name: str = PROBES) -> None:
        self.folder = Path(run) / name

    def epochs(self) -> list[int]:
        """The epochs (1-based) that can be shown, ascending; none without a description."""
        return _epochs_in(self.folder) if (self.folder / _ABOUT).exists() else []

    def about(self) -> Stored:
        """What is looked at. Raises `UserError` where there is nothing, or nothing that can be read."""
        return _read(self.folder / _ABOUT)

    def read(self, epoch: int, names: Iterable[str] | None = None) -> Stored:
        """What was seen after an epoch (1-based); of the arrays only those of these names, where there are such.

        Raises:
            UserError: it was not kept, is damaged, or a newer workbench wrote it.
        """
        return _read(self.path(epoch), names)

    def names(self, epoch: int) -> list[str]:
        """The names of the arrays of an epoch (1-based). Raises `UserError` as `read` does."""
        try:
            with zipfile.ZipFile(self.path(epoch)) as file:
                return [name.removesuffix(".npy") for name in file.namelist()]
        except (OSError, zipfile.BadZipFile) as error:
            raise _unreadable(self.path(epoch), error) from None

    def path(self, epoch: int) -> Path:
        """The file of an epoch (1-based)."""
        return self.folder / _file_name(epoch)

    def write_about(self, about: Stored) -> None:
        """Write what is looked at; what was kept of other epochs before goes. Raises `OSError` on a full disk."""
        self.forget_beyond(0)
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / _ABOUT, about)

    def write(self, epoch: int, seen: Stored) -> None:
        """Keep what was seen after an epoch (1-based). Raises `OSError` on a full disk."""
        _write(self.path(epoch), seen)

    def forget_beyond(self, epoch: int) -> None:
        """Delete the epochs after this one: a training goes on from here, and comes by them again."""
        _forget_beyond(self.folder, epoch)

    def take_place_of(self, other: "ProbeFiles") -> None:
        """Put this folder in place of another one, which goes."""
        shutil.rmtree(other.folder, ignore_errors=True)
        self.folder.rename(other.folder)

    def delete(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def kept_weights(run: Path | str) -> list[int]:
    """The epochs (1-based) of a run whose weights were kept, ascending."""
    return _epochs_in(Path(run) / WEIGHTS)


def write_weights(run: Path | str, epoch: int, weights: Sequence[np.ndarray]) -> None:
    """Keep the weights after an epoch (1-based). Raises `OSError` on a full disk."""
    folder = Path(run) / WEIGHTS
    folder.mkdir(exist_ok=True)
    arrays = {f"{number:05d}": array for number, array in enumerate(weights)}
    replace_file(folder / _file_name(epoch), lambda file: np.savez(file, **arrays), durable=False)


def read_weights(run: Path | str, epoch: int) -> list[np.ndarray]:
    """The weights after an epoch (1-based), in the order of the model's. Raises `UserError` for a damaged file."""
    path = Path(run) / WEIGHTS / _file_name(epoch)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return [file[name] for name in sorted(file.files)]
    except Exception as error:  # zip, zlib and numpy each have their own errors for a damaged file
        raise UserError(
            _("The weights in {path} cannot be read: {error}. Delete that file to look at the other epochs.").format(
                path=path, error=_reason(error)
            )
        ) from None


def forget_weights_beyond(run: Path | str, epoch: int) -> None:
    """Delete the weights of the epochs after this one."""
    _forget_beyond(Path(run) / WEIGHTS, epoch)


def _file_name(epoch: int) -> str:
    return f"epoch_{epoch:04d}.npz"


def _epochs_in(folder: Path) -> list[int]:
    try:
        names = [_EPOCH.fullmatch(entry.name) for entry in folder.iterdir()]
    except OSError:
        return []
    return sorted(int(name[1]) for name in names if name is not None)


def _forget_beyond(folder: Path, epoch: int) -> None:
    for later in _epochs_in(folder):
        if later > epoch:
            with contextlib.suppress(OSError):
                (folder / _file_name(later)).unlink()
    for half_written in folder.glob(".*.part"):  # of a process that was killed
        with contextlib.suppress(OSError):
            half_written.unlink()


def _write(path: Path, stored: Stored) -> None:
    text = json.dumps({"version": PROBES_VERSION, **stored.values}, ensure_ascii=False).encode("utf-8")
    arrays = {_VALUES: np.frombuffer(text, np.uint8), **stored.arrays}
    replace_file(path, lambda file: np.savez_compressed(file, **arrays), durable=False)


def _read(path: Path, names: Iterable[str] | None = None) -> Stored:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            values = json.loads(file[_VALUES].tobytes().decode("utf-8"))
            wanted = [name for name in file.files if name != _VALUES and (names is None or name in names)]
            arrays = {name: file[name] for name in wanted}
    except FileNotFoundError:
        raise UserError(_("There are no probes in {path}: nothing was kept of that epoch.").format(path=path)) from None
    except Exception as error:  # zip, zlib, numpy and json each have their own errors for a damaged file
        raise _unreadable(path, error) from None
    if values.get("version", 0) > PROBES_VERSION:
        raise UserError(_("The probes in {path} were written by a newer workbench. Update this one.").format(path=path))
    return Stored(values, arrays)


def _unreadable(path: Path, error: Exception) -> UserError:
    if path.name == _ABOUT:
        text = _("The probes in {path} cannot be read: {error}. Make them anew (workbench probe).")
    else:
        text = _("The probes in {path} cannot be read: {error}. Delete that file to play back the other epochs.")
    return UserError(text.format(path=path, error=_reason(error)))


def _reason(error: Exception) -> str:
    """What is wrong with a file, without NumPy's advice to open it as a pickle."""
    return _("it is no .npz file") if isinstance(error, ValueError | EOFError) else str(error).rstrip(".")
