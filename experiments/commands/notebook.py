"""`fanout notebook`: open one of the notebooks in marimo, on this machine only."""

import argparse
import subprocess
import sys
from pathlib import Path

from experiments.loading import near
from experiments.refused import Refused
from results.store import RUNS, find_run

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def run(arguments: argparse.Namespace) -> int:
    """Carry out the command; marimo's exit code."""
    file = NOTEBOOKS / f"{arguments.name.removesuffix('.py')}.py"
    if file.parent != NOTEBOOKS or not file.exists():
        known = sorted(path.stem for path in NOTEBOOKS.glob("*.py") if path.stem != "__init__")
        raise Refused(f"there is no notebook {arguments.name!r}; {near(arguments.name, known)}")
    words = [sys.executable, "-m", "marimo", "edit" if arguments.edit else "run", str(file)]
    words += ["--host", arguments.host]
    if arguments.port is not None:
        words += ["--port", str(arguments.port)]
    if arguments.no_browser:
        words.append("--headless")
    words.append("--")
    if arguments.run is not None:
        words += ["--run", str(find_run(arguments.run, arguments.runs or RUNS).resolve())]
    if arguments.runs is not None:
        words += ["--runs", str(arguments.runs.resolve())]
    return subprocess.run(words, check=False).returncode
