"""What `fanout check` found, as text and as data."""

from collections.abc import Iterator
from dataclasses import asdict

from experiments.graph_check.answer import Finding

SIGNS = {True: "yes", False: "NO", None: "?"}


def told(found: list[Finding]) -> dict[str, list[dict[str, object]]]:
    """The answers as data."""
    return {"findings": [asdict(one) for one in found]}


def lines(topology: str, found: list[Finding], seconds: float) -> Iterator[str]:
    """The answers as text, with what to change under each."""
    yield f"{topology}, on a few simulated trials ({seconds:.0f} s)"
    width = max(len(one.question) for one in found)
    for one in found:
        yield f"  {SIGNS[one.holds]:<3}  {one.question:<{width}}  {one.says}"
        if one.change is not None:
            yield f"       {'':<{width}}  -> {one.change}"
    wrong = sum(one.holds is False for one in found)
    unseen = sum(one.holds is None for one in found)
    yield (
        f"{wrong} to change, {unseen} that could not be seen. The simulated model shows that the "
        "graph can be measured; it says nothing about a real one."
    )
