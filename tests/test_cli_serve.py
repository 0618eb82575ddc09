"""`serve` on the command line: what it prints, how it ends, and what it refuses."""

import io
import json
import os
import signal
import sys
import time

import pytest

from workbench.cli.main import run
from workbench.cli.output import Output
from workbench.cli.serve import ServiceReader
from workbench.events import ServiceShown, ServiceStarted
from workbench.registry import Catalog, registry
from workbench.service import Service


@pytest.fixture
def drive():
    return registry().services.get("drive")


def test_services_are_listed(home, capfd):
    assert run(["list", "services", "--json"]) == 0
    names = [json.loads(line)["name"] for line in capfd.readouterr().out.splitlines()]
    assert "drive" in names


def test_what_a_service_tells_is_printed_as_lines_and_notes_only_once(drive):
    stream = io.StringIO()
    reader = ServiceReader(drive, Output(stream, as_json=False))
    reader(ServiceStarted("127.0.0.1:4567"))
    for note in ("", "A client connected.", "A client connected."):
        reader(ServiceShown({"frames": 3.0}, note))
    reader.close()
    assert stream.getvalue().splitlines() == [
        "Driving server at 127.0.0.1:4567. Ctrl-C ends it.",
        "A client connected.",
    ]


def test_as_json_every_event_is_a_line_without_figures(drive):
    stream = io.StringIO()
    reader = ServiceReader(drive, Output(stream, as_json=True))
    reader(ServiceShown({"frames": 3.0, "speed": float("nan")}, "note", figures=(object(),)))
    values = json.loads(stream.getvalue())
    assert values == {"event": "service_shown", "numbers": {"frames": 3.0, "speed": None}, "note": "note"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "drve", "RUN"], "Did you mean 'drive'"),
        (["serve", "drive", "RUN", "--set", "fast_limt=3"], "Did you mean 'fast_limit'"),
        (["serve", "drive", "RUN", "--set", "fast_limit"], "--set takes key=value"),
        (["serve", "drive", "RUN", "--port", "70000"], "port"),
        (["serve", "drive", "RUN"], "There is no run 'RUN'"),
    ],
)
def test_what_cannot_be_served_is_said_before_anything_is_loaded(home, capfd, arguments, words):
    assert run(arguments) == 2
    assert words in capfd.readouterr().err


class Echo(Service):
    """Serves nobody, and is interrupted as by Ctrl-C as soon as it is ready."""

    name, title, help = "echo", "Echo", "For tests."

    def run(self, model, params, emit, control):
        emit(ServiceStarted(f"here:{params.port}"))
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 10
        while not control.stop_requested:
            assert time.monotonic() < deadline
            time.sleep(0.005)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_a_service(home, tmp_path, capfd, monkeypatch):
    services = Catalog("service")
    services.add(Echo())
    monkeypatch.setattr(registry(), "services", services)
    (tmp_path / "a.keras").write_bytes(b"a model that this service does not open")
    assert run(["serve", "echo", str(tmp_path / "a.keras"), "--port", "5"]) == 130
    told = capfd.readouterr()
    assert told.out.splitlines() == ["Echo at here:5. Ctrl-C ends it.", "The service has stopped."]
    assert told.err == ""
