"""How long work may be for a wanted chance of success, from what is known of two lengths.

Three laws that the field uses, told apart by where they were published: a constant hazard (Ord,
arXiv 2505.05115), its Weibull form with a hazard that falls or rises along the way, and a logistic
in log2 of the length (METR, arXiv 2503.14499). The half-life is the length with an even chance.
They agree where they were fitted and part far from it, so that a horizon at 99% is mostly the law.
"""

from dataclasses import dataclass
from math import exp, log, log2

from results.refused import Refused


def half_lives(success: float, shape: float = 1.0) -> float:
    """The length at which the chance is `success`, in half-lives: (ln(1/p) / ln 2)^(1/shape).

    `shape` is that of a Weibull law of survival, 1 for a constant hazard. `Refused` for a chance
    that is not between 0 and 1, or a shape not above 0.
    """
    _chance(success)
    if shape <= 0:
        raise Refused(f"shape is {shape}; it must be above 0")
    return (-log(success) / log(2)) ** (1 / shape)


def weibull_shape(half: float, length: float, success: float) -> float:
    """The shape of the Weibull law with this half-life and this chance at this length.

    Below 1 the hazard falls along the way. `Refused` for lengths that are not above 0 or alike.
    """
    _chance(success)
    _lengths(half, length)
    return log(-log(success) / log(2)) / log(length / half)


@dataclass(frozen=True)
class Logistic:
    """ln(p / (1 - p)) = intercept + slope x log2(length)."""

    intercept: float
    slope: float

    def length(self, success: float) -> float:
        """The length at which the chance is `success`, in the unit of the fit."""
        _chance(success)
        return 2 ** ((_logit(success) - self.intercept) / self.slope)

    def success(self, length: float) -> float:
        """The chance at a length."""
        return 1 / (1 + exp(-self.intercept - self.slope * log2(length)))


def logistic(half: float, length: float, success: float) -> Logistic:
    """The logistic law with this half-life and this chance at this length.

    `Refused` for lengths that are not above 0 or alike.
    """
    _chance(success)
    _lengths(half, length)
    slope = _logit(success) / log2(length / half)
    return Logistic(-slope * log2(half), slope)


def _logit(share: float) -> float:
    return log(share / (1 - share))


def _chance(success: float) -> None:
    if not 0 < success < 1:
        raise Refused(f"success is {success}; it must lie between 0 and 1")


def _lengths(half: float, length: float) -> None:
    if not (half > 0 and length > 0 and half != length):
        raise Refused(f"lengths are {half} and {length}; they must be above 0 and differ")
