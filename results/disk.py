"""Files of a run: a lock that ends with its holder, a file written whole, and a disk that fails."""

import json
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results.refused import Refused

LOCK = "writer.lock"


def locked(folder: Path) -> sqlite3.Connection:
    """A lock that the operating system takes back when its holder dies, on every platform."""
    try:
        lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise unwritable(folder / LOCK, error) from error
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if of_the_disk(error):
            raise unwritable(folder / LOCK, error) from error
        raise Refused(
            f"another process is writing to {folder}; wait for it, or choose another name"
        ) from error
    return lock


def of_the_disk(error: sqlite3.Error) -> bool:
    """Whether it is the disk that fails, and not what stands on it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    disk = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
    return code in (*disk, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


def unwritable(file: Path, error: sqlite3.Error) -> Refused:
    """What is said of a file that could not be written."""
    return Refused(
        f"{file} cannot be written ({error}); what is recorded is kept: make room, and the same "
        "command goes on"
    )


def write_whole(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON so that the file appears whole or not at all."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        os.replace(draft, file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
