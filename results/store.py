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
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import polars as pl

from results import journal
from results.infeasible import LEAST, feasible
from results.journal import Journal, Record, Spent
from results.records import SCHEMAS, frame
from results.refused import Refused
from results.strata import with_dials
from results.withheld import understood

RUNS = Path(__file__).with_name("runs")
"""Where runs are kept unless another folder is asked for."""

MANIFEST = "manifest.json"
FRAMES = "frames.json"
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
PARTITIONED = ("steps", "accesses")
LATER = ("reports",)
"""Frames that older runs do not have."""
TRIALS_A_FILE = 1000


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
            found = _load(self.folder, name)
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
    _write_whole(folder / MANIFEST, manifest)


def compact(folder: Path) -> None:
    """Write the journal's frames as Parquet, unless they are there already."""
    with Journal(folder) as book:
        last = book.last()
        if _marker(folder).get("records") == last:
            return
        (folder / FRAMES).unlink(missing_ok=True)
        for name in PARTITIONED:
            shutil.rmtree(folder / name, ignore_errors=True)
        whole: dict[str, list[pl.DataFrame]] = {name: [] for name in SCHEMAS}
        heights = dict.fromkeys(SCHEMAS, 0)
        for topology in book.topologies():
            for number, records in enumerate(_batches(book.records(topology))):
                for name in SCHEMAS:
                    rows = _rows(name, records)
                    heights[name] += rows.height
                    if name not in PARTITIONED:
                        whole[name].append(rows)
                        continue
                    file = _partition(folder, name, topology) / f"{number:04d}.parquet"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    rows.write_parquet(file)
        for name in SCHEMAS:
            if name not in PARTITIONED:
                pl.concat([frame(name, []), *whole[name]]).write_parquet(folder / f"{name}.parquet")
        _write_whole(folder / FRAMES, {"records": last, "rows": heights})


def _load(folder: Path, name: str) -> pl.DataFrame:
    has_journal = (folder / journal.FILE).exists()
    marker = _marker(folder)
    if not has_journal or (marker and marker.get("records") == _last(folder)):
        try:
            found = _from_parquet(folder, name)
            if marker and found.height != marker["rows"].get(name, 0):
                raise Refused(f"{found.height} of {marker['rows'][name]} rows are there")
            return found
        except (pl.exceptions.PolarsError, OSError, ValueError, KeyError, TypeError) as error:
            if not has_journal:
                text = str(error).splitlines()[0]
                raise Refused(f"the {name} of {folder} cannot be read: {text}") from error
    with Journal(folder) as book:
        parts = [
            _rows(name, records)
            for topology in book.topologies()
            for records in _batches(book.records(topology))
        ]
    return pl.concat([frame(name, []), *parts])


def _from_parquet(folder: Path, name: str) -> pl.DataFrame:
    files = [folder / f"{name}.parquet"]
    if name in PARTITIONED:
        trials = pl.read_parquet(folder / "trials.parquet", columns=["topology"])
        order = trials.get_column("topology").unique(maintain_order=True).to_list()
        files = [f for t in order for f in sorted(_partition(folder, name, t).glob("*.parquet"))]
    # An older kit did not write every frame.
    files = [file for file in files if file.exists() or name not in LATER]
    # The folder names repeat a column of trials; a frame has the fields of its schema alone.
    parts = [pl.read_parquet(file, hive_partitioning=False) for file in files]
    for file, part in zip(files, parts, strict=True):
        if not part.schema.items() <= SCHEMAS[name].items():
            raise Refused(f"{file} does not have the fields of {name}")
    # What an older kit did not record is null.
    return pl.concat([frame(name, []), *parts], how="diagonal")


def _rows(name: str, records: list[Record]) -> pl.DataFrame:
    return frame(name, (row for record in records for row in record.get(name, ())))


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, TRIALS_A_FILE)):
        yield batch


def _partition(folder: Path, name: str, topology: str) -> Path:
    return folder / name / f"topology={quote(topology, safe='')}"


def _marker(folder: Path) -> dict[str, Any]:
    """What the Parquet files hold; empty if they are not whole."""
    try:
        return dict(json.loads((folder / FRAMES).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _last(folder: Path) -> int:
    with Journal(folder) as book:
        return book.last()


def _progress(folder: Path) -> dict[str, Any]:
    """How many trials are recorded, the sessions, and what was used for no record."""
    found: dict[str, Any] = {"recorded": 0, "sessions": [], "interrupted": None}
    if (folder / journal.FILE).exists():
        with Journal(folder) as book:
            found["recorded"] = len(book.ids())
            found["sessions"] = [asdict(session) for session in book.sessions()]
            found["interrupted"] = _together(book.interrupted())
    elif (folder / "trials.parquet").exists():
        found["recorded"] = _load(folder, "trials").height
    return found


def _together(left: list[Spent]) -> dict[str, Any]:
    """Null for what any of them does not tell."""
    columns = {name: [getattr(one, name) for one in left] for name in Spent._fields[1:]}
    sums = {name: None if None in values else sum(values) for name, values in columns.items()}
    return {"trials": len(left), **sums}


def _newest_change(folder: Path) -> float:
    return max((file.stat().st_mtime for file in folder.iterdir()), default=0.0)


def _write_whole(file: Path, content: Mapping[str, Any]) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        os.replace(draft, file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
