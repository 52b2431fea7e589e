"""What the notebooks put on a page alike: their controls, and a sweep with how far it is."""

from collections.abc import Sequence
from typing import Any, Protocol

import marimo as mo

from experiments.engines.engine import EngineError
from experiments.notebook_parts.background_run import run_sweep_beside
from experiments.notebook_parts.controls import BETWEEN, Choices, command
from experiments.notebook_parts.script import told_in_a_line
from experiments.notebook_parts.suggestions import offered
from experiments.refused import REFUSALS
from experiments.running.progress import Tally
from experiments.sweeps.sweep import Sweep, specs
from results.store import Run

LABELS = {
    "other_model": "another model",
    "tasks": "tasks of a kind",
    "trials": "trials of a task",
    "dollars": "stop at, dollars (real models)",
}
"""What a control is called; any other by its name."""

STEPS = {"dollars": 0.1}
"""By how much a number goes up and down; any other by 1."""


class Simulated(Protocol):
    """A sweep or a report: whether simulated models play in it, in words."""

    @property
    def simulation(self) -> str: ...


def in_simulation(what: Simulated) -> str:
    """What stands after a heading or a size where simulated models play, else nothing."""
    return f", {what.simulation}" if what.simulation else ""


def words_given() -> dict[str, Any]:
    """What a script was started with, and what `fanout notebook` was: that comes with the request.

    A page cannot set it.
    """
    request = mo.app_meta().request
    return {**mo.cli_args().to_dict(), **(request.meta if request else {})}


def controls_of(given: Choices, names: Sequence[str]) -> mo.ui.dictionary:
    """A control for each choice, set to what was given; `other_model` is a text, empty."""
    offers = offered(given)

    def control(name: str) -> Any:
        look: dict[str, Any] = {"label": LABELS.get(name, name.replace("_", " "))}
        look["full_width"] = True
        if name == "other_model":
            return mo.ui.text(placeholder="openai:NAME", **look)
        value = getattr(given, name)
        if name in BETWEEN:
            return mo.ui.number(*BETWEEN[name], STEPS.get(name, 1), value, **look)
        if name == "model":
            return mo.ui.dropdown(offers[name], value, **look)
        return mo.ui.multiselect(offers[name], list(value), **look)

    return mo.ui.dictionary({name: control(name) for name in names})


def played(sweep: Sweep, choices: Choices, script: bool) -> Run | None:
    """The run of a sweep, with how far it is shown meanwhile; None where it says why it stopped."""
    mark = in_simulation(sweep)
    try:
        with (
            mo.status.progress_bar(
                total=len(specs(sweep)),
                title=f"Running{mark}",
                completion_title=f"Recorded as {sweep.name}{mark}",
                show_rate=False,
                show_eta=False,
            ) as bar,
            told_in_a_line(script),
        ):

            def watch(tally: Tally) -> None:
                bar.update(tally.done - bar.current, subtitle=tally.line())

            folder = choices.runs / sweep.name
            return run_sweep_beside(sweep, folder, command=command(choices), progress=watch)
    except (*REFUSALS, EngineError) as error:
        mo.output.replace(mo.callout(str(error), kind="danger", title="The sweep stopped"))
    return None
