"""`list`: what there is to choose from."""

import argparse
import dataclasses
from typing import Any

from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE
from workbench.cli.output import Output
from workbench.cli.tables import print_table
from workbench.doctor import readable_bytes
from workbench.i18n import _
from workbench.recipes import recipes
from workbench.registry import registry
from workbench.requests import DevicesRequest


def listing(arguments: argparse.Namespace, output: Output) -> int:
    """List what can be chosen."""
    rows = _rows(arguments.what, output)
    if output.as_json:
        for row in rows:
            output.record(row)
        return DONE
    shown = [_for_a_table(row) for row in rows]
    if shown:
        print_table(output, [name.replace("_", " ") for name in shown[0]], [list(row.values()) for row in shown])
    else:
        output.line(_("There are none."))
    return DONE


def _rows(what: str, output: Output) -> list[dict[str, Any]]:
    if what == "devices":
        return [dataclasses.asdict(device) for device in ask(DevicesRequest(), output)]
    if what == "recipes":
        return [{**vars(recipe), "path": str(recipe.path)} for recipe in recipes()]
    if what == "plugins":
        return [{**vars(plugin), "path": str(plugin.path)} for plugin in registry().plugins]
    entries = getattr(registry(), what)
    rows = [{"name": entry.name, "title": _(entry.title), "help": _(entry.help)} for entry in entries]
    if what != "architectures":
        return rows
    return [{**row, **_family_and_card(entry)} for row, entry in zip(rows, entries, strict=True)]


def _family_and_card(architecture: Any) -> dict[str, Any]:
    card = architecture.card
    return {
        "family": _(architecture.family) if architecture.family else "",
        "card": {**dataclasses.asdict(card), "idea": _(card.idea)} if card else None,
    }


def _for_a_table(row: dict[str, Any]) -> dict[str, Any]:
    """Without what only a program reads."""
    if "memory_bytes" in row:
        return {**row, "memory_bytes": readable_bytes(row["memory_bytes"])}
    return {name: value for name, value in row.items() if name not in ("family", "card")}
