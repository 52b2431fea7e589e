"""Profiles of the simulated model drawn from their documented ranges, evenly over all of them.

A conclusion from one profile says what would have to be true of a model; many, spread over all that
is plausible, say how much of the plausible it holds for. What is drawn from is `profiles.toml` and
nothing else: no range is narrowed here, and no direction is favoured.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

from scipy.stats import qmc as untyped  # pyright: ignore[reportMissingTypeStubs]

from experiments.refused import Refused
from topologies.simulated.profile import parameters, profile

_qmc = cast("Any", untyped)

Drawn = dict[str, float | int | str]


def documented() -> dict[str, dict[str, Any]]:
    """Parameter name to its `range` or `choices`: all that profiles are drawn over."""
    return {
        name: {key: about[key] for key in ("range", "choices") if key in about}
        for name, about in parameters().items()
        if "range" in about or "choices" in about
    }


def draw_profiles(number: int, seed: int) -> list[Drawn]:
    """A Latin hypercube: each parameter takes one value from each of `number` equal parts.

    Numbers are uniform over their range (whole ones over their values), choices equally frequent.
    `Refused` below one profile.
    """
    if number < 1:
        raise Refused(f"profiles is {number}; it must be at least 1")
    known = documented()
    sample = _qmc.LatinHypercube(d=len(known), seed=seed).random(number)
    return [
        {
            name: _value(about, float(at))
            for (name, about), at in zip(known.items(), row, strict=True)
        }
        for row in sample
    ]


def model_name(base: str, drawn: Drawn) -> str:
    """The model that plays a drawn profile; what is not drawn is as in the profile `base`."""
    name = f"{base}?{urlencode({key: _text(value) for key, value in drawn.items()})}"
    profile(name)
    return f"simulated:{name}"


def _value(about: Mapping[str, Any], at: float) -> float | int | str:
    """The value at a place from 0 to 1 (1 left out)."""
    if "choices" in about:
        choices = cast("Sequence[str]", about["choices"])
        return choices[int(at * len(choices))]
    low, high = about["range"]
    if isinstance(low, int):
        return low + int(at * (high - low + 1))
    return float(f"{low + at * (high - low):.6f}")


def _text(value: float | int | str) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
