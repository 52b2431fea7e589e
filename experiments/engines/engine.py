"""How trials are run: an engine takes specs as it has room for them and gives entries as they end.

Every engine is a function `run(specs, workers)`. It draws the next spec only when it can start it,
so whoever feeds it stops a sweep by ending the iterator: trials under way still come to their end.
Closing the generator drops them. What an engine does never shows in a record.
"""

from collections.abc import Callable, Generator, Iterator

from experiments.trials.spec import TrialSpec
from results.journal import Entry
from tasks.finder import find_function

ENGINES: dict[str, str] = {
    "pool": "experiments.engines.pool:run",
    "endpoint": "experiments.engines.endpoint:run",
    "here": "experiments.engines.engine:run_here",
}
"""Name to engine; `my_package.my_module:run` works in place of a name.

"pool" runs simulated trials in processes, "endpoint" trials of real models in one event loop, and
"here" simulated trials one by one in this process.
"""

Engine = Callable[[Iterator[TrialSpec], int], Generator[Entry]]


class EngineError(RuntimeError):
    """An engine broke down; what was recorded stays, and the sweep can go on from there."""


def load_engine(name: str) -> Engine:
    """The engine called `name`. `Refused` if there is none, or what is there is no engine."""
    return find_function("engine", name, ENGINES, ("specs", "workers"))


def run_here(specs: Iterator[TrialSpec], workers: int) -> Generator[Entry]:
    """One after the other, in this process."""
    from experiments.trials.entries import run_entry

    del workers
    for spec in specs:
        yield run_entry(spec)
