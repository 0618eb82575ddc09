"""The features that a frozen base makes of all samples of a dataset, computed once and kept on the disk.

They are kept in the folder of decoded data (`workbench.data.cache`), under a name that follows from what they are made
of: the layers and weights of the base and the content of the samples. So a base that was trained further, another
layer, another size or other samples never find the features of something else, and a run that was copied does.
"""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from workbench.control import Checked, Emit
from workbench.data import cache
from workbench.data.prepare import PreparedData
from workbench.errors import UserError
from workbench.events import Note, Progress
from workbench.i18n import _

_VERSION = 1
_UNNAMED = ("name", "shared_object_id")  # differ from process to process


def embed(base: Any, data: PreparedData, batch_size: int, tell: Emit, control: Checked) -> np.ndarray:
    """The features of all samples, from the disk where they are there.

    Args:
        base: a Keras model from prepared samples, float32, to features (n, d).
        data: the samples.
        batch_size: samples that go through the base at a time.
        tell: takes `Progress`, and a `Note` when nothing had to be computed.
        control: asked before every batch.

    Returns:
        float32, (len(data.inputs), d).

    Raises:
        UserError: there is no room for them, or the base gives no numbers.
        Stopped: it was asked to stop; nothing is kept then.
    """
    shape = (len(data.inputs), int(base.output.shape[-1]))
    name = f"features-{_key(base, data)}"

    def read(folder: Path) -> np.ndarray:
        return _read(folder, shape)

    features = cache.read_entry(name, read)
    if features is None:
        cache.make_room(4 * shape[0] * shape[1])
        with cache.filling(name, control) as folder:
            if folder is not None:  # else another process has just made them
                features = _compute(base, data, shape, batch_size, tell, control)
                _write(folder, features)
        return cache.read_entry(name, read) if features is None else features
    tell(Note(_("The features of all {count:,} samples were on the disk already.").format(count=len(features))))
    return features


def _compute(
    base: Any, data: PreparedData, shape: tuple[int, int], batch_size: int, tell: Emit, control: Checked
) -> np.ndarray:
    features = np.empty(shape, np.float32)
    for start in range(0, len(features), batch_size):
        control.check()
        inputs = np.asarray(data.inputs[start : start + batch_size], np.float32)
        features[start : start + len(inputs)] = base.predict_on_batch(inputs)
        tell(Progress(_("computing features"), start + len(inputs), len(features)))
    if not np.isfinite(features).all():
        raise UserError(
            _(
                "The base answers with values that are not numbers; its training diverged. Choose another base, or "
                "train it again with a smaller learning rate."
            )
        )
    return features


def _write(folder: Path, features: np.ndarray) -> None:
    np.save(folder / "features.npy", features, allow_pickle=False)
    index = {"version": _VERSION, "checksum": zlib.crc32(features)}
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")


def _read(folder: Path, shape: tuple[int, int]) -> np.ndarray:
    """Raises `ValueError` for what is damaged."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    features = np.load(folder / "features.npy", allow_pickle=False)
    if features.shape != shape or features.dtype != np.float32 or zlib.crc32(features) != index["checksum"]:
        raise ValueError("these are not the features that were written")
    return features


def _key(base: Any, data: PreparedData) -> str:
    """A name for the features: equal for equal layers, weights and samples."""
    import keras

    digest = hashlib.sha256()
    for weight in base.weights:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return cache.key(_VERSION, _structure(base), digest.hexdigest(), data.fingerprint)


def _structure(base: Any) -> str:
    """The layers with their settings and how they are joined, with numbers in place of names."""
    numbers = {operation.name: f"#{number}" for number, operation in enumerate(base.operations)}

    def unnamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: unnamed(item) for key, item in value.items() if key not in _UNNAMED}
        if isinstance(value, list | tuple):
            return [unnamed(item) for item in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    return json.dumps(unnamed(base.get_config()), sort_keys=True, default=str)
