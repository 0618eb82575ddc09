"""The command line for a question of the window asks that very question."""

import shlex

import pytest

from workbench.cli import models
from workbench.cli.arguments import parser
from workbench.errors import UserError
from workbench.inspection.answering import InspectAnswer
from workbench.inspection.command_line import as_command
from workbench.registry import registry
from workbench.requests import InspectRequest


class Silent:
    """Stands for what a command writes to."""

    as_json = False

    def line(self, text):
        """Nobody reads it."""


def request_of(command, monkeypatch, folder):
    """What the command line asks when it is typed."""
    seen = []

    def ask(request, _output):
        seen.append(request)
        return InspectAnswer((), (), (), "", "", 0.0)

    monkeypatch.setattr(models, "ask", ask)
    monkeypatch.chdir(folder)
    words = shlex.split(command)
    assert words.pop(0) == "workbench"
    models.inspect(parser().parse_args(words), Silent())
    (request,) = seen
    params = registry().inspectors.get(request.method).section.model_validate(request.params).model_dump()
    return InspectRequest(**(vars(request) | {"params": params}))


@pytest.mark.parametrize(
    ("method", "changes", "source"),
    [
        ("grad_cam", {"layer": "base/conv 1", "target": "3"}, {"split": "train", "sample": 7}),
        ("grad_cam", {"region": "rectangle", "left": 0.125}, {"path": "ảnh của tôi.png"}),
        ("feature_maps", {"count": 5}, {"split": "test", "sample": 0}),
        ("activation_statistics", {"layers": "all", "samples": 9}, {"split": "validation"}),
        ("filters", {}, {}),
    ],
)
def test_a_question_comes_back_from_its_command_as_it_was(method, changes, source, monkeypatch, tmp_path, colour_file):
    params = registry().inspectors.get(method).section(**changes).model_dump()
    request = InspectRequest(str(colour_file), method, params, **source)
    assert request_of(as_command(request), monkeypatch, tmp_path) == request


def test_settings_at_their_defaults_are_left_out():
    params = registry().inspectors.get("filters").section().model_dump()
    command = as_command(InspectRequest("run", "filters", params))
    assert command == "workbench inspect run --method filters --out filters"


def test_a_pasted_picture_has_no_command_and_is_told_what_to_do():
    with pytest.raises(UserError, match="Save it"):
        as_command(InspectRequest("run", "grad_cam", {}, pixels=b"png"))
