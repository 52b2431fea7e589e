"""Reads a sweep from its TOML file, with overrides; every error names the key and what is allowed.

name = "coupling"
question = "Does a team still help when orders share state?"
seed = 1
trials = 8                        # of each task
tasks = 12                        # of each cell, unless a task set says otherwise
interrupts = "pause"              # what a graph's interrupt() gets: pause, approve or reject
topologies = ["single_thread", "lead_subagents"]
contrasts = ["lead_subagents vs single_thread"]   # what the verdicts are about; all, if left out

[topologies.large_team]           # or so: a topology under a name of your own, with settings
base = "lead_subagents"
team = [4, 8]                     # a list is an axis of the grid
[topologies.again]                # the same topology with other luck, for an A/A test
base = "single_thread"
replicate = "b"

[task_sets.orders]                # [[task_sets.orders]] for several grids over one set
width = 8
coupling = [0.0, 0.5]
split = "dev"

[models]
default = "simulated:typical"     # any other role (lead, subagent) falls back to it
temperature = 0.2                 # of every role
[models.lead]                     # or a role with settings of its own, which win
name = "openai:gpt-5"
base_url = "https://api.openai.com/v1"
api_key_env = "OPENAI_API_KEY"    # the variable that holds the key, never the key
reasoning_effort = "high"

[limits]                          # of a trial; "none" lifts one
model_calls = 200
[limits.sweep]
dollars = 5.0

[budget]                          # of a trial, the same for every topology; agents are told theirs
unit = "dollars"                  # or "tokens", "output_tokens"
amounts = [0.01, 0.02]            # an axis of the grid

[faults]                          # plans of what the world does wrong, an axis of the grid
lost_replies = [{ fault = "lost_reply", on = "writing", rate = 0.1 }]
twins = true                      # the same trials without faults, to compare with

[thresholds]                      # the rules of the verdicts, fixed before the run
k = 4
margin = 0.05
cost_ceiling = 2.0
broken_invariants = 0.1
silent_failures = 0.2
deadline_seconds = 60
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.refused import Refused
from experiments.sweeps.sweep import Sweep
from experiments.sweeps.sweep_grid import parse_sweep
from tasks.finder import near
from topologies.models.model_settings import KINDS, OF_AN_ENDPOINT

SWEEPS = Path(__file__).parent

Raw = dict[str, Any]


def read_sweep(name: str, changes: Sequence[str] = (), models: Sequence[str] = ()) -> Sweep:
    """The sweep in the file `name`, or called so in `experiments/sweeps`.

    `changes` are "dotted.key=value" with a TOML value (or bare text); `models` are "NAME" for
    every role, or "role=NAME". `Refused`, in one line, for whatever cannot be.
    """
    file = sweep_path(name)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"the sweep {file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"the sweep {file} is not TOML: {error}") from error
    raw.setdefault("name", file.stem)
    raw = by_name(raw)
    for change in changes:
        apply(raw, change)
    for model in models:
        choose_model(raw, model)
    return parse_sweep(by_name(raw))


def sweep_path(name: str) -> Path:
    """The file of a sweep. `Refused` naming the nearest if there is none."""
    path = Path(name)
    if path.suffix == ".toml" and path.exists():
        return path
    named = SWEEPS / f"{path.name.removesuffix('.toml')}.toml"
    if path.name == name and named.exists():
        return named
    if path.suffix == ".toml" or path.name != name:
        raise Refused(f"there is no sweep file {name}")
    raise Refused(
        f"there is no sweep {name!r}; {near(name, shipped())} (your own: a path ending in .toml)"
    )


def shipped() -> list[str]:
    """The names of the sweeps in `experiments/sweeps`."""
    return sorted(file.stem for file in SWEEPS.glob("*.toml"))


def by_name(raw: Raw) -> Raw:
    """The same sweep with its topologies and task sets as tables by name, however written."""
    raw = dict(raw)
    for key in ("topologies", "task_sets"):
        listed = raw.get(key)
        if not isinstance(listed, list):
            continue
        tables: Raw = {}
        for item in listed:  # pyright: ignore[reportUnknownVariableType]
            label, table = _labelled(key, item)
            if label in tables:
                raise Refused(f"{key} has {label!r} twice; give one of them another label")
            tables[label] = table
        raw[key] = tables
    return raw


def _labelled(key: str, item: Any) -> tuple[str, Raw]:
    if isinstance(item, str):
        return item, {}
    if isinstance(item, dict):
        table: Raw = dict(item)  # pyright: ignore[reportUnknownArgumentType]
        label = table.pop("label", table.get("base"))
        if isinstance(label, str):
            return label, table
    raise Refused(f"{key} has {item!r}; each must be a name, or a table with a base or label")


def apply(raw: Raw, change: str) -> None:
    """Set one dotted key, as `--set` does."""
    key, equals, text = change.partition("=")
    parts = [part.strip().strip('"') for part in re.findall(r'"[^"]*"|[^.]+', key.strip())]
    if not equals or not parts:
        raise Refused(f"--set {change}: write it as key=value, as in --set trials=4")
    table: Any = raw
    for part in parts[:-1]:
        if isinstance(table, list) and part.isdigit() and int(part) < len(table):  # pyright: ignore[reportUnknownArgumentType]
            table = table[int(part)]  # pyright: ignore[reportUnknownVariableType]
        elif isinstance(table, dict):
            table = table.setdefault(part, {})  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        else:
            raise Refused(f"--set {change}: {part!r} is not a table of this sweep")
    if not isinstance(table, dict):
        raise Refused(f"--set {change}: {'.'.join(parts[:-1])} is not a table of this sweep")
    table[parts[-1]] = _value(text.strip())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except RecursionError as error:
        raise Refused("a value is nested too deeply") from error
    except ValueError:
        return text


def choose_model(raw: Raw, choice: str) -> None:
    """Use a model for every role, or (as "role=NAME") for one, as `--model` does."""
    models = raw.setdefault("models", {})
    if not isinstance(models, dict):
        raise Refused("models must be a table: [models] with default = NAME")
    role = re.match(r"([A-Za-z_]\w*)=", choice)
    if role:
        models[role[1]] = choice[role.end() :]
        return
    for name, value in list(models.items()):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        # What was said of one model of a role is not said of another.
        if isinstance(value, (str, dict)) and name not in KINDS:
            del models[name]
    if choice.startswith("simulated:"):
        for key in OF_AN_ENDPOINT:
            models.pop(key, None)  # pyright: ignore[reportUnknownMemberType]
    models["default"] = choice
