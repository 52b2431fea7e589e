"""Where import paths are looked for: where the command was given first, but for our own packages.

A module of someone's that has the name of one of the four packages cannot be imported beside them.
"""

import sys
from pathlib import Path

OURS = ("tasks", "topologies", "results", "experiments")
"""The packages of the kit."""

_ROOT = Path(__file__).resolve().parents[1]


def look_here_first() -> None:
    """Put the working directory first on `sys.path`, which workers take over from here.

    Where a module of someone's has the name of one of our packages, the kit's folder goes before.
    """
    here = str(Path.cwd())
    sys.path[:] = [here, *(entry for entry in sys.path if entry not in ("", here))]
    if namesakes() and Path.cwd() != _ROOT:
        sys.path.insert(0, str(_ROOT))


def namesakes() -> str | None:
    """The modules that our packages hide, and the cure, in one line; None where there are none."""
    found = [
        path
        for entry in dict.fromkeys(Path(entry).resolve() for entry in sys.path)
        if entry != _ROOT
        for name in OURS
        for path in (entry / f"{name}.py", entry / name / "__init__.py")
        if path.is_file()
    ]
    if not found:
        return None
    named = ", ".join(str(path) for path in found)
    return (
        f"{named} cannot be imported here, since fanout has a package of that name: rename it or "
        "move it into a package of your own (if it is installed: keep fanout in an environment of "
        "its own)"
    )
