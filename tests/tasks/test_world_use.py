"""The world in small examples: what is recorded, and how wrong use is refused."""

import asyncio
from collections import Counter

import pytest

from tasks.judging import RowChange
from tasks.world import Access, Schema, build_image
from tests.tasks.programs import FIRST, Made, Step, contents, make, new, seen


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
