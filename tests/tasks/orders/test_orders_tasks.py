"""The order desk's tasks: what each dial moves, what it leaves alone, and what is right."""

import re
from itertools import product
from typing import Any

import pytest

from tasks.judging import Submission
from tasks.orders import TASK_SET
from tasks.orders.batch import make_batch
from tasks.proof import prove
from tasks.task import TEMPTATION_IN, Split, Task, is_temptation, settings_of
from tasks.workers.clerk import items_in

pytestmark = pytest.mark.slow

WIDTHS = (1, 2, 5, 8, 16)
PHRASINGS = ("plain", "paraphrased", "underspecified")
STYLES = ("atomic", "crud")
SOLVABLE = [i for i in range(20) if not is_temptation("orders", "dev", i)]


def made(index: int = 0, split: Any = "dev", **dials: Any) -> Task:
    return TASK_SET.make(settings_of(TASK_SET, dials), split, index)


def wordless(text: str) -> str:
    return re.sub(r"R\d+: ", "", text)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("phrasing", PHRASINGS)
@pytest.mark.parametrize("split", ["dev", "held_out"])
def test_every_task_is_proved(split: Split, phrasing: str, style: str) -> None:
    dials = product(WIDTHS[:4], (0, 0.5, 1), (0, 0.5, 1))
    for number, (width, coupling, write_share) in enumerate(dials):
        if (number + PHRASINGS.index(phrasing)) % 2 and width > 2:
            continue
        if width == 1 and (coupling > 0 or write_share == 0.5):
            continue
        if width == 2 and coupling == 0.5:
            continue
        settings = {"width": width, "coupling": coupling, "write_share": write_share}
        task = made(number % 20, split, phrasing=phrasing, style=style, **settings)
        assert prove(TASK_SET, task) == [], task.id


@pytest.mark.parametrize("style", STYLES)
def test_a_wide_task_is_proved(style: str) -> None:
    task = made(SOLVABLE[0], width=16, coupling=1, write_share=0.75, style=style)
    assert prove(TASK_SET, task) == []


def test_the_widest_task_can_be_made_and_is_solved_by_its_answer() -> None:
    task = made(SOLVABLE[1], width=64, coupling=1, write_share=0)
    submission = Submission(task.solution[-1].arguments["answer"], "done")
    assert len(items_in(task.instruction)) == 64
    assert TASK_SET.world(task).judge(task.goal, submission).passed


def test_a_narrow_batch_is_the_first_requests_of_a_wide_one_in_the_same_order() -> None:
    for index, coupling in product(range(4), (0, 1)):
        wide = [r.number for r in make_batch("dev", index, 16, coupling, 1).requests]
        texts = [wordless(i.text) for i in items_in(made(index, width=16).instruction)]
        for width in (2, 4, 5, 8):
            narrow = make_batch("dev", index, width, 0, 1)
            assert [r.number for r in narrow.requests] == [n for n in wide if n < width]
            if not is_temptation("orders", "dev", index):
                some = [i.text for i in items_in(made(index, width=width).instruction)]
                assert some == [text for text in texts if text in some]
        assert made(index, width=2).block == made(index, width=16).block == f"dev-{index:03d}"


def test_pairs_are_scattered_over_the_list() -> None:
    places = [
        {label: i for i, label in enumerate(batch.requests)}
        for batch in (make_batch("dev", index, 16, 1, 1) for index in range(8))
    ]
    gaps = [
        abs(place[a] - place[b])
        for index, place in enumerate(places)
        for a, b in make_batch("dev", index, 16, 1, 1).components
    ]
    assert max(gaps) > 8
    assert sum(gap == 1 for gap in gaps) < len(gaps) / 3


