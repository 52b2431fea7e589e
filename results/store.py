"""A recorded run on disk: its manifest, its journal, and its frames as Parquet.

    results/runs/NAME/
        manifest.json                            the sweep as it was run
        journal.sqlite                           every record, in the order in which trials ended
        frames.json                              up to which record Parquet goes, and its rows
        trials.parquet, milestones.parquet, reports.parquet
        steps/topology=T/0000.parquet, accesses/topology=T/0000.parquet

Parquet is made from the journal and can be made again; a run that was killed opens from its
journal, and a run that was copied without its journal opens from Parquet. Rows are ordered by
topology and place in the sweep, whatever order trials ended in.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl

from results import journal
from results.disk import write_whole
from results.infeasible import LEAST, feasible
from results.journal import Journal, Spent
from results.parquet import load
from results.refused import Refused
from results.strata import with_dials
from results.withheld import understood

RUNS = Path(__file__).with_name("runs")
"""Where runs are kept unless another folder is asked for."""

MANIFEST = "manifest.json"
SHAPES: dict[str, type] = {
    **dict.fromkeys(("name", "question", "hash", "command"), str),
    **dict.fromkeys(("seed", "trials", "planned"), int),
    **dict.fromkeys(("sweep", "limits", "thresholds", "versions", "corpora", "prompts"), dict),
    **dict.fromkeys(("sweep_limits", "choices", "endpoints", "imported"), dict),
    "simulated": bool,
    LEAST: list,
}
"""What stands in a manifest is of these types, where it stands there."""

WORDS = {str: "text", int: "a whole number", bool: "true or false", dict: "a table", list: "a list"}


@dataclass(frozen=True, eq=False)
class Run:
    """An opened run. Frames are loaded when they are first asked for.

    `manifest` is the sweep as it was run, with `recorded` (trials in the journal), `sessions`
    (began, ended, outcome) and `interrupted` added: `trials` that were cut off by the end of a
    session and the `calls`, `tokens` and `dollars` that they had used by then. A frame that cannot
    be read is `Refused`.
    """

    folder: Path
    manifest: dict[str, Any]
    _loaded: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame], repr=False)

    @property
    def trials(self) -> pl.DataFrame:
        """One row a trial; those whose budget could not do are marked and not graded.

        So are those of a topology that the simulated model did not understand.

        Beside the schema's columns there is one for each key of `settings` that none of them tells.
        """
        return self._frame("trials")

    @property
    def steps(self) -> pl.DataFrame:
        """One row a model or tool call."""
        return self._frame("steps")

    @property
    def accesses(self) -> pl.DataFrame:
        """One row an access to a row or predicate."""
        return self._frame("accesses")

    @property
    def milestones(self) -> pl.DataFrame:
        """One row a milestone of a trial."""
        return self._frame("milestones")

    @property
    def reports(self) -> pl.DataFrame:
        """One row a report of an agent to another."""
        return self._frame("reports")

    def _frame(self, name: str) -> pl.DataFrame:
        if name not in self._loaded:
            found = load(self.folder, name)
            if name == "trials":
                found = understood(feasible(found, self.manifest.get(LEAST) or []))
                found = with_dials(found)
            self._loaded[name] = found
        return self._loaded[name]

    @property
    def complete(self) -> bool:
        """Whether every trial of the sweep is recorded."""
        return self.manifest["recorded"] >= self.manifest.get("planned", 0)

    @property
    def outcome(self) -> str:
        """What came of the newest session: `complete`, or why it stopped."""
        sessions = self.manifest["sessions"]
        if self.complete or not sessions:
            return "complete" if self.complete else "not begun"
        return sessions[-1]["outcome"] or "killed, or still running"


def open_run(path: Path | str) -> Run:
    """The run in the folder `path`, finished or not. `Refused`, in one line, if it is no run."""
    folder = Path(path)
    manifest = read_manifest(folder)
    return Run(folder, manifest | _progress(folder))


def find_run(name: str, runs: Path = RUNS) -> Path:
    """The folder of a run: a path, a name in `runs`, or "latest". `Refused` if there is none."""
    known = recorded_runs(runs)
    if name == "latest" and known:
        return newest_first(runs)[0]
    for folder in (runs / name, Path(name)):
        if (folder / MANIFEST).exists():
            return folder
    names = [folder.name for folder in known]
    if Path(name).exists():
        raise Refused(f"{name} is not a run: it has no {MANIFEST}")
    if not names:
        raise Refused(f"there is no run {name!r}: none is recorded yet; start with `fanout run`")
    close = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
    raise Refused(f"there is no run {name!r}; {hint}")


def recorded_runs(runs: Path = RUNS) -> list[Path]:
    """The folders of all runs, by name."""
    return sorted(path.parent for path in runs.glob(f"*/{MANIFEST}"))


def newest_first(runs: Path = RUNS) -> list[Path]:
    """The folders of all runs, the one that was changed last first."""
    return sorted(recorded_runs(runs), key=_newest_change, reverse=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest alone. `Refused`, in one line, if the folder is no run."""
    file = folder / MANIFEST
    try:
        manifest: object = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        reason = f"it has no {MANIFEST}" if folder.is_dir() else "there is no such folder"
        raise Refused(f"{folder} is not a run: {reason}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{folder} is not a run: {MANIFEST} cannot be read ({error})") from error
    if not isinstance(manifest, dict):
        raise Refused(f"{folder} is not a run: {MANIFEST} is not an object")
    known = cast("dict[str, Any]", manifest)
    for key, kind in SHAPES.items():
        if known.get(key) is not None and type(known[key]) is not kind:
            must = f"{key} must be {WORDS[kind]}"
            raise Refused(f"{folder} is not a run: of its {MANIFEST}, {must}")
    return {key: v for key, v in known.items() if key not in SHAPES or v is not None}


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Make the folder a run. The file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MANIFEST, manifest)


def _progress(folder: Path) -> dict[str, Any]:
    """How many trials are recorded, the sessions, and what was used for no record."""
    found: dict[str, Any] = {"recorded": 0, "sessions": [], "interrupted": None}
    if (folder / journal.FILE).exists():
        with Journal(folder) as book:
            found["recorded"] = len(book.ids())
            found["sessions"] = [asdict(session) for session in book.sessions()]
            found["interrupted"] = _together(book.interrupted())
    elif (folder / "trials.parquet").exists():
        found["recorded"] = load(folder, "trials").height
    return found


def _together(left: list[Spent]) -> dict[str, Any]:
    """Null for what any of them does not tell."""
    columns = {name: [getattr(one, name) for one in left] for name in Spent._fields[1:]}
    sums = {name: None if None in values else sum(values) for name, values in columns.items()}
    return {"trials": len(left), **sums}


def _newest_change(folder: Path) -> float:
    return max((file.stat().st_mtime for file in folder.iterdir()), default=0.0)
