"""Trials of real models: many at once in one event loop, as many as the endpoint should bear.

The client itself keeps to the requests and tokens a minute of the sweep's [models], and backs off
when the endpoint says so.
"""

import asyncio
from collections.abc import Generator, Iterator

from experiments.engines.engine import EngineError
from experiments.trials.entries import play_entry
from experiments.trials.spec import TrialSpec
from results.journal import Entry
from topologies.models.model import close_models

Trial = asyncio.Task[Entry]


def run(specs: Iterator[TrialSpec], workers: int) -> Generator[Entry]:
    """Play up to `workers` trials at once.

    The loop stands still while the caller handles an entry, which takes well under a millisecond.
    """
    under_way: set[Trial] = set()
    with asyncio.Runner() as runner:
        try:
            while ended := runner.run(_next_ended(specs, workers, under_way)):
                for trial in ended:
                    yield trial.result()
        except SystemExit as error:
            raise EngineError(f"a graph ended the process: SystemExit {error}") from error
        finally:
            runner.run(_closed(under_way))


async def _next_ended(
    specs: Iterator[TrialSpec],
    workers: int,
    under_way: set[Trial],
) -> list[Trial]:
    """Start what there is room for, and wait until a trial ends; none are left when empty."""
    while len(under_way) < workers:
        spec = next(specs, None)
        if spec is None:
            break
        under_way.add(asyncio.create_task(play_entry(spec), name=spec.trial_id))
    if not under_way:
        return []
    done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    under_way -= done
    return sorted(done, key=lambda trial: trial.get_name())


async def _closed(under_way: set[Trial]) -> None:
    """Drop what is under way, and close connections while their loop is alive."""
    for trial in under_way:
        trial.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    await close_models()
