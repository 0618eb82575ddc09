"""The wheel: what is built is what runs, with resources and plugins in it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NO_REGISTRY = ("error sending request", "connection", "dns error", "failed to fetch", "could not find a version")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built by the build backend that pyproject.toml names."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = shutil.which("uv")
    command = [uv, "build", "--wheel", "--quiet"] if uv else [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w"]
    command += ["--out-dir", str(folder), str(ROOT)] if uv else [str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode and any(sign in done.stderr.lower() for sign in NO_REGISTRY):
        pytest.skip(f"the build backend cannot be fetched: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel's files, as an installation without dependencies puts them there."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(installed, tmp_path, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(installed), "WORKBENCH_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "workbench", *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()] if "--json" in arguments else done.stdout


def test_the_wheel_holds_resources_and_plugins_and_nothing_of_the_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("resources", "plugins"):
        shipped = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert shipped
        for path in shipped:
            assert f"workbench/_{folder}/{path.relative_to(ROOT / folder).as_posix()}" in names
    assert not [name for name in names if name.startswith("tests") or name.endswith(".pyc")]


def test_it_runs_from_the_wheel_alone(installed, tmp_path):
    architectures = run_installed(installed, tmp_path, "list", "architectures", "--json")
    assert "simple_cnn" in [entry["name"] for entry in architectures]
    plugins = run_installed(installed, tmp_path, "list", "plugins", "--json")
    assert plugins
    for plugin in plugins:
        assert plugin["problem"] == ""
        assert plugin["path"].startswith(str(installed))


def test_an_experiment_made_by_the_wheel_can_be_summarised_by_it(installed, tmp_path):
    (tmp_path / "new.toml").write_text(run_installed(installed, tmp_path, "new"), encoding="utf-8")
    (table,) = run_installed(installed, tmp_path, "summary", str(tmp_path / "new.toml"), "--json")
    assert table["total"] == 34_826


def test_the_versions_that_are_known_to_abort_are_excluded_for_everyone(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    requirements = [line for line in archive.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
    (qt,) = [line for line in requirements if "PySide6-Essentials" in line or "pyside6-essentials" in line]
    for version in ("!=6.11.0", "!=6.11.1", "<6.12"):
        assert version in qt
    assert any("tensorflow[and-cuda]" in line and "extra == 'gpu'" in line for line in requirements)
