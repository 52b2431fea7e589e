"""Least squares whose errors go together by cluster, for few clusters.

The usual clustered errors are too small where clusters are few or one of them has most of the
leverage. These are CR2 (Bell and McCaffrey 2002), with Satterthwaite's degrees of freedom under
independent errors of equal variance (Pustejovsky and Tipton 2018).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.statistics import quantiles
from results.statistics.intervals import Floats


@dataclass(frozen=True)
class Coefficient:
    """An estimate with its error and degrees of freedom.

    `leverage` is the largest share that one cluster has in what tells the coefficient: one over the
    clusters where all have the same.
    """

    estimate: float
    error: float
    freedom: float
    leverage: float

    def half(self, level: float = 0.95) -> float:
        """Half the width of the interval."""
        return quantiles.student((1 + level) / 2, self.freedom) * self.error


def least_squares(
    matrix: Floats, outcome: Floats, clusters: npt.NDArray[np.generic]
) -> tuple[list[Coefficient], Floats]:
    """One coefficient a column of `matrix` (full rank), and the residuals."""
    bread = np.linalg.inv(matrix.T @ matrix)
    estimates = bread @ matrix.T @ outcome
    left = outcome - matrix @ estimates
    names = np.unique(clusters)
    columns = matrix.shape[1]
    # For each cluster: its score, its adjusted rows, and what these come to in the columns.
    scores, own = np.empty((names.size, columns)), np.empty((names.size, columns))
    shared, shares = np.empty((names.size, columns, columns)), np.empty_like(scores)
    for at, name in enumerate(names):
        rows = matrix[clusters == name]
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - rows @ bread @ rows.T)
        kept = values > 1e-9
        root = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
        adjusted = root @ rows @ bread
        scores[at] = adjusted.T @ left[clusters == name]
        own[at] = (adjusted**2).sum(axis=0)
        shared[at] = rows.T @ adjusted
        shares[at] = ((rows @ bread) ** 2).sum(axis=0)
    errors = np.sqrt((scores**2).sum(axis=0))
    found: list[Coefficient] = []
    for column in range(columns):
        pulled = shared[:, :, column]
        gram = np.diag(own[:, column]) - pulled @ bread @ pulled.T
        square = float((gram**2).sum())
        freedom = float(np.trace(gram)) ** 2 / square if square > 0 else 1.0
        leverage = float(shares[:, column].max() / shares[:, column].sum())
        found.append(
            Coefficient(float(estimates[column]), float(errors[column]), freedom, leverage)
        )
    return found, left
