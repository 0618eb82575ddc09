"""`list`: what there is to choose from."""

import argparse
import dataclasses
from typing import Any

from workbench.architectures.speeds import Case, Speed, kept, standard_case
from workbench.cli.answers import ask
from workbench.cli.exit_codes import DONE
from workbench.cli.measure import rate
from workbench.cli.output import Output
from workbench.cli.tables import print_table
from workbench.doctor import readable_bytes
from workbench.i18n import _
from workbench.recipes import recipes
from workbench.registry import registry
from workbench.requests import DevicesRequest

_OF_A_CARD = ("year", "pixels", "parameters", "multiply_adds", "predicting_per_s", "training_per_s")


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
        if arguments.what == "architectures":
            output.line(_("Images a second on this machine, at that size: `workbench measure NAME` measures them."))
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
    if what == "exporters":
        return [{**row, "limits": _(entry.limits)} for row, entry in zip(rows, entries, strict=True)]
    if what != "architectures":
        return rows
    speeds = kept()
    return [{**row, **_family_and_card(entry, speeds)} for row, entry in zip(rows, entries, strict=True)]


def _family_and_card(architecture: Any, speeds: dict[Case, Speed]) -> dict[str, Any]:
    card = architecture.card
    measured = [speed.to_json() for speed in speeds.values() if speed.case.architecture == architecture.name]
    return {
        "family": _(architecture.family) if architecture.family else "",
        "card": {**dataclasses.asdict(card), "idea": _(card.idea)} if card else None,
        "speeds": measured,
    }


def _for_a_table(row: dict[str, Any]) -> dict[str, Any]:
    """Without what only a program reads."""
    if "memory_bytes" in row:
        return {**row, "memory_bytes": readable_bytes(row["memory_bytes"])}
    return _architecture(row) if "card" in row else row


def _architecture(row: dict[str, Any]) -> dict[str, Any]:
    """What to compare of architectures: their cards, and how fast they are here at the size on the card."""
    card, shown = row["card"], {"name": row["name"], "title": row["title"]}
    if card is None:
        return {**shown, **dict.fromkeys(_OF_A_CARD)}
    case = dataclasses.asdict(standard_case(registry().architectures.get(row["name"])))
    speed = next((each for each in row["speeds"] if case.items() <= each.items()), None)
    return {
        **shown,
        "year": card["year"],
        "pixels": card["size"],
        "parameters": f"{card['parameters']:,}",
        "multiply_adds": f"{card['multiply_adds']:,}",
        "predicting_per_s": rate(speed["predicting"]) if speed else None,
        "training_per_s": rate(speed["training"]) if speed else None,
    }
