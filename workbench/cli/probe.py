"""`probe`: what the network of a finished run looked like after each epoch."""

import argparse

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.settings import runs_folder
from workbench.cli.training import settings_of
from workbench.i18n import _
from workbench.requests import ProbeRequest
from workbench.runs.folder import find_run
from workbench.runs.probe_files import ProbeFiles


def probe(arguments: argparse.Namespace, output: Output) -> int:
    """Make the probes of a run from the weights it kept."""
    run = find_run(arguments.run, runs_folder(arguments))
    params = settings_of(arguments.changes, "samples=8")
    epochs = ask(ProbeRequest(str(run.path), params, arguments.best), output)
    files = ProbeFiles(run.path)
    if output.as_json:
        output.record(
            {"run": str(run.path), "epochs": list(epochs), "files": [str(files.path(each)) for each in epochs]}
        )
        return DONE
    listed = ", ".join(map(str, epochs))
    output.line(_("Looked at the epochs {epochs}. Playback in the window shows them.").format(epochs=listed))
    output.line(str(files.folder))
    return DONE
