"""How many pictures a second an architecture took on this machine: measured once, kept until somebody measures again.

One small file a measurement, below the cache: nothing is lost that could not be measured anew. Read without Keras.
"""

import functools
import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from workbench.atomic_files import replace_json
from workbench.experiment import ArchitectureSection, Experiment
from workbench.paths import cache_folder

VERSION = 1
STANDARD_BATCH = 32
_BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


@dataclass(frozen=True)
class Case:
    """What a measurement holds for.

    Attributes:
        architecture: its name.
        settings: those that differ from their defaults, as JSON.
        height, width, channels: of the pictures.
        batch_size: that was asked for.
        device: as the training takes it ("auto", "cpu", "gpu:0").
        precision: likewise.
    """

    architecture: str
    settings: str
    height: int
    width: int
    channels: int
    batch_size: int
    device: str = "auto"
    precision: str = "float32"


@dataclass(frozen=True)
class Speed:
    """A measurement.

    Attributes:
        case: what was measured.
        predicting: pictures a second from raw pixels to the answer.
        training: pictures a second in steps of training; 0 where not even one fits into the memory.
        batch: samples in a step as measured: fewer than asked for where memory does not suffice or a step takes long.
        processor: what computed, for people.
        machine: what it was measured on, see `this_machine`.
        date: of the day, as 2026-11-21.
    """

    case: Case
    predicting: float
    training: float
    batch: int
    processor: str
    machine: str
    date: str

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self.case), **{name: value for name, value in asdict(self).items() if name != "case"}}


def settings_of(section: ArchitectureSection) -> str:
    """What of an architecture's settings is not as it is at first."""
    return json.dumps(section.model_dump(exclude={"name"}, exclude_defaults=True, mode="json"), sort_keys=True)


def case_of(experiment: Experiment) -> Case | None:
    """The network of an experiment at its own input and batch; None where its input is no picture."""
    preprocessing, training = experiment.preprocessing, experiment.training
    if not hasattr(preprocessing, "channels"):
        return None
    return Case(
        experiment.architecture.name, settings_of(experiment.architecture), preprocessing.height, preprocessing.width,
        preprocessing.channels, training.batch_size, training.device, training.precision,
    )  # fmt: skip


def standard_case(architecture: Any, device: str = "auto", precision: str = "float32") -> Case | None:
    """A published network as its card counts it; None for one without a card."""
    if architecture.card is None:
        return None
    size = architecture.card.size
    return Case(architecture.name, "{}", size, size, 3, STANDARD_BATCH, device, precision)


@functools.cache
def this_machine() -> str:
    """The processor and the versions that a measurement depends on."""
    backend = _BACKENDS.get(os.environ.get("KERAS_BACKEND", "tensorflow"), "tensorflow")
    versions = ", ".join(f"{name} {_version(name)}" for name in ("keras", backend))
    return f"{processor_name()}, {os.cpu_count()} × ({versions})"


@functools.cache
def processor_name() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "-"


def keep(speed: Speed) -> None:
    """Write a measurement down, in place of an older one of the same case."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    key = json.dumps([asdict(speed.case), speed.machine], sort_keys=True)
    name = f"{speed.case.architecture}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    replace_json(folder / name, {"version": VERSION, **asdict(speed)})


def kept(architecture: str = "") -> dict[Case, Speed]:
    """What was measured on this machine, of one architecture or of all; what cannot be read is left out."""
    found = (_read(path) for path in sorted(_folder().glob(f"{architecture or ''}*.json")))
    here = [speed for speed in found if speed is not None and speed.machine == this_machine()]
    return {speed.case: speed for speed in here if architecture in ("", speed.case.architecture)}


def _folder() -> Path:
    return cache_folder() / "speeds"


def _read(path: Path) -> Speed | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("version") != VERSION:
            return None
        return Speed(**{**values, "case": Case(**values["case"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
