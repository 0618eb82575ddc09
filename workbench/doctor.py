"""What is installed, what is missing and where things lie. Answers also when TensorFlow or Qt cannot even be loaded.

Whatever may crash or hang is tried in a process of its own. Only the standard library and our paths are imported here.
"""

import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from workbench.i18n import _
from workbench.paths import cache_folder, settings_folder, user_plugins

_TIMEOUT_SECONDS = 120.0
_PACKAGES = (
    "workbench", "tensorflow", "keras", "jax", "numpy", "opencv-python-headless", "scikit-learn", "pydantic",
    "PySide6-Essentials", "pyqtgraph", "platformdirs", "filelock", "pillow", "psutil", "send2trash", "tomlkit",
)  # fmt: skip
_OPTIONAL = {"jax"}

# Shared libraries that Qt loads, and who has them: (Debian and Ubuntu, Fedora and its relatives).
_LIBRARY_PACKAGES = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libOpenGL.so.0": ("libopengl0", "libglvnd-opengl"),
    "libGLX.so.0": ("libglx0", "libglvnd-glx"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor"),
    "libwayland-egl.so.1": ("libwayland-egl1", "libwayland-egl"),
}
_QT_FILES = (
    "lib/libQt6Core.so.6", "lib/libQt6Gui.so.6", "lib/libQt6Widgets.so.6", "lib/libQt6Svg.so.6",
    "plugins/platforms/libqxcb.so",
)  # fmt: skip

_TRY_KERAS = """
import dataclasses, json
from workbench.control import Control
from workbench.jobs import run_job
from workbench.requests import DevicesRequest
devices = run_job(DevicesRequest(), lambda event: None, Control())
import keras
about = [keras.__version__, keras.backend.backend(), [dataclasses.asdict(device) for device in devices]]
print("answer:" + json.dumps(about))
"""
_TRY_QT = """
import json, sys
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
app = QApplication([])
print("answer:" + json.dumps(QGuiApplication.platformName()))
"""
_TRY_PLUGINS = """
import json
from workbench.registry import registry
print("answer:" + json.dumps([[p.name, p.version, str(p.path), p.problem] for p in registry().plugins]))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the report; `advice` says what to do about it."""

    section: str
    name: str
    value: str
    state: Literal["ok", "missing", "problem"] = "ok"
    advice: str = ""


@dataclass(frozen=True)
class _Attempt:
    """What a process of its own answered, or how it ended without an answer."""

    answer: object = None
    problem: str = ""


def examine(runs: Path, timeout: float = _TIMEOUT_SECONDS) -> list[Finding]:
    """Look at everything.

    Args:
        runs: the folder of the runs.
        timeout: seconds after which each attempt to load something is given up.
    """
    return [
        *_versions(),
        *_keras(timeout),
        *_qt(timeout),
        *_places(runs),
        *_plugins(timeout),
    ]


def _versions() -> Iterator[Finding]:
    section = _("Versions")
    yield Finding(section, "Python", f"{platform.python_version()} ({sys.executable})")
    yield Finding(section, _("System"), platform.platform())
    for name in _PACKAGES:
        try:
            yield Finding(section, name, metadata.version(name))
        except metadata.PackageNotFoundError:
            if name not in _OPTIONAL:
                command = f"{sys.executable} -m pip install {name}"
                yield Finding(
                    section, name, _("not installed"), "missing", _("Install it: {line}").format(line=command)
                )


def _keras(timeout: float) -> Iterator[Finding]:
    """Whether Keras loads, and the devices it sees."""
    attempt = _try(_TRY_KERAS, timeout)
    if attempt.problem:
        advice = _("Training and prediction do not work until this is mended. Install again: {line}").format(
            line=f"{sys.executable} -m pip install --force-reinstall tensorflow keras"
        )
        yield Finding(_("Versions"), "Keras", attempt.problem, "problem", advice)
        yield Finding(_("Devices"), _("Devices"), _("unknown, as Keras does not load"), "problem")
        return
    version, backend, devices = attempt.answer
    yield Finding(_("Versions"), "Keras", _("{version} loads, on {backend}").format(version=version, backend=backend))
    for device in devices:
        memory = device.get("memory_bytes", 0)
        size = readable_bytes(memory) if memory else _("memory unknown")
        yield Finding(_("Devices"), device["name"], f"{device.get('title', '')}, {size}".strip(", "))
    if len(devices) == 1 and shutil.which("nvidia-smi"):
        advice = _("Install the libraries of CUDA for it: {line}").format(line="pip install 'workbench[gpu]'")
        yield Finding(_("Devices"), "GPU", _("there is an NVIDIA driver, but Keras sees no GPU"), "problem", advice)


def _qt(timeout: float) -> Iterator[Finding]:
    section = _("Window")
    missing = _missing_libraries()
    for library in missing:
        yield Finding(section, library, _("shared library not found"), "missing")
    if missing:
        yield Finding(section, _("To install"), _line_that_installs(missing), "missing")
    attempt = _try(_TRY_QT, timeout)
    if not attempt.problem:
        yield Finding(section, _("Qt platform"), str(attempt.answer))
        return
    offscreen = _try(_TRY_QT, timeout, QT_QPA_PLATFORM="offscreen")
    if offscreen.problem:
        yield Finding(section, _("Qt platform"), attempt.problem, "problem", _("Qt cannot start at all."))
        return
    advice = _("Qt itself starts without a display; the command line does everything the window does.")
    if _has_display():
        advice = _("Qt starts without a display, but not on this one.")
    yield Finding(section, _("Qt platform"), attempt.problem, "problem", advice)


