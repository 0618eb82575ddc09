"""The devices a training can use, and how one of them is chosen."""

import contextlib
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psutil

from workbench.control import Control, Emit
from workbench.errors import UserError, did_you_mean
from workbench.i18n import _
from workbench.requests import DevicesRequest


@dataclass(frozen=True)
class Device:
    """One device: `name` as `training.device` takes it, its memory in bytes (0 when unknown)."""

    name: str
    title: str
    memory_bytes: int


def list_devices(request: DevicesRequest, emit: Emit, control: Control) -> tuple[Device, ...]:
    """The CPU, then every GPU that the backend sees."""
    del request, emit, control
    cpu = Device("cpu", _("CPU, {count} cores").format(count=os.cpu_count()), psutil.virtual_memory().total)
    return (cpu, *_gpus())


def _gpus() -> list[Device]:
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        details = [tf.config.experimental.get_device_details(device) for device in found]
        titles = [detail.get("device_name", device.name) for detail, device in zip(details, found, strict=True)]
        return [Device(f"gpu:{index}", title, _memory_of_gpu(index)) for index, title in enumerate(titles)]
    names = [name for name in keras.distribution.list_devices() if name.startswith(("gpu", "cuda"))]
    return [Device(f"gpu:{index}", name, _memory_of_gpu(index)) for index, name in enumerate(names)]


def _memory_of_gpu(index: int) -> int:
    """Total memory in bytes by NVIDIA's tool, 0 without it."""
    import subprocess

    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return int(answer.stdout.splitlines()[index]) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0


def use_device(name: str) -> AbstractContextManager[Any]:
    """The scope in which a model is built and trained on a device.

    Raises:
        UserError: there is no such device.
    """
    import keras

    gpus = [device.name for device in _gpus()]
    if keras.backend.backend() == "tensorflow":
        _grow_memory_as_needed()
    if name == "auto":
        return contextlib.nullcontext()
    if name not in ("cpu", *gpus):
        known = ["auto", "cpu", *gpus]
        raise UserError(
            _("There is no device {name!r} here. Known are: {known}. {hint}")
            .format(name=name, known=", ".join(known), hint=did_you_mean(name, known))
            .strip()
        )
    return keras.device(name)


def _grow_memory_as_needed() -> None:
    import tensorflow as tf

    for device in tf.config.list_physical_devices("GPU"):
        # Already in use in this process: the setting was made before.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(device, True)
