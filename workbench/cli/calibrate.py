"""`calibrate`: mend how sure a classifier is of its answers, or take that back."""

import argparse
from pathlib import Path

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.saving import made, save_all
from workbench.cli.settings import runs_folder
from workbench.i18n import _
from workbench.requests import CalibrateRequest
from workbench.runs.folder import find_run


def calibrate(arguments: argparse.Namespace, output: Output) -> int:
    """Fit a temperature and store it in the run's model, and tell what that changed."""
    run = str(find_run(arguments.run, runs_folder(arguments)).path)
    folder = made(Path(arguments.out).expanduser()) if arguments.out else None
    done = ask(CalibrateRequest(run, arguments.split, arguments.undo), output)
    files = [] if folder is None else save_all(done.figures, folder)
    if output.as_json:
        written = {"files": files} if folder is not None else {}
        output.record(
            {"run": run, "temperature": done.temperature, "before": done.before, "after": done.after, **written}
        )
        return DONE
    output.line(_("temperature {value:.4f}").format(value=done.temperature))
    for split, numbers in done.after.items():
        texts = []
        for name, value in numbers.items():
            was = done.before.get(split, {}).get(name)
            texts.append(f"{name} {value:.4f}" if was is None else f"{name} {was:.4f} -> {value:.4f}")
        output.line("  ".join((split, *texts)))
    for path in files:
        output.line(path)
    return DONE
