"""The world's promises, over random programs of calls."""

import asyncio
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.judging import RowChange
from tasks.world import Row, SqliteWorld, StaleUndoError
from tests.tasks.programs import COMMON, FIRST, PROGRAMS, Made, contents, do, make, new, seen


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
