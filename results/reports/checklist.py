"""What a reader must know to trust a report: stated at its end, null where it was not recorded."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from results.infeasible import counted
from results.statistics.consistency import CRASHES, lost
from results.view import View

NOT_RECORDED = "not recorded"


def checklist(view: View, crashed: str = "drop") -> Iterator[tuple[str, str]]:
    """Name and text of each point, for the trials and the rules of a run."""
    trials, manifest, stated = view.trials, view.manifest, view.stated
    sweep: dict[str, Any] = manifest.get("sweep") or {}
    settings: dict[str, Any] = sweep.get("model_settings") or {}
    simulated = trials.get_column("simulated").fill_null(False)
    yield "Model and date", f"{_listed(trials, 'model')}; {_dates(trials, bool(simulated.all()))}"
    temperature = settings.get("temperature")
    yield (
        "Temperature",
        f"{temperature:g}"
        if isinstance(temperature, (int, float))
        else "the simulated model takes none"
        if simulated.all()
        else NOT_RECORDED,
    )
    sizes = trials.group_by("topology", "task_set", "settings", "task").len().get_column("len")
    fewest, most = sizes.min(), sizes.max()
    n = f"{most}" if fewest == most else f"{fewest} to {most}"
    yield (
        "n and k",
        f"n = {n} trials of each of {trials.select('task_set', 'task').n_unique()} tasks, "
        f"k = {stated.rules.k}",
    )
    yield "Crash rule", f"{crashed}: {CRASHES[crashed]}"
    yield (
        "Pairing",
        "by base task; in simulation the luck of the work is shared as well"
        if simulated.any()
        else "by base task only",
    )
    pairs = ", ".join(f"{one} against {other}" for one, other in stated.contrasts) or "none"
    named = "named in the sweep" if stated.contrasts_named else "every topology to the reference"
    yield (
        "Family",
        f"{view.family} primary ({pairs}; {named}; x strata), intervals by Bonferroni at alpha "
        f"{stated.rules.alpha:g}; rules {stated.hash}, {stated.status}",
    )
    yield "Exclusions", _exclusions(trials, manifest, stated.rules.k)
    yield "Cache policy", _cache(trials)
    prompts = manifest.get("prompts") or sweep.get("prompts")
    hashes: dict[str, Any] = dict(prompts) if isinstance(prompts, Mapping) else {}  # pyright: ignore[reportUnknownArgumentType]
    yield "Prompt hashes", ", ".join(_hashes(hashes)) or NOT_RECORDED
    versions: dict[str, Any] = manifest.get("versions") or {}
    kit = ", ".join(trials.get_column("kit").drop_nulls().unique().sort().to_list())
    yield "Kit version", kit or str(versions.get("fanout", NOT_RECORDED))


def _hashes(prompts: Mapping[str, Any]) -> Iterator[str]:
    """Each hash once, with what the settings that share it have in common."""
    sharing: dict[str, list[str]] = {}
    for settings, value in prompts.items():
        sharing.setdefault(str(value), []).append(settings)
    for value, several in sharing.items():
        first, *others = (settings.split(" ") for settings in several)
        common = " ".join(word for word in first if all(word in other for other in others))
        count = f" ({len(several)} settings)" if others else ""
        yield f"{common}{count} {value}".strip()


def _listed(trials: pl.DataFrame, column: str) -> str:
    return ", ".join(trials.get_column(column).drop_nulls().unique().sort()) or NOT_RECORDED


def _dates(trials: pl.DataFrame, simulated: bool) -> str:
    days = trials.get_column("started_at").drop_nulls().str.slice(0, 10).unique().sort().to_list()
    if not days:
        return "simulated, so without a date" if simulated else f"date {NOT_RECORDED}"
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _exclusions(trials: pl.DataFrame, manifest: Mapping[str, Any], k: int) -> str:
    parts: list[str] = []
    ungraded = lost(trials)
    if ungraded:
        parts.append(ungraded)
    graded = (
        counted(trials)
        .group_by("topology", "task_set", "settings", "budget", "task")
        .agg(pl.col("passed").is_not_null().sum().alias("graded"))
        .get_column("graded")
    )
    short = int((graded < k).sum())
    if short:
        parts.append(
            f"{short} of {graded.len()} pairs of a topology and a task, each setting apart, have "
            f"fewer than {k} graded trials"
        )
    planned = manifest.get("planned")
    if isinstance(planned, int) and planned > trials.height:
        parts.append(f"{planned - trials.height} planned trials are not recorded")
    return "; ".join(parts) or "none"


def _cache(trials: pl.DataFrame) -> str:
    cached = trials.get_column("cached_tokens")
    if cached.null_count() == cached.len():
        return NOT_RECORDED
    prompt = trials.select(pl.col("prompt_tokens").sum()).item()
    if not cached.sum() or not prompt:
        return "nothing was served from a cache"
    return (
        f"{100 * float(cached.sum()) / float(prompt):.0f}% of prompt tokens were served from a "
        "cache; dollars count them at the price of cached input"
    )
