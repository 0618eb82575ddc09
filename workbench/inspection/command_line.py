"""A question of the window as the command line that asks the same: no code needed, none hidden."""

import json
import os
import shlex
import subprocess
from typing import Any

from workbench.errors import UserError
from workbench.i18n import _
from workbench.registry import registry
from workbench.requests import InspectRequest

_OPTIONS = {"layer": "--layer", "target": "--class"}  # settings with an option of their own, which takes any text


def as_command(request: InspectRequest) -> str:
    """The line to type; settings at their defaults are left out.

    Raises:
        UserError: the picture was pasted and is in no file.
    """
    if request.pixels:
        raise UserError(_("A pasted picture is in no file. Save it and open the file, then there is a command for it."))
    inspector = registry().inspectors.get(request.method)
    words = ["workbench", "inspect", request.model]
    match inspector.subject:
        case "sample" if request.path:
            words.append(request.path)
        case "sample":
            words += ["--split", request.split, "--sample", str(request.sample)]
        case "split":
            words += ["--split", request.split]
    words += ["--method", request.method]
    usual = inspector.section().model_dump()
    for name, value in request.params.items():
        if value == usual[name]:
            continue
        words += [_OPTIONS[name], value] if name in _OPTIONS else ["--set", f"{name}={_toml(value)}"]
    words += ["--out", request.method]
    return line_of(words)


def line_of(words: list[str]) -> str:
    """Words as a line that this system's shell takes."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _toml(value: Any) -> str:
    """A value as TOML has it, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
