"""Where import paths are looked for: where the command was given first, but for our own packages.

A module of someone's that has the name of one of the four packages cannot be imported beside them.
"""

import sys
from pathlib import Path

from tasks.finder import ROOT, namesakes


def look_here_first() -> None:
    """Put the working directory first on `sys.path`, which workers take over from here.

    Where a module of someone's has the name of one of our packages, the kit's folder goes before.
    """
    here = str(Path.cwd())
    sys.path[:] = [here, *(entry for entry in sys.path if entry not in ("", here))]
    if namesakes() and Path.cwd() != ROOT:
        sys.path.insert(0, str(ROOT))
