"""`fanout list`: everything that a sweep or a command can name."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from experiments.commands.output import print_json
from experiments.loading import load_task_set
from experiments.refused import REFUSALS
from experiments.sweeps.sweep_file import SWEEPS, shipped
from results.store import RUNS, open_run, recorded_runs
from tasks import TASK_SETS
from tasks.task import Range, Setting, dials_of
from topologies import MODELS, TOPOLOGIES
from topologies.models.model_settings import KINDS

Listed = dict[str, dict[str, Any]]


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command."""
    runs: Path = arguments.runs or RUNS
    kinds: dict[str, Callable[[], Listed]] = {
        "topologies": topologies,
        "task-sets": task_sets,
        "models": models,
        "sweeps": sweeps,
        "runs": lambda: recorded(runs),
    }
    chosen = [arguments.kind] if arguments.kind else list(kinds)
    found = {kind: kinds[kind]() for kind in chosen}
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


def topologies() -> Listed:
    """Name to builder and settings."""
    return {
        name: {"build": build, "settings": settings}
        for name, (build, settings) in TOPOLOGIES.items()
    }


def task_sets() -> Listed:
    """Name to what it is about and its dials, the default first."""
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


def models() -> Listed:
    """Provider, or simulated profile, to how it is named."""
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


def sweeps() -> Listed:
    """Name to the question it asks."""
    import tomllib

    found: Listed = {}
    for name in shipped():
        sweep = tomllib.loads((SWEEPS / f"{name}.toml").read_text(encoding="utf-8"))
        found[name] = {"question": sweep.get("question", "")}
    return found


def recorded(runs: Path) -> Listed:
    """Name to how far it is; what cannot be opened says why."""
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


def _allowed(values: tuple[Setting, ...] | Range) -> str:
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
