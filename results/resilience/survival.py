"""How long trials go on without a failure: the product-limit estimate, and how sure it is.

A trial that passed is censored at its length: nothing had gone wrong by then, and nothing is known
of what would have come. Trials of one task go together, so that the errors are clustered by unit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles
from results.statistics.intervals import clopper_pearson

Floats = npt.NDArray[np.float64]
Units = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Survival:
    """At each step at which something failed: how many were at risk, how many failed there.

    `survival` is the share that goes on beyond the step; `low` to `high` holds it at 95%, nan where
    fewer than 2 units support an interval.
    """

    step: Floats
    at_risk: Floats
    failed: Floats
    survival: Floats
    low: Floats
    high: Floats


def product_limit(
    at: Floats, failed: npt.NDArray[np.bool_], units: Units | None = None
) -> Survival:
    """Kaplan and Meier's estimate (JASA 53, 1958), for trials that failed or were censored `at`.

    The interval is that of log(-log S), with Greenwood's variance where each trial is a unit of its
    own, and for `units` its form for clusters (the influence of each unit on log S, squared: Ying
    and Wei, J. Multivariate Analysis 50, 1994) with t of one degree of freedom less than units,
    where that is wider.
    Once all have failed the upper limit is that of none left among the units at risk, exact.
    """
    own = np.arange(at.size) if units is None else units
    names, unit = np.unique(own, return_inverse=True)
    steps = np.unique(at[failed])
    risk, events = _counts(at, failed, unit, steps, names.size)
    at_risk, fell = risk.sum(axis=0), events.sum(axis=0)
    hazard = fell / at_risk
    survival = np.asarray(np.cumprod(1 - hazard), dtype=np.float64)
    left = np.where(fell < at_risk, at_risk - fell, np.nan)
    reach = quantiles.normal(0.975) * np.sqrt(np.cumsum(fell / (at_risk * left)))
    freedom = names.size - 1
    if units is not None and freedom:
        # The influence of a unit on log S up to each step.
        influence = np.cumsum((events - risk * hazard) / left, axis=1)
        spread = np.sqrt((influence**2).sum(axis=0) * names.size / freedom)
        # Few clusters that happen to be alike say less than they seem: never narrower than trials.
        reach = np.fmax(reach, quantiles.student(0.975, freedom) * spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = reach / np.abs(np.log(survival))
        ends = [np.asarray(survival ** np.exp(end), np.float64) for end in (half, -half)]
    low, high = ends
    supporting = (risk > 0).sum(axis=0)
    for place in np.flatnonzero(survival == 0):
        low[place], high[place] = clopper_pearson(0, int(supporting[place])) or (np.nan, np.nan)
    if not freedom:
        low[:], high[:] = np.nan, np.nan
    return Survival(steps, at_risk, fell, survival, low, high)


def _counts(
    at: Floats, failed: npt.NDArray[np.bool_], unit: npt.NDArray[np.intp], steps: Floats, units: int
) -> tuple[Floats, Floats]:
    """Trials at risk at each step and failures there, of each unit."""
    risk, events = np.zeros((units, steps.size)), np.zeros((units, steps.size))
    np.add.at(risk, unit, (at[:, None] >= steps).astype(float))
    np.add.at(events, unit, ((at[:, None] == steps) & failed[:, None]).astype(float))
    return risk, events
