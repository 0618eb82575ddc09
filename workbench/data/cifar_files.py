"""The archives of CIFAR-10 and CIFAR-100 as Keras keeps them: pickles in a tar, read without running anything.

A pickle can call any function. These are read by an unpickler that knows only what NumPy arrays and byte strings
need, and refuses everything else.
"""

import io
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import UserError
from workbench.i18n import _

_ALLOWED = frozenset((
    ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"),
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
))  # fmt: skip


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_cifar(path: Path, members: list[str], label_key: str) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and labels of some members of the archive, in order.

    Args:
        path: the `.tar.gz`.
        members: names of the files in it, without folders (`data_batch_1`).
        label_key: which labels (`labels`, `fine_labels`).

    Returns:
        uint8 (n, 32, 32, 3), int64 (n,).

    Raises:
        UserError: the archive is damaged, is another one, or wants to run code.
    """
    found: dict[str, dict] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = member.name.rsplit("/", 1)[-1]
                if name in members:
                    content = io.BytesIO(archive.extractfile(member).read())
                    found[name] = _ArraysOnly(content, encoding="bytes").load()
        batches = [found[name] for name in members]
        pixels = np.concatenate([np.asarray(batch[b"data"], np.uint8) for batch in batches])
        labels = np.concatenate([np.asarray(batch[label_key.encode()], np.int64) for batch in batches])
        return pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels
    except pickle.UnpicklingError as error:
        raise UserError(_("{path} wants to run {what}; it is not the published archive. Delete it.").format(
            path=path, what=error)) from None  # fmt: skip
    except (tarfile.TarError, EOFError, OSError, KeyError, ValueError, TypeError, AttributeError, zlib.error) as error:
        raise UserError(
            _("{path} is damaged or is another archive ({error}). Delete it to have it downloaded again.").format(
                path=path, error=error
            )
        ) from None
