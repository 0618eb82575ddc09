"""Everything with a name: datasets, tasks, architectures, inspectors, exporters; and the plugins that add to them.

Built-ins and plugins come through the same door: a module with a function `register(registry)`. Nothing is imported
until somebody asks for a name.
"""

import importlib
import importlib.util
import pkgutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from workbench.errors import UnknownNameError
from workbench.i18n import _, mark
from workbench.paths import shipped_plugins, user_plugins

BUILT_IN_PACKAGES = (
    "workbench.data.inputs",
    "workbench.data.sources",
    "workbench.tasks",
    "workbench.architectures",
    "workbench.training.trainers",
    "workbench.inspection.features",
    "workbench.inspection.heatmaps",
    "workbench.inspection.samples",
    "workbench.inspection.live",
    "workbench.diagnosis",
    "workbench.export",
)


class Named(Protocol):
    """What can be registered: a `snake_case` name for files and code, a title and a help text for people."""

    name: str
    title: str
    help: str


Entry = TypeVar("Entry", bound=Named)


class Catalog(Generic[Entry]):
    """The registered things of one kind, by name."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register an entry.

        Raises:
            ValueError: the name is taken; names are never replaced silently.
        """
        if entry.name in self._entries:
            raise ValueError(f"the {self._kind} {entry.name!r} is registered already")
        self._entries[entry.name] = entry

    def get(self, name: str) -> Entry:
        """The entry of that name.

        Raises:
            UnknownNameError: nothing has that name; the message lists what there is.
        """
        try:
            return self._entries[name]
        except (KeyError, TypeError):
            raise UnknownNameError(_(self._kind), name, self._entries) from None

    def arrange(self, key: Callable[[Entry], Any]) -> None:
        """Sort the entries; equal ones stay in the order they were registered."""
        self._entries = {entry.name: entry for entry in sorted(self._entries.values(), key=key)}

    def names(self) -> list[str]:
        """All names, in order."""
        return list(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())


@dataclass(frozen=True)
class PluginInfo:
    """A plugin that was found: where it lies, and what went wrong with it, if anything did."""

    name: str
    title: str
    version: str
    path: Path
    problem: str = ""


@dataclass
class Registry:
    """One catalogue per kind of named thing."""

    datasets: Catalog[Any] = field(default_factory=lambda: Catalog(mark("dataset")))
    tasks: Catalog[Any] = field(default_factory=lambda: Catalog(mark("task")))
    architectures: Catalog[Any] = field(default_factory=lambda: Catalog(mark("architecture")))
    inputs: Catalog[Any] = field(default_factory=lambda: Catalog(mark("kind of input")))
    trainers: Catalog[Any] = field(default_factory=lambda: Catalog(mark("trainer")))
    inspectors: Catalog[Any] = field(default_factory=lambda: Catalog(mark("inspector")))
    exporters: Catalog[Any] = field(default_factory=lambda: Catalog(mark("exporter")))
    services: Catalog[Any] = field(default_factory=lambda: Catalog(mark("service")))
    checks: Catalog[Any] = field(default_factory=lambda: Catalog(mark("check")))
    plugins: list[PluginInfo] = field(default_factory=list)


_registry: Registry | None = None


def registry() -> Registry:
    """The registry, filled at the first call."""
    global _registry
    if _registry is None:
        filled = Registry()
        _register_built_ins(filled)
        for folder in (shipped_plugins(), user_plugins()):
            _register_plugins(filled, folder)
        kinds = filled.inputs.names()
        filled.datasets.arrange(lambda source: kinds.index(source.input_kind))
        _arrange_by_family(filled.architectures)
        _registry = filled
    return _registry


def _arrange_by_family(architectures: Catalog[Any]) -> None:
    """The small ones of our own first, then the published families by age, and last what has no year."""
    begun: dict[str, int] = {}
    for each in architectures:
        year = each.card.year if each.card else sys.maxsize
        begun[each.family] = min(year, begun.get(each.family, year))
    architectures.arrange(lambda each: (bool(each.family), begun[each.family], each.family))


def _register_built_ins(target: Registry) -> None:
    for package_name in BUILT_IN_PACKAGES:
        package = importlib.import_module(package_name)
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
            module = importlib.import_module(f"{package_name}.{info.name}")
            if hasattr(module, "register"):
                module.register(target)


def _register_plugins(target: Registry, folder: Path) -> None:
    for manifest in sorted(folder.glob("*/plugin.toml")):
        target.plugins.append(_load_plugin(target, manifest))


def _load_plugin(target: Registry, manifest: Path) -> PluginInfo:
    """Load one plugin; a plugin that fails is listed with its problem and never stops the program."""
    name = manifest.parent.name
    about: dict[str, Any] = {}
    try:
        about = tomllib.loads(manifest.read_text(encoding="utf-8"))
        path = manifest.parent / f"{about['module']}.py"
        # As a package, so that it may import files beside it: `from workbench_plugin_<folder>.other import ...`.
        spec = importlib.util.spec_from_file_location(
            f"workbench_plugin_{name}", path, submodule_search_locations=[str(manifest.parent)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        module.register(target)
        problem = ""
    except Exception as error:  # a plugin is foreign code: whatever it raises is its problem, not ours
        problem = f"{type(error).__name__}: {error}"
    return PluginInfo(name, str(about.get("title", name)), str(about.get("version", "")), manifest.parent, problem)
