"""What a run's manifest says, and when a folder's run is another one than the sweep at hand."""

import hashlib
import platform
import shlex
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from experiments.loading import load_task_set
from experiments.refused import Refused
from experiments.sweeps.sweep import Sweep, canonical, difference, specs, sweep_hash
from experiments.trials.roles import endpoints_of, model_of, roles_named
from results.store import read_manifest
from topologies.models.model_settings import MOST_TOKENS

PACKAGES = ("fanout", "langgraph", "langchain-core", "langchain-openai", "openai", "genai-prices")
SHOWN_DIFFERENCES = 6


def manifest_of(sweep: Sweep, command: str | None = None) -> dict[str, Any]:
    """Everything a run is known by; `sweep` in it is the sweep as plain data.

    `corpora` are hashes of what the task sets read; with `python` they are part of what a
    simulated record follows from. `endpoints` says for each role where its models were served, the
    newest last, without credentials. `choices` are those that a task set declares: tool to
    argument.
    """
    plain = canonical(sweep)
    task_sets = {cell.task_set: load_task_set(cell.task_set) for cell in sweep.cells}
    return {
        "name": sweep.name,
        "question": sweep.question,
        "hash": sweep_hash(plain),
        "seed": sweep.seed,
        "trials": sweep.trials,
        "planned": len(specs(sweep)),
        "simulated": sweep.simulation != "",
        "partly_simulated": sweep.simulation == "partly simulated",
        "endpoints": {role: [where] for role, where in endpoints_of(sweep).items()},
        "command": command or f"fanout run {shlex.quote(sweep.name)}",
        "limits": _given(plain["limits"]),
        "sweep_limits": _given(plain["sweep_limits"]),
        "thresholds": plain["thresholds"],
        "max_tokens": _max_tokens(sweep),
        "versions": {"python": platform.python_version(), **_versions()},
        "corpora": {name: task_set.corpus() for name, task_set in task_sets.items()},
        "prompts": {
            cell.label: _hash(task_sets[cell.task_set].instructions(cell.settings))
            for cell in sweep.cells
        },
        "choices": {
            name: dict(task_set.choices)
            for name, task_set in task_sets.items()
            if task_set.choices is not None
        },
        "sweep": plain,
    }


def _max_tokens(sweep: Sweep) -> dict[str, int]:
    """The most tokens of a reply by role, where its model is openai:...; others have their own."""
    found = {role: model_of(sweep, role) for role in roles_named(sweep)}
    return {
        role: int(settings.get("max_tokens") or MOST_TOKENS)
        for role, (name, settings) in found.items()
        if name.startswith("openai:")
    }


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def refuse_another(
    folder: Path, wanted: Mapping[str, Any], *, another_endpoint: bool = False
) -> None:
    """`Refused` with the difference, if the run in `folder` is not of the wanted sweep.

    Nor, without `another_endpoint`, if its models were served elsewhere.
    """
    there = read_manifest(folder)
    if "sweep" not in there:
        raise Refused(f"{folder} was not recorded by a sweep; choose another name")
    lines = difference(there["sweep"], wanted["sweep"])
    lines += difference(_surroundings(there), _surroundings(wanted))
    if not lines:
        if not another_endpoint:
            _refuse_another_endpoint(folder, there, wanted)
        return
    shown = lines[:SHOWN_DIFFERENCES]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown)} more")
    raise Refused(
        f"{folder} holds a run of another sweep ({'; '.join(shown)}): choose another name with "
        "--name, or --fresh to set that run aside"
    )


def _refuse_another_endpoint(
    folder: Path, there: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    before, now = _newest(there), _newest(wanted)
    moved = [f"{role}: {at} -> {now[role]}" for role, at in before.items() if now[role] != at]
    if moved:
        raise Refused(
            f"{folder} was recorded at another endpoint ({'; '.join(moved)}): trials of two "
            "endpoints need not be alike. Go on with --another-endpoint, or choose another name "
            "with --name"
        )


def endpoints_together(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, list[str]]:
    """Role to every endpoint that served it, the newest last."""
    before: Mapping[str, list[str]] = there.get("endpoints") or {}
    now: Mapping[str, list[str]] = wanted["endpoints"]
    return {
        role: [*(at for at in before.get(role, ()) if at not in served), *served]
        for role, served in now.items()
    }


def _newest(manifest: Mapping[str, Any]) -> dict[str, str]:
    endpoints: Mapping[str, list[str]] = manifest.get("endpoints") or {}
    return {role: served[-1] for role, served in endpoints.items()}


def _surroundings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What records follow from besides the sweep; the kit's version shows in each record."""
    versions: dict[str, Any] = manifest.get("versions") or {}
    simulated = manifest.get("simulated") and not manifest.get("partly_simulated")
    python = versions.get("python") if simulated else None
    return {"python": python, "corpora": manifest.get("corpora") or {}}


def _given(limits: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in limits.items() if value is not None}


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
