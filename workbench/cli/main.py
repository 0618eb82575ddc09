"""From arguments to an exit code: every error becomes one message on standard error."""

import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from workbench.cli.arguments import parser
from workbench.cli.exit_codes import BAD_INPUT, DONE, FAILED, INTERRUPTED, RunFailedError
from workbench.cli.output import Output, clean_output
from workbench.control import Stopped
from workbench.errors import UserError
from workbench.i18n import _

_COMMANDS = {
    "new": "workbench.cli.experiments:new",
    "data": "workbench.cli.experiments:data",
    "corrections": "workbench.cli.corrections:corrections",
    "summary": "workbench.cli.experiments:summary",
    "code": "workbench.cli.experiments:code",
    "diagnose": "workbench.cli.diagnose:diagnose",
    "measure": "workbench.cli.measure:measure",
    "advise": "workbench.cli.advise:advise",
    "train": "workbench.cli.training:train",
    "resume": "workbench.cli.training:resume",
    "evaluate": "workbench.cli.models:evaluate",
    "calibrate": "workbench.cli.calibrate:calibrate",
    "predict": "workbench.cli.models:predict",
    "inspect": "workbench.cli.models:inspect",
    "probe": "workbench.cli.probe:probe",
    "export": "workbench.cli.export:export",
    "serve": "workbench.cli.serve:serve",
    "runs": "workbench.cli.runs:runs",
    "list": "workbench.cli.listing:listing",
    "doctor": "workbench.cli.doctor:doctor",
}


def run(argv: list[str], open_window: Callable[[list[str]], int] | None = None) -> int:
    """Run a command and return the exit code.

    Args:
        argv: the arguments after the program's name.
        open_window: called when there is no command, or an experiment file in its place; gives the exit code.
    """
    try:
        if open_window is not None and (not argv or argv[0].endswith(".toml")):
            return _open(open_window, argv)
        return _run(argv)
    except UserError as error:
        return _fail(str(error), BAD_INPUT)
    except RunFailedError as error:
        return _fail(str(error), FAILED)
    except (Stopped, KeyboardInterrupt):
        return _fail(_("Interrupted."), INTERRUPTED)
    except BrokenPipeError:
        _silence_standard_output()
        return INTERRUPTED
    except SystemExit as end:  # argparse after --help
        return end.code if isinstance(end.code, int) else DONE
    except Exception as error:
        log = _log_defect()
        message = _("Something went wrong inside the workbench: {kind}: {error}. The details are in {log}.")
        return _fail(message.format(kind=type(error).__name__, error=str(error).strip(), log=log), FAILED)


def _open(open_window: Callable[[list[str]], int], argv: list[str]) -> int:
    try:
        return open_window(argv)
    except ImportError as error:
        message = _("The window cannot start: {error}. `workbench doctor` says what is missing and how to install it.")
        return _fail(message.format(error=str(error).rstrip(".")), FAILED)


def _run(argv: list[str]) -> int:
    arguments = parser().parse_args(argv)
    if arguments.version:
        return _print_version()
    if arguments.command is None:
        raise UserError(_("A command is missing. See `workbench --help`."))
    module, function = _COMMANDS[arguments.command].split(":")
    command: Callable[[object, Output], int] = getattr(importlib.import_module(module), function)
    with clean_output(as_json=getattr(arguments, "json", False)) as output:
        return command(arguments, output)


def _print_version() -> int:
    from importlib import metadata

    print(metadata.version("workbench"))
    return DONE


def _fail(message: str, code: int) -> int:
    with contextlib.suppress(OSError):
        print(f"workbench: {message}", file=sys.stderr)
    return code


def _log_defect() -> Path | str:
    """Put the traceback where it can be found; the user gets one line."""
    from workbench.paths import settings_folder

    path = settings_folder() / "logs" / "command_line.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"$ workbench {' '.join(sys.argv[1:])}\n{traceback.format_exc()}\n")
    except OSError:
        traceback.print_exc()
        return _("the lines above")
    return path


def _silence_standard_output() -> None:
    """Nobody reads any more; Python would complain again when it flushes at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
