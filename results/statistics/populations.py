"""Made populations of tasks whose true rates are known: what plans are tried on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.statistics import quantiles
from results.statistics.intervals import Floats, Ints


@dataclass(frozen=True)
class Population:
    """Tasks whose chance of passing follows a beta, or takes one of a few `rates`.

    A beta is given by its `mean` and `icc`; else `rates` come with the `shares` of tasks that have
    them.
    """

    label: str
    mean: float = 0.0
    icc: float = 0.0
    rates: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes of the beta."""
        spread = (1 - self.icc) / self.icc
        return self.mean * spread, (1 - self.mean) * spread

    def pass_k(self, k: int) -> float:
        """The true pass^k over all tasks of the population."""
        if self.rates:
            return float(np.asarray(self.shares) @ np.asarray(self.rates) ** k)
        a, b = self.shapes
        return float(np.prod([(a + drawn) / (a + b + drawn) for drawn in range(k)]))

    def at(self, ranks: Floats) -> Floats:
        """The chance of passing of tasks at these ranks of difficulty (0 to 1, 1 the easiest)."""
        if self.rates:
            edges = np.cumsum(self.shares)[:-1]
            return np.asarray(self.rates)[np.searchsorted(edges, ranks, side="right")]
        return quantiles.betas(ranks, *self.shapes)

    def draw(self, rng: np.random.Generator, shape: Sequence[int], trials: int) -> Ints:
        """How many of `trials` each of `shape` tasks drawn from the population passed."""
        if self.rates:
            chance = self.at(rng.uniform(size=shape))
        else:
            chance = rng.beta(*self.shapes, size=shape)
        return rng.binomial(trials, chance).astype(np.int64)


def paired_ranks(
    rng: np.random.Generator, shape: Sequence[int], alike: float
) -> tuple[Floats, Floats]:
    """Ranks of tasks for two topologies; a share `alike` of tasks is as hard for both."""
    first, own = rng.uniform(size=shape), rng.uniform(size=shape)
    return first, np.where(rng.uniform(size=shape) < alike, first, own)
