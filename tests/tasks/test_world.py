"""The world's promises, over random programs of calls."""

import asyncio
from collections import Counter
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks import database
from tasks.judging import RowChange
from tasks.world import Access, Row, Schema, SqliteWorld, StaleUndoError, build_image

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


@COMMON
@given(PROGRAMS)
def test_undoing_the_last_call_restores_rows_and_every_version(program: list[Made]) -> None:
    async def main() -> None:
        world = new()
        for number, call in enumerate(program[:-1]):
            await make(world, f"c{number}", call)
        before = contents(world), await seen(world, "before"), world.changes()
        await make(world, "last", program[-1])
        world.undo("last")
        assert (contents(world), await seen(world, "after"), world.changes()) == before
        with pytest.raises(ValueError, match="there is no call last to undo"):
            world.undo("last")

    asyncio.run(main())


@COMMON
@given(PROGRAMS)
def test_a_failing_call_leaves_no_trace_but_its_reads(program: list[Made]) -> None:
    async def main() -> None:
        world = new()
        for number, call in enumerate(program):
            before = contents(world), await seen(world, f"before{number}")
            await make(world, f"c{number}", call._replace(fails=True))
            log = world.calls[f"c{number}"]
            assert (contents(world), await seen(world, f"after{number}")) == before
            assert {access.op for access in log.accesses} <= {"read"}
            assert set(log.accesses) <= set(before[1])

    asyncio.run(main())


@COMMON
@given(PROGRAMS, st.data())
def test_no_version_is_ever_given_twice(program: list[Made], data: st.DataObject) -> None:
    async def main() -> None:
        world = new()
        for number, call in enumerate(program):
            await make(world, f"c{number}", call)
            done = [name for name, log in world.calls.items() if not log.undone]
            if done and data.draw(st.booleans()):
                try:
                    world.undo(data.draw(st.sampled_from(done)))
                except StaleUndoError:
                    continue
        written = Counter(
            access
            for log in world.calls.values()
            for access in log.accesses
            if access.op == "write"
        )
        assert all(count == 1 for count in written.values())
        assert all(access.version > 0 for access in written)

    asyncio.run(main())


@COMMON
@given(PROGRAMS)
def test_changes_are_the_net_difference_whatever_the_way_there(program: list[Made]) -> None:
    async def main() -> None:
        world = new()
        for number, call in enumerate(program):
            await make(world, f"c{number}", call)
        assert world.changes() == difference(FIRST, world.rows("stock"))
        other = new()
        async with other.call("all at once"):
            for row in other.rows("stock"):
                other.delete("stock", str(row["id"]))
            for row in reversed(world.rows("stock")):
                other.insert("stock", row)
        assert other.changes() == world.changes()

    asyncio.run(main())


def difference(before: list[Row], after: list[Row]) -> Counter[RowChange]:
    old, new_ = ({str(row["id"]): row for row in rows} for rows in (before, after))
    found: Counter[RowChange] = Counter()
    for key in {*old, *new_}:
        if key not in new_:
            found[RowChange("stock", key, "delete")] += 1
            continue
        values = {n: v for n, v in new_[key].items() if n != "id"}
        if key in old:
            values = {n: v for n, v in values.items() if v != old[key][n]}
        if values:
            kind = "update" if key in old else "insert"
            found[RowChange("stock", key, kind, tuple(sorted(values.items())))] += 1
    return found


@COMMON
@given(PROGRAMS, st.integers(0, 5))
def test_rolling_back_to_a_savepoint_restores_it(program: list[Made], keep: int) -> None:
    async def main() -> None:
        world = new()
        for number, call in enumerate(program[:keep]):
            await make(world, f"c{number}", call)
        before = contents(world), await seen(world, "before")
        mark = world.savepoint()
        for number, call in enumerate(program[keep:]):
            await make(world, f"later{number}", call)
        world.rollback(mark)
        assert (contents(world), await seen(world, "after")) == before

    asyncio.run(main())


@COMMON
@given(PROGRAMS, st.integers(0, 5))
def test_a_stale_undo_is_refused_and_changes_nothing(program: list[Made], chosen: int) -> None:
    assume(chosen < len(program))

    async def main() -> None:
        world = new()
        for number, call in enumerate(program):
            await make(world, f"c{number}", call)
        mine = rows_written(world, [f"c{chosen}"])
        later = rows_written(world, [f"c{n}" for n in range(chosen + 1, len(program))])
        there = {(str(row[0]), int(row[-1])) for row in contents(world)}
        kept = {key for key, version in later if (key, version) in there}
        before = contents(world)
        try:
            world.undo(f"c{chosen}")
        except StaleUndoError:
            assert {key for key, _ in mine} & {key for key, _ in later}
            assert contents(world) == before
        else:
            left = {str(row[0]) for row in contents(world) if (str(row[0]), int(row[-1])) in later}
            assert left == kept

    asyncio.run(main())