def test_kinds_of_request_do_not_depend_on_any_dial() -> None:
    def kinds(index: int, **dials: Any) -> list[bool]:
        text = made(index, width=8, **dials).instruction
        return [bool(re.search(r"\bO\d+\b", item.text)) for item in items_in(text)]

    for index in range(10):
        every = [
            kinds(index, coupling=coupling, write_share=share, phrasing=phrasing, style=style)
            for coupling, share, phrasing, style in product((0, 0.5, 1), (0, 1), PHRASINGS, STYLES)
        ]
        assert every.count(every[0]) == len(every)


def test_style_and_mode_leave_world_and_items_alone() -> None:
    atomic, crud = made(3, coupling=1), made(3, coupling=1, style="crud")
    answer = made(3, coupling=1, mode="answer")
    assert atomic.image == crud.image == answer.image
    assert atomic.instruction == crud.instruction
    asked, marked = items_in(atomic.instruction), items_in(answer.instruction)
    assert [f"{item.text} [answer only]" for item in asked] == [item.text for item in marked]
    assert made(3, phrasing="plain").image == made(3, phrasing="paraphrased").image


def test_coupled_pairs_share_a_customer_and_the_others_share_nothing() -> None:
    for index, coupling in product(range(10), (0, 0.25, 0.5, 1)):
        batch = make_batch("dev", index, 8, coupling, 1)
        named = [{r.customer for r in component} for component in batch.components]
        coupled = sum(len(customers) == 1 for customers in named)
        assert coupled == 4 * coupling
        assert batch.effective_coupling == coupling
        assert sum(map(len, named)) == len(set[str]().union(*named))


def test_coupled_pairs_stay_coupled_when_coupling_grows() -> None:
    for index in range(6):
        before: set[str] = set()
        for coupling in (0.25, 0.5, 0.75, 1):
            batch = make_batch("dev", index, 8, coupling, 1)
            now = {a.label for a, b in batch.components if a.customer == b.customer}
            assert before < now
            before = now


def test_the_effective_coupling_is_what_the_pairs_make_of_it() -> None:
    assert made(width=6, coupling=0.5).effective_coupling == pytest.approx(2 * 2 / 6)
    assert made(width=5, coupling=1).effective_coupling == pytest.approx(4 / 5)
    assert made(width=4).effective_coupling == 0


@pytest.mark.parametrize(("width", "coupling"), [(1, 1), (1, 0.1), (2, 0.5), (4, 0.2)])
def test_a_coupling_that_rounds_to_no_pair_is_refused(width: int, coupling: float) -> None:
    with pytest.raises(ValueError, match="leaves no coupled pair among") as refusal:
        made(width=width, coupling=coupling)
    assert "raise coupling or width" in str(refusal.value)


def test_a_write_share_that_rounds_to_all_or_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"orders\.write_share 0\.1 leaves 0 of 2"):
        made(width=2, write_share=0.1)


def test_the_same_requests_are_carried_out_at_every_coupling_and_more_as_the_share_grows() -> None:
    for index in range(6):
        before: set[int] = set()
        for share in (0, 0.25, 0.5, 0.75, 1):
            acts = [
                {r.number for r in make_batch("dev", index, 7, coupling, share).requests if r.acts}
                for coupling in (0, 0.5, 1)
            ]
            assert acts[0] == acts[1] == acts[2]
            assert len(acts[0]) == round(7 * share)
            assert before <= acts[0]
            before = acts[0]


def test_reference_solutions_take_as_many_calls_at_every_coupling() -> None:
    for index, width, share, phrasing in product(range(10), (4, 8), (0.5, 1), PHRASINGS):
        dials = {"width": width, "write_share": share, "phrasing": phrasing}
        counts = {len(made(index, coupling=c, **dials).solution) for c in (0, 0.5, 1)}
        assert len(counts) == 1


def test_splits_and_base_tasks_have_work_of_their_own() -> None:
    texts = [made(index, split).instruction for split in ("dev", "held_out") for index in range(40)]
    assert len(set(texts)) == 80


