"""`fanout list`: everything that a sweep or a command can name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.commands.words import add_json, add_runs, runs_in
from experiments.refused import REFUSALS

if TYPE_CHECKING:
    from tasks.task import Range, Setting

HELP = "what can be named"
EXAMPLE = "fanout list task-sets"

Listed = dict[str, dict[str, Any]]


def add_arguments(parser: ArgumentParser) -> None:
    """Of which kind."""
    kinds = ", ".join(LISTS)
    parser.add_argument("kind", nargs="?", choices=tuple(LISTS), metavar="KIND", help=kinds)
    add_runs(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Carry out the command."""
    from experiments.printed.output import print_json

    runs = runs_in(arguments)
    chosen = [arguments.kind] if arguments.kind else list(LISTS)
    found = {kind: LISTS[kind](runs) for kind in chosen}
    if arguments.json:
        print_json(found)
        return 0
    for kind, things in found.items():
        print(kind)
        for name, about in things.items():
            print("\n".join(_lines(name, about)))
        if not things:
            print("  none yet")
    return 0


def topologies(_runs: Path) -> Listed:
    """Name to builder and settings."""
    from topologies import TOPOLOGIES

    return {
        name: {"build": build, "settings": settings}
        for name, (build, settings) in TOPOLOGIES.items()
    }


def task_sets(_runs: Path) -> Listed:
    """Name to what it is about and its dials, the default first."""
    from experiments.loading import load_task_set
    from tasks import TASK_SETS
    from tasks.task import dials_of

    found: Listed = {}
    for name in TASK_SETS:
        task_set = load_task_set(name)
        found[name] = {
            "about": task_set.about,
            "dials": {dial: _allowed(values) for dial, values in dials_of(task_set).items()},
            "shorthands": {
                short: {str(value): dict(dials) for value, dials in meanings.items()}
                for short, meanings in task_set.shorthands.items()
            },
        }
    return found


BY_ADDRESS: dict[str, dict[str, str]] = {
    "Azure": {
        "name": "openai:DEPLOYMENT",
        "base_url": "https://RESOURCE.openai.azure.com/openai/v1/",
        "api_key_env": "AZURE_OPENAI_API_KEY",
    },
    "Anthropic": {
        "name": "openai:claude-sonnet-4-5",
        "base_url": "https://api.anthropic.com/v1/",
        "api_key_env": "ANTHROPIC_API_KEY",
        "sends_cache_key": "false",
    },
}
"""What to say of a role's model to reach a provider at its OpenAI-compatible address."""


def models(_runs: Path) -> Listed:
    """Provider, or simulated profile, to how it is named."""
    from topologies import MODELS
    from topologies.models.model_settings import KINDS
    from topologies.simulated.profile import parameters, profiles

    found: Listed = {f"simulated:{name}": {} for name in profiles()}
    found |= {
        f"{name}:NAME": {"build": build} for name, build in MODELS.items() if name != "simulated"
    }
    changed = ", ".join(parameters())
    found["simulated:PROFILE?PARAMETER=VALUE"] = {"parameters": changed}
    found["my_package.my_module:build:NAME"] = {"build": "your own, called with NAME and settings"}
    found["a role's table"] = {"keys": ", ".join(("name", *KINDS))}
    found |= {f"{name} by address": {"settings": said} for name, said in BY_ADDRESS.items()}
    return found


def faults(_runs: Path) -> Listed:
    """Name to what goes wrong, of what kind that is, and what it can be set to."""
    from tasks.faults import FAULTS, load_fault

    found: Listed = {}
    for name in FAULTS:
        fault = load_fault(name)
        found[name] = {"kind": fault.kind, "about": fault.about, "settings": fault.settings}
    return found


def sweeps(_runs: Path) -> Listed:
    """Name to the question it asks."""
    import tomllib

    from experiments.sweeps.sweep_file import SWEEPS, shipped

    found: Listed = {}
    for name in shipped():
        sweep = tomllib.loads((SWEEPS / f"{name}.toml").read_text(encoding="utf-8"))
        found[name] = {"question": sweep.get("question", "")}
    return found


def recorded(runs: Path) -> Listed:
    """Name to how far it is; what cannot be opened says why."""
    from results.store import open_run, recorded_runs

    found: Listed = {}
    for folder in recorded_runs(runs):
        try:
            opened = open_run(folder)
            planned = opened.manifest.get("planned", opened.manifest["recorded"])
            trials = f"{opened.manifest['recorded']} of {planned}"
            found[folder.name] = {"trials": trials, "outcome": opened.outcome}
        except REFUSALS as error:
            found[folder.name] = {"outcome": str(error)}
    return found


LISTS: dict[str, Callable[[Path], Listed]] = {
    "topologies": topologies,
    "task-sets": task_sets,
    "models": models,
    "faults": faults,
    "sweeps": sweeps,
    "runs": recorded,
}
"""Kind to what there is of it, name to all that is said of it; runs are looked for in a folder."""


def _allowed(values: tuple[Setting, ...] | Range) -> str:
    from tasks.task import Range

    if isinstance(values, Range):
        kind = "whole, " if values.whole else ""
        return f"{values.default:g} ({kind}{values.low:g} to {values.high:g})"
    default, *others = (str(value) for value in values)
    return default + (f" (or {', '.join(others)})" if others else "")


def _lines(name: str, about: dict[str, Any]) -> Iterator[str]:
    plain = [str(value) for value in about.values() if value and not isinstance(value, dict)]
    settings: dict[str, Any] = about.get("settings", {})
    dials: dict[str, str] = about.get("dials", {})
    shorthands: dict[str, dict[str, dict[str, Any]]] = about.get("shorthands", {})
    plain += [f"{key} = {value}" for key, value in settings.items()]
    yield f"  {name:<18} {', '.join(plain)}".rstrip()
    for dial, allowed in dials.items():
        yield f"      {dial:<16} {allowed}"
    for short, meanings in shorthands.items():
        told = "; ".join(
            f"{value}: " + ", ".join(f"{dial} = {v}" for dial, v in meant.items())
            for value, meant in meanings.items()
            if meant
        )
        if told:
            yield f"      {short:<16} {told}"