def _has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _missing_libraries() -> list[str]:
    """Names of the shared libraries that Qt needs and the system lacks, in order."""
    spec = importlib.util.find_spec("PySide6")
    ldd = shutil.which("ldd")
    if sys.platform != "linux" or spec is None or not spec.submodule_search_locations or ldd is None:
        return []
    folder = Path(next(iter(spec.submodule_search_locations))) / "Qt"
    missing: dict[str, None] = {}
    for file in _QT_FILES:
        if (folder / file).exists():
            answer = subprocess.run([ldd, str(folder / file)], capture_output=True, text=True, check=False)
            missing.update(dict.fromkeys(missing_in(answer.stdout)))
    return list(missing)


def missing_in(ldd_output: str) -> list[str]:
    """The libraries that `ldd` could not find; those that Qt brings itself are not among them."""
    found = re.findall(r"^\s*(\S+) => not found", ldd_output, re.MULTILINE)
    return [name for name in found if not name.startswith("libQt6")]


def _line_that_installs(libraries: list[str]) -> str:
    return line_that_installs(libraries, "dnf" if shutil.which("dnf") else "apt")


def line_that_installs(libraries: list[str], manager: str) -> str:
    """The command that installs the packages of these libraries with `apt` or `dnf`."""
    index = 1 if manager == "dnf" else 0
    known = dict.fromkeys(_LIBRARY_PACKAGES[name][index] for name in libraries if name in _LIBRARY_PACKAGES)
    unknown = [name for name in libraries if name not in _LIBRARY_PACKAGES]
    program = "sudo dnf install" if manager == "dnf" else "sudo apt-get install"
    line = f"{program} {' '.join(known)}" if known else ""
    rest = _("and the packages that have {libraries}").format(libraries=", ".join(unknown)) if unknown else ""
    return " ".join(part for part in (line, rest) if part)


def _places(runs: Path) -> Iterator[Finding]:
    section = _("Places")
    places = ((_("Runs"), runs), (_("Cache"), cache_folder()), (_("Settings"), settings_folder()),
              (_("Plugins"), user_plugins()))  # fmt: skip
    for name, folder in places:
        yield _place(section, name, folder)


def _place(section: str, name: str, folder: Path) -> Finding:
    existing = next((parent for parent in (folder, *folder.parents) if parent.exists()), folder)
    try:
        free = _("{size} free").format(size=readable_bytes(shutil.disk_usage(existing).free))
    except OSError as error:
        return Finding(section, name, f"{folder} ({error})", "problem")
    size = readable_bytes(_size_of(folder)) if folder.exists() else _("not made yet")
    value = f"{folder} ({size}, {free})"
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        return Finding(section, name, value, "problem", _("Nothing can be written there."))
    return Finding(section, name, value)


def _size_of(folder: Path) -> int:
    total = 0
    for parent, _folders, files in os.walk(folder):
        for file in files:
            try:
                total += os.lstat(os.path.join(parent, file)).st_size
            except OSError:
                continue  # deleted meanwhile
    return total


def _plugins(timeout: float) -> Iterator[Finding]:
    section = _("Plugins")
    attempt = _try(_TRY_PLUGINS, timeout)
    if attempt.problem:
        yield Finding(section, _("Plugins"), attempt.problem, "problem")
        return
    for name, version, path, problem in attempt.answer:
        about = " ".join(part for part in (version, f"({path})") if part)
        if problem:
            yield Finding(section, name, f"{problem} {about}", "problem", _("The plugin was left out."))
        else:
            yield Finding(section, name, about)


def _try(code: str, timeout: float, **environment: str) -> _Attempt:
    """Run Python code in a process of its own and take the JSON after `answer:`."""
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), **environment}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", code],
            capture_output=True, text=True, errors="replace", timeout=timeout, env=variables, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _Attempt(problem=_("no answer within {seconds:.0f} s").format(seconds=timeout))
    except OSError as error:
        return _Attempt(problem=str(error))
    for line in done.stdout.splitlines():
        if line.startswith("answer:"):
            return _Attempt(json.loads(line.removeprefix("answer:")))
    return _Attempt(problem=_how_it_ended(done.returncode, done.stderr))


def _how_it_ended(code: int, errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if not line.startswith("(")), "")
    if code >= 0:
        return last or _("exit code {code}").format(code=code)
    name = signal.Signals(-code).name
    if name == "SIGILL":
        return _("this processor lacks instructions that it was built for ({signal})").format(signal=name)
    # What Qt says before it aborts explains more than the abort; the first line names the reason.
    return _("crashed ({signal}) {text}").format(signal=name, text=lines[0] if lines else "").strip()


def readable_bytes(count: float) -> str:
    """A size as `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