def rows_written(world: SqliteWorld, calls: list[str]) -> set[tuple[str, int]]:
    return {
        (access.key, access.version)
        for call in calls
        for access in world.calls[call].accesses
        if access.op == "write" and not access.predicate
    }


@COMMON
@given(PROGRAMS)
def test_parallel_calls_are_credited_to_themselves_alone(program: list[Made]) -> None:
    async def slowly(world: SqliteWorld, name: str, call: Made) -> None:
        async with world.call(name):
            for step in call.steps:
                await asyncio.sleep(0)
                do(world, step)

    async def main() -> None:
        together, apart = new(), new()
        names = [f"c{number}" for number in range(len(program))]
        pairs = list(zip(names, program, strict=True))
        await asyncio.gather(*(slowly(together, name, call) for name, call in pairs))
        for name, call in pairs:
            await slowly(apart, name, call)
        for name in names:
            assert together.calls[name].accesses == apart.calls[name].accesses
            assert together.calls[name].changeset == apart.calls[name].changeset
        assert contents(together) == contents(apart)

    asyncio.run(main())


def test_an_undo_out_of_order_gives_the_predicate_a_version_nobody_saw() -> None:
    async def main() -> None:
        world = new()
        await make(world, "a", Made([Step("put", "k3", "p2", 1)], False))
        await make(world, "b", Made([Step("put", "k4", "p2", 1)], False))
        world.undo("a")
        after_a = [a.version for a in await seen(world, "s1") if a.key == "place=p2"]
        world.undo("b")
        after_b = [a.version for a in await seen(world, "s2") if a.key == "place=p2"]
        assert (after_a, after_b) == ([3], [4])

    asyncio.run(main())


def test_a_search_reads_what_it_asked_and_what_it_found() -> None:
    async def main() -> None:
        world = new()
        async with world.call("c") as log:
            rows = world.find("stock", "place", "p0")
        assert [row["id"] for row in rows] == ["k0", "k2"]
        assert log.accesses == [
            Access("read", "stock", "place=p0", 0, True),
            Access("read", "stock", "k0", 0),
            Access("read", "stock", "k2", 0),
        ]

    asyncio.run(main())


def test_a_new_row_touches_the_question_it_would_answer() -> None:
    async def main() -> None:
        world = new()
        async with world.call("c") as log:
            world.insert("mails", {"id": 7, "customer": "C1"})
            assert world.find("mails", "customer", "C1")[0]["body"] == "none"
        assert Access("write", "mails", "customer=C1", 1, True) in log.accesses
        change = RowChange("mails", "", "insert", (("body", "none"), ("customer", "C1")))
        assert world.changes() == Counter([change])

    asyncio.run(main())


def test_a_world_is_touched_only_inside_a_call_that_is_under_way() -> None:
    async def main() -> None:
        world = new()
        with pytest.raises(RuntimeError, match="only inside a call"):
            world.read("stock", "k0")
        started = asyncio.Event()

        async def late() -> None:
            await started.wait()
            world.read("stock", "k0")

        async with world.call("c"):
            task = asyncio.create_task(late())
            with pytest.raises(RuntimeError, match="cannot be undone while c is under way"):
                world.undo("c")
        started.set()
        with pytest.raises(RuntimeError, match="only inside a call"):
            await task

    asyncio.run(main())


def test_wrong_use_is_refused_in_one_line() -> None:
    async def main() -> None:
        world = new()
        async with world.call("c"):
            with pytest.raises(ValueError, match="stock k0 is already there"):
                world.insert("stock", FIRST[0])
            with pytest.raises(KeyError, match="stock k9"):
                world.update("stock", "k9", {"units": 1})
            with pytest.raises(KeyError, match="stock k9"):
                world.delete("stock", "k9")
            with pytest.raises(ValueError, match="a key cannot be changed"):
                world.update("stock", "k0", {"id": "k9"})
            with pytest.raises(ValueError, match=r"stock\.units cannot be asked for"):
                world.find("stock", "units", 1)
        with pytest.raises(ValueError, match="call c was already made"):
            async with world.call("c"):
                pass
        assert world.has("stock", "units")
        assert not world.has("stock", "_version")
        assert not world.has("nothing")
        assert not world.changes()

    asyncio.run(main())


def test_reset_forgets_everything() -> None:
    async def main() -> None:
        world = new()
        fresh = contents(world)
        await make(world, "c", Made([Step("put", "k0", "p2", 9)], False))
        world.reset()
        assert contents(world) == fresh
        assert not world.calls
        assert not world.changes()

    asyncio.run(main())


def test_a_table_without_a_key_of_one_column_is_refused() -> None:
    for sql in ("CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, PRIMARY KEY (a, b))"):
        with pytest.raises(ValueError, match="table t needs a primary key of one column"):
            build_image(Schema(sql), {})
