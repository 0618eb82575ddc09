"""Fixtures of all tests: a home of its own per session, and nothing left behind."""

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the affair of the machine; what must be quick has a test of its own.
settings.register_profile("workbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workbench")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp(prefix="workbench-tests-")
atexit.register(shutil.rmtree, os.environ["WORKBENCH_HOME"], ignore_errors=True)

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="module", autouse=True)
def only_new_objects_are_searched_for_garbage():
    """What is there already, TensorFlow above all, is passed over: to look through it costs more than most tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of the workbench (runs, cache, settings) for one test."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def sample_data():
    """The folder of real sample data; a test that needs it is skipped where it is absent."""
    if not SAMPLE_DATA.is_dir():
        pytest.skip(f"the sample data are not at {SAMPLE_DATA}")
    return SAMPLE_DATA
