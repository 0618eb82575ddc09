"""Nobody but a task itself knows it by name, and nobody asks for the kind of a target to tell tasks apart.

The figure "places outside workbench/tasks, its data source, its figures, resources and tests that quote a task's name
or compare with it: none" is proved here, on the source of the workbench and of the plugins that ship with it.
"""

import ast
import inspect
from pathlib import Path

import pytest

from workbench import specs
from workbench.paths import shipped_plugins
from workbench.registry import registry

ROOT = Path(specs.__file__).resolve().parents[1]
ALLOWED = (
    "workbench/tasks/",
    "workbench/data/sources/",
    "workbench/data/mask_pairs.py",  # of the source of masks: folders that people call "segmentation"
    "workbench/data/tables/table.py",  # of the source of tables: reads the column of targets as classes or as numbers
    "workbench/gui/figures/",
    "workbench/figures.py",
)
TARGETS = {name for name, kind in vars(specs).items() if inspect.isclass(kind) and issubclass(kind, specs.TargetSpec)}
KIND_WORDS = ("kind", "target_kind")
TARGET_KINDS = {getattr(specs, name).kind for name in TARGETS} - {""}


def places(code, names):
    """(line, what) wherever code quotes one of the names, or decides on a task by its name or by its target."""
    tree = ast.parse(code)
    docstrings = {id(text) for text in map(_docstring, ast.walk(tree)) if text is not None}
    return sorted({
        (node.lineno, what) for node in ast.walk(tree) if id(node) not in docstrings for what in _findings(node, names)
    })  # fmt: skip


def _docstring(node):
    body = getattr(node, "body", None)
    first = body[0] if isinstance(body, list) and body else None
    return first.value if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else None


def _findings(node, names):
    match node:
        case ast.Constant(value=str(text)) if text in names:
            yield f"quotes {text!r}"
        case ast.Compare():
            sides = [node.left, *node.comparators]
            if not any(isinstance(side, ast.Constant) and side.value is None for side in sides):
                of_kind = any(getattr(side, "attr", getattr(side, "id", "")) in KIND_WORDS for side in sides)
                yield from (f"compares with {ast.unparse(side)}" for side in sides if _tells_the_task(side, of_kind))
        case ast.Match(subject=subject) if _is_task_or_name(subject):
            yield f"distinguishes {ast.unparse(subject)}"
        case ast.Subscript(slice=key) if _is_task_or_name(key):
            yield f"looks up by {ast.unparse(key)}"
        case ast.Call(func=ast.Attribute(attr="get", value=catalogue), args=[key, *_]) if _is_task_or_name(key):
            if not (isinstance(catalogue, ast.Attribute) and catalogue.attr == "tasks"):
                yield f"looks up by {ast.unparse(key)}"
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
            yield from (f"asks for {kind}" for kind in _names_in(kinds) & TARGETS)
        case ast.MatchClass(cls=kind):
            yield from (f"asks for {name}" for name in _names_in(kind) & TARGETS)


def _tells_the_task(side, of_kind):
    if isinstance(side, ast.Attribute) and side.attr == "kind":
        return bool(_names_in(side.value) & TARGETS)
    is_target = isinstance(side, ast.Name | ast.Attribute) and bool(_names_in(side) & TARGETS)
    is_kind = isinstance(side, ast.Constant) and side.value in TARGET_KINDS and of_kind
    return is_target or is_kind or _is_task_or_name(side)


def _is_task_or_name(node):
    match node:
        case ast.Attribute(attr="name", value=owner):
            return _is_task_or_name(owner)
        case ast.Attribute(attr="task" | "task_name") | ast.Name(id="task" | "task_name"):
            return True
    return False


def _names_in(node):
    return {part.id if isinstance(part, ast.Name) else part.attr for part in ast.walk(node)
            if isinstance(part, ast.Name | ast.Attribute)}  # fmt: skip


def names_outside(path):
    """The names of all tasks but those that a plugin in the folder of `path` adds itself."""
    plugin = path.relative_to(shipped_plugins()).parts[0] if path.is_relative_to(shipped_plugins()) else None
    own = f"workbench_plugin_{plugin}"
    return {task.name for task in registry().tasks if type(task).__module__.split(".")[0] != own}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("kind = 'classification'", "quotes 'classification'"),
        ("def f(name='regression'): pass", "quotes 'regression'"),
        ("if experiment.task.name == other: pass", "compares with experiment.task.name"),
        ("if loaded.task in known: pass", "compares with loaded.task"),
        ("if task is mine: pass", "compares with task"),
        ("match experiment.task.name:\n    case _: pass", "distinguishes experiment.task.name"),
        ("icon = ICONS[self.experiment.task.name]", "looks up by self.experiment.task.name"),
        ("icon = ICONS.get(experiment.task.name, 0)", "looks up by experiment.task.name"),
        ("if isinstance(data.target, ValuesTarget): pass", "asks for ValuesTarget"),
        ("if isinstance(target, (specs.MaskTarget, int)): pass", "asks for MaskTarget"),
        ("match target:\n    case ClassTarget(): pass", "asks for ClassTarget"),
        ("if type(target) is ClassTarget: pass", "compares with ClassTarget"),
        ("if target.kind == MaskTarget.kind: pass", "compares with MaskTarget.kind"),
        ("if target.kind != 'values': pass", "compares with 'values'"),
    ],
)
def test_the_search_finds_what_it_is_for(code, found):
    assert [what for _line, what in places(code, {"classification", "regression"})] == [found]


@pytest.mark.parametrize(
    "code",
    [
        '"""classification"""\n\ndef f():\n    """regression"""\n',
        "task = registry().tasks.get(experiment.task.name)",
        "text = _('An experiment of the task classification')",
        "if loaded.task is None: pass",
        "targets = (ValuesTarget.kind,)",
        "if target_kind != task.learns.kind: pass",
        "if column.role == 'class': pass",
    ],
)
def test_the_search_passes_over_what_decides_nothing(code):
    assert places(code, {"classification", "regression"}) == []


def test_no_place_outside_a_task_quotes_its_name_or_decides_by_it():
    assert len(registry().tasks.names()) >= 3
    files = [path for folder in (ROOT / "workbench", shipped_plugins()) for path in sorted(folder.rglob("*.py"))]
    assert len(files) > 100
    found = []
    for path in files:
        relative = path.relative_to(ROOT).as_posix()
        if not relative.startswith(ALLOWED) and not path.name.startswith("test_"):
            found += [
                f"{relative}:{line} {what}" for line, what in places(path.read_text("utf-8"), names_outside(path))
            ]
    assert found == []
