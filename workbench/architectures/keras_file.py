"""Model and weights files as Keras opens them: in safe mode, with every failure in words."""

import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

from workbench.errors import UserError
from workbench.i18n import _

OLD_FORMATS = (".h5", ".hdf5")
_LISTED = 8  # weights that a message names


def check_it_is_there(path: Path) -> None:
    """Raise `UserError` where there is no file that could be a model."""
    if path.is_dir():
        raise UserError(_("{path} is a folder; a saved model is a .keras file.").format(path=path))
    if not path.exists():
        raise UserError(_("There is no model at {path}.").format(path=path))
    if path.stat().st_size == 0:
        raise UserError(_("{path} is empty.").format(path=path))
    if path.suffix.lower() not in (".keras", *OLD_FORMATS):
        raise UserError(
            _("{path} is not a Keras model: its name should end with .keras (or .h5 for an old one).").format(path=path)
        )


def open_network(path: Path) -> Any:
    """The Keras model in a file, not compiled, opened in safe mode.

    Raises:
        UserError: it cannot be opened; the message says why, and what to do.
    """
    import keras

    try:
        with warnings.catch_warnings():
            # Old files name input shapes the old way; nothing their reader could do about it.
            warnings.simplefilter("ignore", UserWarning)
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a foreign file: Keras raises whatever its content provokes
        raise UserError(_explain(path, error)) from error


def load_weights(network: Any, path: Path) -> None:
    """Put the weights of a `.weights.h5` file (or an old `.h5`) into a network.

    Raises:
        UserError: it is no such file, or its weights belong to another network; what differs is listed.
    """
    if not path.is_file():
        raise UserError(_("There is no weights file at {path}.").format(path=path))
    held = _shapes_in(path)
    try:
        with warnings.catch_warnings():
            # Keras warns of every part that does not fit before it raises; the message below lists them.
            warnings.simplefilter("ignore", UserWarning)
            network.load_weights(path)
    except Exception as error:  # a foreign file: Keras raises whatever its content provokes
        raise UserError(_differences(path, held, _shapes_of(network, old=_is_old(path)))) from error


def _is_old(path: Path) -> bool:
    return not path.name.endswith(".weights.h5")


def _shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of all weights in an HDF5 file, by their places in it; in an old one, by layer and name."""
    import h5py

    shapes: dict[str, tuple[int, ...]] = {}
    old = _is_old(path)

    def note(place: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not place.startswith("optimizer"):
            shapes[_layer_and_name(place) if old else place] = tuple(item.shape)

    try:
        with h5py.File(path) as file:
            file.visititems(note)
    except OSError as error:
        raise UserError(
            _(
                "{path} is not an HDF5 file of weights, or only half of one: {error}. If it was being copied or "
                "downloaded, do that again."
            ).format(path=path, error=str(error).splitlines()[0])
        ) from None
    return shapes


def _layer_and_name(place: str) -> str:
    """`conv1/kernel` of `model_weights/conv1/a_model/conv1/kernel:0`; what lies between differs by Keras' version."""
    parts = place.removeprefix("model_weights/").split("/")
    return f"{parts[0]}/{parts[-1].split(':')[0]}"


def _shapes_of(network: Any, old: bool) -> dict[str, tuple[int, ...]]:
    """The shapes that a file of the network's own weights would hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("own.h5" if old else "own.weights.h5")
        if not old:
            network.save_weights(path)
            return _shapes_in(path)
    return {
        f"{layer.name}/{weight.name}": tuple(weight.shape) for layer in network.layers for weight in layer.weights
    }  # fmt: skip


def _differences(path: Path, held: dict[str, tuple[int, ...]], wanted: dict[str, tuple[int, ...]]) -> str:
    lines = [
        _("{name}: {held} in the file, {wanted} in the network").format(
            name=name, held=_times(held[name]), wanted=_times(shape)
        )
        for name, shape in wanted.items()
        if name in held and held[name] != shape
    ]
    lines += [
        _("{name}: {wanted} in the network, not in the file").format(name=name, wanted=_times(shape))
        for name, shape in wanted.items()
        if name not in held
    ]
    lines += [
        _("{name}: {held} in the file, not in the network").format(name=name, held=_times(shape))
        for name, shape in held.items()
        if name not in wanted
    ]
    rest = len(lines) - _LISTED
    shown = lines[:_LISTED] + ([_("and {count} more").format(count=rest)] if rest > 0 else [])
    return "\n".join([
        _(
            "The weights in {path} are not those of this network. Is it the file of another application or variant, or "
            "of a network with its output layers? What differs:"
        ).format(path=path),
        *(f"  {line}" for line in shown),
    ])  # fmt: skip


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape) or "1"


def _explain(path: Path, error: Exception) -> str:
    text = str(error).strip()
    # Keras wraps what went wrong in what it was doing, once per layer of nesting: the innermost says it.
    innermost = text.rsplit("Exception encountered:", 1)[-1].strip()
    short = innermost.splitlines()[0][:300] if innermost else type(error).__name__
    if "lambda" in text.lower() or "unsafe" in text.lower() or "safe_mode" in text or "safe mode" in text.lower():
        return _(
            "{path} holds Python code of its maker's (a lambda), which would run on this computer as soon as the file "
            "is opened; the workbench does not open such files. Ask for a version without lambda layers, or rebuild it "
            "with Keras layers and save it again."
        ).format(path=path)
    missing = re.search(r"(?:Could not locate (?:class|function)|Unknown layer:|Unknown object:) '?(\w+)", text)
    if missing:
        return _(
            "{path} needs {name!r}, a layer or function that does not come with Keras and is not in the file. It can "
            "only be opened where its code is."
        ).format(path=path, name=missing[1])
    if path.suffix.lower() in OLD_FORMATS:
        if "No model config" in text:
            return _(
                "{path} holds weights only, without the network they belong to. Build that network, load the weights "
                "into it and save it as .keras."
            ).format(path=path)
        if isinstance(error, OSError):
            return _("{path} is not an HDF5 file, or only half of one: {error}").format(path=path, error=short)
        return _(
            "{path} was saved by an older Keras in a way that Keras 3 does not read: {error}. Open it with the Keras "
            "it was made with (TensorFlow 2.15 or older), and save it as .keras or rebuild it."
        ).format(path=path, error=short.rstrip("."))
    return _("{path} cannot be opened by Keras: {error}. The file may be damaged, or made by a newer Keras.").format(
        path=path, error=short.rstrip(".")
    )
