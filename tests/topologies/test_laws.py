"""The nine laws of the simulated model: what it must and must not be able to show."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import apsw
import pytest
from scipy.stats import binomtest

from experiments.loading import load_task_set
from experiments.trials.trial import run_trial
from results.statistics.differences import Difference
from tasks.task import settings_of
from tasks.workers.clerk import Call
from tests.trials import Conversation, difference, grid, passed, run_all, spec
from topologies import TOPOLOGIES, lead_subagents
from topologies.kit import Kit, Seat
from topologies.simulated.errors import FallibleMind
from topologies.simulated.luck import Seed, pack
from topologies.simulated.model import respond
from topologies.simulated.profile import profile

pytestmark = pytest.mark.slow

TASKS = range(12)
SURELY = 0.999


@pytest.mark.parametrize("style", ["atomic", "crud"])
@pytest.mark.parametrize("coupling", [0.0, 0.5, 1.0])
def test_null_perfect_passes_every_task_single_threaded_at_every_coupling(
    coupling: float, style: str
) -> None:
    for phrasing in ("plain", "paraphrased", "underspecified"):
        specs = grid(
            TASKS, 1, task_set="orders", width=4, coupling=coupling, style=style, phrasing=phrasing
        )
        assert passed(run_all(specs)) == [True] * len(TASKS)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_null_perfect_passes_in_every_topology_where_no_state_is_shared(topology: str) -> None:
    reading = grid(TASKS, 1, topology=topology, task_set="stdlib", width=5)
    writing = grid(TASKS, 1, topology=topology, task_set="orders", width=5)
    assert all(passed(run_all([*reading, *writing])))


@pytest.mark.parametrize("width", [2, 4])
def test_compounding_success_over_n_independent_items_is_p_to_the_n(width: int) -> None:
    records = run_all(
        grid(range(1, 10), 25, model="perfect?slip=0.04", task_set="stdlib", width=width)
    )
    reached = [
        [row["reached"] for row in record["milestones"] if re.fullmatch(r"L\d+", row["milestone"])]
        for record in records
        if record["trials"][0]["solvable"]
    ]
    p = sum(map(sum, reached)) / sum(map(len, reached))
    assert 0.5 < p < 0.98
    whole = binomtest(sum(map(all, reached)), len(reached)).proportion_ci(SURELY)
    assert whole.low < p**width < whole.high


def _brief_request(brief: str) -> dict[str, Any]:
    task_set = load_task_set("orders")
    task = task_set.make(settings_of(task_set, {"width": 4}), "dev", 1)
    return Conversation("orders", replace(task, instruction=brief), "typical", 77).request()


def test_information_a_reply_depends_on_the_request_alone() -> None:
    record = run_trial(spec("lead_subagents", "orders", "typical", width=4, coupling=0.5))
    brief = next(
        json.loads(step["arguments"])["brief"]
        for step in record["steps"]
        if step["tool"] == "delegate"
    )
    first = respond(_brief_request(brief))
    run_trial(spec("single_thread", "orders", "flaky", index=2, width=8))
    assert respond(_brief_request(brief)) == first


def test_information_a_brief_can_change_what_an_agent_does() -> None:
    settings = {"width": 4, "phrasing": "plain"}
    task_set = load_task_set("orders")
    task = task_set.make(settings_of(task_set, settings), "dev", 1)
    items = re.findall(r"^R\d+: .*$", task.instruction, re.MULTILINE)
    calls = {respond(_brief_request(item)).tool_calls[0][2] for item in items}
    assert len(calls) > 1


def _altered(pairs: list[tuple[str, str]]) -> tuple[int, int]:
    return sum(before != after for before, after in pairs), len(pairs)


def test_same_hazard_for_briefs_reports_and_merging_as_for_tool_arguments() -> None:
    rate = 0.05
    records = run_all(
        grid(range(1, 10), 8, topology="lead_subagents", model=f"perfect?slip={rate}", width=8)
    )
    briefs: list[tuple[str, str]] = []
    reports: list[tuple[str, str]] = []
    merged: list[tuple[str, str]] = []
    for record in records:
        steps = record["steps"]
        asked = dict(_items(json.loads(steps[0]["prompt"])[-1]["content"]))
        told: dict[str, str] = {}
        for step in steps:
            if step["tool"] == "delegate":
                for label, text in _items(json.loads(step["arguments"])["brief"]):
                    briefs.append((asked[label], text))
                told |= dict(_items(step["reply"] or ""))
            if step["tool"] == "submit":
                said = dict(_items(json.loads(step["arguments"])["answer"]))
                known = told if step["role"] == "lead" else _outcomes(steps, step["agent"])
                pairs = [(known[label], said[label]) for label in said if label in known]
                (merged if step["role"] == "lead" else reports).extend(pairs)
    for pairs in (briefs, reports, merged):
        wrong, total = _altered(pairs)
        interval = binomtest(wrong, total).proportion_ci(SURELY)
        assert total > 300
        assert interval.low < rate < interval.high
    minds = [
        FallibleMind(profile(f"perfect?slip={rate}"), Seed(t, t, 0), 0, "") for t in range(4000)
    ]
    call = Call("get_order", {"order": "O12"})
    wrong = sum(mind.call("R1.1", 1, call) != call for mind in minds)
    interval = binomtest(wrong, len(minds)).proportion_ci(SURELY)
    assert interval.low < rate < interval.high


def _items(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^(L\d+): (.+)$", text, re.MULTILINE)


def _outcomes(steps: list[dict[str, Any]], agent: str) -> dict[str, str]:
    replies = [s["reply"] for s in steps if s["kind"] == "model" and s["agent"] == agent]
    return dict(_items("\n".join(json.loads(reply)["content"] for reply in replies)))


def _conversation(model: str, seed: int) -> Conversation:
    task_set = load_task_set("stdlib")
    task = task_set.make(settings_of(task_set, {"width": 4}), "dev", 1)
    return Conversation("stdlib", task, model, seed)


def _poisoned_note(conversation: Conversation) -> tuple[int, str]:
    """Where the first note of a number is, with that number made wrong."""
    for place, message in enumerate(conversation.messages):
        found = re.search(r"^L\d+\.\d+ = \{.*?: (\d+)[,}]", message["content"], re.MULTILINE)
        if message["role"] == "assistant" and found:
            text = message["content"]
            wrong = str(int(found.group(1)) + 1000)
            return place, text[: found.start(1)] + wrong + text[found.end(1) :]
    raise AssertionError("no number was noted")


def test_poison_is_causal_putting_the_right_value_back_cures_it() -> None:
    clean = _conversation("perfect", 5)
    for _ in range(8):
        clean.turn()
    place, wrong = _poisoned_note(clean)
    right = clean.messages[place]["content"]
    history = copy.deepcopy(clean.messages)

    def from_here(text: str) -> Conversation:
        resumed = _conversation("perfect", 5)
        resumed.messages = copy.deepcopy(history)
        resumed.messages[place]["content"] = text
        return resumed

    poisoned, restored = from_here(wrong), from_here(right)
    assert not poisoned.finish().passed
    assert "10" in str(poisoned.submission)
    assert restored.finish().passed
    assert clean.finish().passed
    assert restored.messages == clean.messages


def test_poison_does_not_raise_the_rate_of_later_errors_by_itself() -> None:
    sound = FallibleMind(profile("steady"), Seed(1, 2, 0), 4000, "a poisoned conversation L1 77")
    other = FallibleMind(profile("steady"), Seed(1, 2, 0), 4000, "a poisoned conversation L1 78")
    steps = [f"R{i}.1" for i in range(2000)]
    kept = [(sound.line(at, "keep 5"), other.line(at, "keep 5")) for at in steps]
    assert all((one == "keep 5") == (two == "keep 5") for one, two in kept)


class Renamed:
    """A kit under which everyone has another name and role."""

    def __init__(self, kit: Any) -> None:
        self.kit = kit

    def seat(self, name: str, role: str = "agent", **place: Any) -> Seat:
        return self.kit.seat(f"colleague {len(name)}{name[-1]}", f"post-{role}", **place)

    async def own_call(self, seat: Seat, call: Any, run: Callable[[Any], Any]) -> Any:
        return await self.kit.own_call(seat, call, run)


def renamed_team(kit: Kit) -> Any:
    """The team, relabelled."""
    return lead_subagents.build(Renamed(kit))


NAMES = ("trial_id", "agent", "parent", "role", "topology")


def test_relabelling_agents_and_roles_changes_nothing() -> None:
    for index in (1, 3):
        plain = spec("lead_subagents", "orders", "flaky", index=index, width=4, coupling=0.5)
        named = replace(plain, build="tests.topologies.test_laws:renamed_team")
        one, other = run_trial(plain), run_trial(named)
        for frame in ("trials", "steps", "accesses", "milestones"):
            rows = [
                [{k: v for k, v in row.items() if k not in NAMES} for row in record[frame]]
                for record in (one, other)
            ]
            assert rows[0] == rows[1]


def test_relabelling_the_delegate_tool_changes_nothing_but_its_name() -> None:
    record = run_trial(spec("lead_subagents", "orders", "typical", width=4))
    task = json.loads(record["steps"][0]["prompt"])
    brief = {"properties": {"brief": {"type": "string"}}, "required": ["brief"]}

    def ask(name: str) -> list[tuple[str, str, str]]:
        function = {"name": name, "description": "One of your 4 subagents.", "parameters": brief}
        known = {"name": "get_order", "description": "", "parameters": {"properties": {}}}
        request = {
            "model": "typical?distraction=0",
            "messages": [{"role": "user", "content": task[-1]["content"]}],
            "tools": [{"type": "function", "function": f} for f in (known, function)],
            "seed": pack(3, 4, 0),
        }
        return respond(request).tool_calls

    delegated, handed = ask("delegate"), ask("hand_over_please")
    assert len(delegated) > 1
    assert [(i, a) for i, _, a in delegated] == [(i, a) for i, _, a in handed]


TIDY = (
    "flaky?habits=3&partition=key&lead_keeps=nothing&brief_completeness=0.99&calls_per_message=1"
    "&confusion=0&clash=0"
)
"""Distraction and poisoning alone, and a lead that keeps together what belongs together."""
PLACEBO = "steady?distraction=0&habits=1"


def test_placebo_without_context_cost_no_topology_beats_the_single_thread_at_reading() -> None:
    trials = 4
    alone = passed(run_all(grid(TASKS, trials, model=PLACEBO, width=8)))
    for topology in ("lead_subagents", "serial_team", "shared_trace"):
        team = passed(run_all(grid(TASKS, trials, topology=topology, model=PLACEBO, width=8)))
        found = difference(team, alone, trials)
        assert found.low is not None
        assert found.low <= 0


def _gain_of_the_team(tasks: int, trials: int, **common: Any) -> Difference:
    team, alone = (
        passed(run_all(grid(range(1, tasks + 1), trials, topology=topology, **common)))
        for topology in ("lead_subagents", "single_thread")
    )
    return difference(team, alone, trials)


def test_both_signs_one_profile_makes_fan_out_lose_on_wide_reading() -> None:
    found = _gain_of_the_team(40, 3, model="steady", width=8)
    assert found.high is not None
    assert found.high < 0


def test_both_signs_another_makes_it_win_on_coupled_writing() -> None:
    coupled: dict[str, Any] = {"task_set": "orders", "width": 16, "coupling": 1.0, "style": "crud"}
    found = _gain_of_the_team(30, 3, model=TIDY, **coupled)
    assert found.low is not None
    assert found.low > 0


def test_world_swap_the_answer_follows_the_changed_row() -> None:
    task_set = load_task_set("orders")
    settings = settings_of(task_set, {"width": 2, "mode": "answer"})
    task = task_set.make(settings, "dev", 1)
    item = re.search(r"buy (\d+) units of product (P\d+)", task.instruction)
    assert item is not None
    quantity, product = int(item.group(1)), item.group(2)

    def answer(image: bytes) -> str:
        worker = Conversation("orders", replace(task, image=image), "perfect", 9)
        worker.finish()
        assert worker.submission is not None
        return worker.submission.answer or ""

    def priced(price: int) -> bytes:
        world = apsw.Connection(":memory:")
        world.deserialize("main", task.image)
        world.execute("UPDATE products SET price = ? WHERE sku = ?", (price, product))
        return world.serialize("main")

    assert f"sell {quantity * 1}," in answer(priced(1))
    assert f"sell {quantity * 2}," in answer(priced(2))
