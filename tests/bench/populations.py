"""The made populations that intervals and plans are tried on."""

import numpy as np

from results.statistics.intervals import Floats
from results.statistics.populations import Population
from results.statistics.posterior import ascending

MEANS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
ICCS = (0.15, 0.4, 0.7)


MIXTURES = (
    Population("6 in 10 at .95, 4 at .2", rates=(0.2, 0.95), shares=(0.4, 0.6)),
    Population("3 in 10 hopeless, 7 at .9", rates=(0.0, 0.9), shares=(0.3, 0.7)),
    Population("3 kinds at .05, .5, .98", rates=(0.05, 0.5, 0.98), shares=(0.3, 0.3, 0.4)),
)

POPULATIONS = (
    *(Population(f"mean {mean:.2f}, ICC {icc:.2f}", mean, icc) for mean in MEANS for icc in ICCS),
    *MIXTURES,
)
"""Every truth of the coverage table."""


def share_below(k: int, value: float) -> Floats:
    """How much of each grid point's weight counts as below `value` of pass^k.

    Weights times this is the cumulative posterior at `value`, exactly as `Posterior.quantile`
    interpolates it: many posteriors can be asked at once, as a product of matrices.
    """
    values, order = ascending(k)
    right = int(np.searchsorted(values, value))
    below = np.zeros_like(values)
    below[: max(right - 1, 0)] = 1.0
    if 0 < right < values.size:
        part = (value - values[right - 1]) / (values[right] - values[right - 1])
        below[right - 1], below[right] = (1 + part) / 2, part / 2
    elif right == values.size:
        below[-1] = 1.0
    shares = np.empty_like(below)
    shares[order] = below
    return shares
