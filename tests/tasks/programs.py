"""Random programs of calls on a small world, and ways to look at what they left."""

from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

from tasks import database
from tasks.world import Access, Row, Schema, SqliteWorld, build_image

SCHEMA = Schema(
    "CREATE TABLE stock (id TEXT PRIMARY KEY, place TEXT, units INTEGER);"
    "CREATE TABLE mails (id INTEGER PRIMARY KEY, customer TEXT, body TEXT DEFAULT 'none')",
    asked={"stock": ("place",), "mails": ("customer",)},
    surrogate={"mails": "id"},
)
FIRST: list[Row] = [{"id": f"k{i}", "place": f"p{i % 2}", "units": i} for i in range(3)]
IMAGE = build_image(SCHEMA, {"stock": FIRST})
KEYS = [f"k{i}" for i in range(5)]
PLACES = ["p0", "p1", "p2"]
COMMON = settings(deadline=None, max_examples=60)


class Step(NamedTuple):
    """One thing a call does to the stock."""

    do: str
    key: str
    place: str
    units: int


class Made(NamedTuple):
    """One call: its steps, and whether it fails at the end."""

    steps: list[Step]
    fails: bool


STEPS = st.builds(
    Step,
    st.sampled_from(["put", "put", "drop", "read", "find"]),
    st.sampled_from(KEYS),
    st.sampled_from(PLACES),
    st.integers(0, 3),
)
CALLS = st.builds(Made, st.lists(STEPS, max_size=6), st.sampled_from([False, False, True]))
PROGRAMS = st.lists(CALLS, min_size=1, max_size=6)


class FailureError(Exception):
    """What a failing call raises."""


def new() -> SqliteWorld:
    return SqliteWorld(IMAGE, SCHEMA)


def do(world: SqliteWorld, step: Step) -> None:
    if step.do == "find":
        world.find("stock", "place", step.place)
        return
    there = world.read("stock", step.key) is not None
    if step.do == "put" and there:
        world.update("stock", step.key, {"place": step.place, "units": step.units})
    elif step.do == "put":
        world.insert("stock", {"id": step.key, "place": step.place, "units": step.units})
    elif step.do == "drop" and there:
        world.delete("stock", step.key)


async def make(world: SqliteWorld, name: str, call: Made) -> None:
    try:
        async with world.call(name):
            for step in call.steps:
                do(world, step)
            if call.fails:
                raise FailureError
    except FailureError:
        pass


def contents(world: SqliteWorld) -> list[tuple[Any, ...]]:
    db = database.opened(world.snapshot())
    return database.run(db, "SELECT * FROM stock ORDER BY id")


async def seen(world: SqliteWorld, name: str) -> list[Access]:
    """Everything there is to see, at its versions, absent rows and predicates included."""
    async with world.call(name) as log:
        for key in KEYS:
            world.read("stock", key)
        for place in PLACES:
            world.find("stock", "place", place)
    return log.accesses
