"""`serve`: keep a service up until Ctrl-C."""

import argparse
import time
from typing import Any

from workbench.cli.exit_codes import DONE, INTERRUPTED
from workbench.cli.foreground import Foreground
from workbench.cli.models import model_of
from workbench.cli.output import Output
from workbench.cli.readers import ProgressReader, StatusLine
from workbench.cli.training import settings_of
from workbench.control import Stopped
from workbench.events import Event, FrameSeen, ServiceShown, ServiceStarted, to_json
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import ServeRequest
from workbench.service import Service, params_of


def serve(arguments: argparse.Namespace, output: Output) -> int:
    """Run a service in the foreground."""
    service = registry().services.get(arguments.service)
    params = {**service.in_lines, **_params(arguments)}
    params_of(service, params)  # what is wrong with them is said before anything heavy is imported
    request = ServeRequest(service.name, model_of(arguments), params)
    foreground = Foreground()
    reader = ServiceReader(service, output)
    try:
        foreground.run(request, reader)
    except Stopped:
        pass  # stopped before it was ready
    finally:
        reader.close()
    if not output.as_json:
        output.line(_("The service has stopped."))
    return INTERRUPTED if foreground.interrupted else DONE


class ServiceReader:
    """Prints what a service tells: JSON lines, or a line that is drawn over itself and every new note."""

    def __init__(self, service: Service, output: Output) -> None:
        self._service = service
        self._output = output
        self._progress = ProgressReader(output)
        self._status = StatusLine(output, time.monotonic)
        self._note = ""

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if self._output.as_json:
            self._output.record(to_json(event))
            return
        match event:
            case ServiceStarted():
                self._progress.close()
                where = _("{title} at {address}. Ctrl-C ends it.") if event.address else _("{title}. Ctrl-C ends it.")
                self._output.line(where.format(title=_(self._service.title), address=event.address))
            case FrameSeen():
                self._status.clear()
                self._output.line(f"{event.seconds:8.2f} s  {event.text}")
                self._show_note(event.note)
            case ServiceShown():
                self._show(event)
            case _:
                self._progress(event)

    def close(self) -> None:
        """Leave a clean line behind."""
        self._status.clear()
        self._progress.close()

    def _show(self, event: ServiceShown) -> None:
        self._show_note(event.note)
        titles = self._service.number_titles
        self._status.show(
            "  ".join(f"{_(titles.get(name, name))} {value:.4g}" for name, value in event.numbers.items())
        )

    def _show_note(self, note: str) -> None:
        if note and note != self._note:
            self._status.clear()
            self._output.line(note)
        self._note = note


def _params(arguments: argparse.Namespace) -> dict[str, Any]:
    params = settings_of(arguments.changes, "port=4567")
    if arguments.port is not None:
        params["port"] = arguments.port
    return params
