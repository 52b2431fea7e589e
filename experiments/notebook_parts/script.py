"""A notebook run as a script: what goes wrong is one line and an exit code, as at the command line.

A page shows what went wrong where it did, and goes on; a script has no page.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from experiments.engines.engine import EngineError
from experiments.refused import REFUSALS

BAD_INPUT, BROKEN = 2, 1


@contextmanager
def told_in_a_line(script: bool) -> Generator[None]:
    """Ends a script on bad input (2) or a broken engine (1); elsewhere errors pass through."""
    try:
        yield
    except (*REFUSALS, OSError, EngineError) as error:
        if not script:
            raise
        print(f"fanout: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(BROKEN if isinstance(error, EngineError) else BAD_INPUT) from None
