"""What stands in place of a verdict where the simulated model did not understand one of the two."""

from collections.abc import Sequence

import polars as pl

from results.questions.verdict.contrast import Verdict
from results.rules import NO_COMPARISON, Stated
from results.strata import cell_label
from results.withheld import Withheld


def unjudged(
    trials: pl.DataFrame, stated: Stated, by: Sequence[str], withheld: Sequence[Withheld]
) -> list[Verdict]:
    """One for each contrast and cell of which a side is withheld."""
    if not withheld:
        return []
    did = set(trials.select("topology", cell_label(by)).unique().iter_rows())
    lost = {(one.topology, one.cell): one for one in withheld}
    found: list[Verdict] = []
    for cell, task_set in dict.fromkeys((one.cell, one.task_set) for one in withheld):
        for topology, reference in stated.contrasts:
            sides = [(topology, cell), (reference, cell)]
            why = [lost[side] for side in sides if side in lost]
            if why and did.issuperset(sides):
                found.append(_verdict(cell, task_set, topology, reference, why))
    return found


def _verdict(
    cell: str, task_set: str, topology: str, reference: str, why: Sequence[Withheld]
) -> Verdict:
    who = " and ".join(one.topology for one in why)
    return Verdict(
        cell=cell,
        task_set=task_set,
        topology=topology,
        reference=reference,
        verdict=NO_COMPARISON,
        on_these=NO_COMPARISON,
        headline=(
            f"{cell}: {NO_COMPARISON} of {topology} with {reference}: the simulated model did not "
            f"understand {who}"
        ),
        difference="-",
        cost="-",
        difference_on_these="-",
        cost_on_these="-",
        status="withheld",
        simulated=True,
        reasons=tuple(one.sentence for one in why),
        assumes=(),
        changes=("A model that understands the graph can be compared: run it on a real one.",),
    )