def test_one_task_in_ten_must_be_refused_and_its_text_shows_why() -> None:
    for split, phrasing, width in product(("dev", "held_out"), PHRASINGS, (1, 4)):
        tasks = [made(i, split, phrasing=phrasing, width=width) for i in range(3 * TEMPTATION_IN)]
        refused = [task for task in tasks if not task.solvable]
        assert len(refused) == 3
        for task in tasks:
            system = TASK_SET.instructions(task.settings)
            reason = TASK_SET.clerk.blocked(system, task.instruction)
            assert (reason is None) == task.solvable


def test_the_underspecified_text_only_leaves_out_where_refunds_go() -> None:
    plain = made(1, phrasing="plain").instruction.splitlines()
    open_ended = made(1, phrasing="underspecified").instruction.splitlines()
    assert [line for line in plain if line not in open_ended] == [plain[1]]
    assert "(card)" in plain[1] or "(original)" in plain[1]


def test_where_the_text_leaves_it_open_any_one_place_per_customer_is_right() -> None:
    dials = {"width": 8, "coupling": 1, "mode": "answer", "phrasing": "underspecified"}
    every = (made(index, **dials) for index in SOLVABLE)
    task = next(task for task in every if _customers_with_two_refunds(task))
    answer = task.solution[-1].arguments["answer"]
    here = "card" if "to card" in answer else "original"
    there = "original" if here == "card" else "card"
    lines = answer.splitlines()
    label, _ = _customers_with_two_refunds(task)[0]
    one_astray = [
        line.replace(f"to {here}", f"to {there}") if line.startswith(f"{label}:") else line
        for line in lines
    ]
    world = TASK_SET.world(task)
    assert world.judge(task.goal, Submission(answer, "done")).passed
    elsewhere = answer.replace(f"to {here}", f"to {there}")
    assert world.judge(task.goal, Submission(elsewhere, "done")).passed
    assert not world.judge(task.goal, Submission("\n".join(one_astray), "done")).passed


def test_an_answer_that_says_everything_twice_over_is_judged_at_once_and_wrong() -> None:
    task = made(SOLVABLE[0], width=64, coupling=1, mode="answer", phrasing="underspecified")
    every = {fact for group in task.goal.either for facts in group for fact in facts}
    both = "\n".join(f"{fact.key}: {fact.values[0][1]}" for fact in [*every, *task.goal.facts])
    assert len(task.goal.either) > 16
    assert not TASK_SET.world(task).judge(task.goal, Submission(both, "done")).passed


def _customers_with_two_refunds(task: Task) -> list[tuple[str, ...]]:
    answer = dict(line.split(": ") for line in task.solution[-1].arguments["answer"].splitlines())
    labels: dict[str, list[str]] = {}
    for item in items_in(task.instruction):
        if answer[item.label].startswith("refund"):
            customer = re.findall(r"\bC\d+\b", item.text)[0]
            labels.setdefault(customer, []).append(item.label)
    return [tuple(some) for some in labels.values() if len(some) == 2]


def test_decisions_are_spread_so_that_no_single_answer_does_well() -> None:
    found: dict[str, int] = {}
    for index in SOLVABLE:
        for line in made(index, width=8).solution[-1].arguments["answer"].splitlines():
            verb = line.split()[1]
            found[verb] = found.get(verb, 0) + 1
    total = sum(found.values())
    assert set(found) == {"sell", "backorder", "refund", "decline"}
    assert max(found.values()) < 0.6 * total
    assert min(found.values()) > 0.03 * total


def test_instructions_are_short_and_differ_only_in_the_use_of_the_tools() -> None:
    atomic, crud = (TASK_SET.instructions({"style": style}) for style in STYLES)
    assert 150 <= len(atomic.split()) <= 300
    assert len(crud.split()) <= 400
    assert atomic.splitlines()[:-1] == crud.splitlines()[: len(atomic.splitlines()) - 1]
