"""Importing does nothing, and what is heavy stays where it belongs (invariants 1 and 7 of the design)."""

import json
import pkgutil
import subprocess
import sys

import pytest

import workbench

HEAVY = {"tensorflow", "keras", "jax", "cv2", "sklearn", "PySide6", "pyqtgraph"}
KERAS_AND_FRIENDS = HEAVY - {"PySide6", "pyqtgraph"}


def loaded_after(code, *arguments):
    """The top-level modules in a fresh process after it ran the code."""
    report = "\nimport json, sys\nprint('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", code + report, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of(package, without=()):
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [info.name for info in found if not any(info.name.startswith(prefix) for prefix in without)]


def test_no_module_outside_of_the_window_loads_qt_or_anything_heavy():
    names = modules_of(workbench, without=("workbench.gui", "workbench.__main__"))
    assert "workbench.cli.main" in names
    assert not loaded_after(f"import importlib\nfor name in {names!r}: importlib.import_module(name)") & HEAVY


def test_the_command_line_loads_neither_qt_nor_tensorflow_nor_what_they_need():
    loaded = loaded_after("import workbench.cli")
    assert not loaded & HEAVY
    assert not loaded & {"numpy", "pydantic"}


WITHOUT_A_JOB = {
    "new": "run(['new'])",
    "list datasets": "run(['list', 'datasets'])",
    "list architectures": "run(['list', 'architectures'])",
    "list plugins": "run(['list', 'plugins'])",
    "runs": "run(['runs'])",
    "an experiment": "int(not new_experiment('shapes', 'mini_xception'))",
}


@pytest.fixture(scope="module")
def heavy_after(tmp_path_factory):
    """What heavy modules one process has loaded by the end of each of those, one after the other."""
    code = f"""
import json, os, sys
os.environ["WORKBENCH_HOME"] = sys.argv[1]
from workbench.cli import run
from workbench.experiment import new_experiment
heavy = {{}}
for name, call in {WITHOUT_A_JOB!r}.items():
    assert eval(call) == 0
    heavy[name] = sorted({HEAVY!r} & {{module.partition(".")[0] for module in sys.modules}})
print("\\n" + json.dumps(heavy))
"""
    arguments = [sys.executable, "-c", code, str(tmp_path_factory.mktemp("home"))]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", WITHOUT_A_JOB)
def test_commands_without_a_job_and_an_experiment_load_nothing_heavy(heavy_after, name):
    assert heavy_after[name] == []


def test_the_modules_of_the_window_load_no_keras():
    names = [name for name in modules_of(workbench) if name.startswith("workbench.gui")]
    assert "workbench.gui.app" in names
    loaded = loaded_after(f"import importlib\nfor name in {names!r}: importlib.import_module(name)")
    assert "PySide6" in loaded
    assert not loaded & KERAS_AND_FRIENDS


def test_importing_reads_no_settings_finds_no_plugins_and_makes_no_application(tmp_path):
    names = modules_of(workbench, without=("workbench.__main__",))
    code = f"""
import importlib, os, sys
os.environ["WORKBENCH_HOME"] = sys.argv[1]
for name in {names!r}:
    importlib.import_module(name)
import workbench.registry
assert workbench.registry._registry is None
from PySide6.QtCore import QCoreApplication
assert QCoreApplication.instance() is None
import threading
assert threading.active_count() == 1
"""
    loaded_after(code, str(tmp_path / "home"))
    assert not (tmp_path / "home").exists()
