"""A task set is a family of work over one kind of world; a task is one item of it.

A base task (its `block`) is scaled to every setting of the dials, so that settings are compared
within tasks. Tasks do not depend on the sweep: `orders/dev-003` is the same work everywhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tasks.dials import EVERYWHERE, Dials
from tasks.dials import Range as Range
from tasks.dials import Setting as Setting
from tasks.dials import Settings as Settings
from tasks.dials import luck as luck
from tasks.judging import JUDGE, Goal
from tasks.refused import Refused
from tasks.solution import Effect as Effect
from tasks.tools import Tool
from tasks.workers.clerk import NO_CLERK, Clerk
from tasks.world import World

Split = Literal["dev", "held_out"]
SPLITS: tuple[Split, ...] = ("dev", "held_out")
TEMPTATION_IN = 10
"""One task in this many cannot be done, or contradicts itself."""


@dataclass(frozen=True)
class OutsideCall:
    """What someone who is no agent of ours does meanwhile: a customer, or a colleague.

    It happens `at` so many seconds after the start of the trial, or when the agents are done if
    that is sooner, so that every trial of the task ends with it; `tool` is one of its set's
    `outside` tools.
    """

    at: float
    who: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """One item of work: its text, the world it starts from, and how it is judged.

    `effective_coupling` is the share of items that really touch common state (null where a task
    set has no coupling). `solution` is a reference solution, in order. `outside` is what others do
    to the world meanwhile; the goal counts it in, whenever it happens.
    """

    task_set: str
    block: str
    split: Split
    settings: Settings
    instruction: str
    image: bytes
    goal: Goal
    solution: tuple[Effect, ...]
    effective_coupling: float | None = None
    outside: tuple[OutsideCall, ...] = ()

    @property
    def solvable(self) -> bool:
        """Whether it can be done; else right is to refuse."""
        return self.goal.status == "done"

    @property
    def id(self) -> str:
        """The block at these settings, as in `orders/dev-003?coupling=0.5&width=8`."""
        dials = "&".join(f"{name}={value}" for name, value in sorted(self.settings.items()))
        return f"{self.task_set}/{self.block}?{dials}"


def named_milestones(task: Task, brief: str) -> tuple[str, ...]:
    """The milestones of a task whose names stand in a text as words, in their order.

    An example of how to write an answer that the task gives in backticks (`L7: NAME NUMBER`) is
    about none, wherever a text repeats it.
    """
    names = [goal.name for goal in task.goal.milestones]
    for example in re.findall(r"`([^`\n]+)`", task.instruction):
        if example not in names:
            brief = brief.replace(example, " ")
    return tuple(name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", brief))


@dataclass(frozen=True)
class TaskSet:
    """A family of tasks.

    `dials` maps each setting to its allowed values, the default first, or to a (default, low, high)
    range of numbers as a `Range`. `instructions(settings)` is what every agent is told about this
    kind of work (policy, conventions). `make(settings, split, index)` builds a task; it raises
    `Refused` for a combination that makes no sense. `clerk` is how a simulated model does the work;
    real ones need none. `shorthands` are names for settings of dials
    (`mode = "answer"` for `write_share = 0`). `optional` are dials that settings leave out at their
    default. `outside` are the tools of those who act from outside (see `Task.outside`), which no
    agent is offered. `invariants(task, world)` names each broken
    invariant, once per breach. `choices` maps a tool to the argument (a dotted path) that says
    which of several ways was chosen where any would do, if all keep to it; None where nobody said.
    `judge` is the version of the rules by which its worlds judge. `covers(task, brief)` says which
    of the task's milestones a brief is about; as it stands, those that it names.
    """

    name: str
    about: str
    read_only: bool
    dials: Dials
    instructions: Callable[[Settings], str]
    make: Callable[[Settings, Split, int], Task]
    world: Callable[[Task], World]
    tools: Callable[[Settings], tuple[Tool, ...]]
    clerk: Clerk = NO_CLERK
    shorthands: Mapping[str, Mapping[Setting, Settings]] = field(
        default_factory=dict[str, Mapping[Setting, Settings]]
    )
    optional: Dials = field(default_factory=dict[str, tuple[Setting, ...] | Range])
    outside: tuple[Tool, ...] = ()
    invariants: Callable[[Task, Any], list[str]] = field(default=lambda _task, _world: [])
    corpus: Callable[[], str | None] = field(default=lambda: None)
    choices: Mapping[str, str] | None = None
    judge: str = JUDGE
    covers: Callable[[Task, str], tuple[str, ...]] = named_milestones


def dials_of(task_set: TaskSet) -> dict[str, tuple[Setting, ...] | Range]:
    """All dials that can be set, those that every set has included."""
    return {**task_set.dials, **task_set.optional, **EVERYWHERE}


def settings_of(task_set: TaskSet, given: Settings) -> dict[str, Setting]:
    """All dials of the set, given ones checked; optional ones only where they are not the default.

    `Refused` naming the dial and what is allowed.
    """
    dials = dials_of(task_set)
    known = [*task_set.dials, *task_set.optional, *task_set.shorthands, *EVERYWHERE]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise Refused(f"{task_set.name} has no setting {unknown[0]!r}; it has {', '.join(known)}")
    wanted = {name: value for name, value in given.items() if name in dials}
    for name, meanings in task_set.shorthands.items():
        if name in given:
            short = _fitting(task_set.name, name, tuple(meanings), given[name])
            for dial, value in meanings[short].items():
                if wanted.setdefault(dial, value) != value:
                    raise Refused(
                        f"{task_set.name}: {name} = {short!r} means {dial} = {value!r}, "
                        f"but {dial} is {wanted[dial]!r}; give one of the two"
                    )
    found: dict[str, Setting] = {}
    for name, allowed in dials.items():
        value = _fitting(task_set.name, name, allowed, wanted.get(name))
        if name in task_set.dials or value != _fitting(task_set.name, name, allowed, None):
            found[name] = value
    return found


def mode_of(settings: Settings, read_only: bool = False) -> str:
    """How much of the work is writing: `answer` (none), `act` (all) or `mixed`."""
    share = float(settings.get("write_share", 0 if read_only else 1))
    return {0.0: "answer", 1.0: "act"}.get(share, "mixed")


def _fitting(
    set_name: str, dial: str, allowed: tuple[Setting, ...] | Range, value: Setting | None
) -> Setting:
    if isinstance(allowed, tuple):
        if value is None:
            return allowed[0]
        if value not in allowed:
            choices = ", ".join(str(choice) for choice in allowed)
            raise Refused(f"{set_name}.{dial} is {value!r}; it must be one of {choices}")
        return value
    number = allowed.default if value is None else value
    if (
        isinstance(number, (str, bool))
        or not allowed.low <= number <= allowed.high
        or (allowed.whole and number != int(number))
    ):
        kind = "a whole number" if allowed.whole else "a number"
        raise Refused(
            f"{set_name}.{dial} is {value!r}; it must be {kind} "
            f"from {allowed.low:g} to {allowed.high:g}"
        )
    return int(number) if allowed.whole else float(number)


def block_name(split: Split, index: int) -> str:
    """The base task's id within its set."""
    return f"{split}-{index:03d}"


def is_temptation(task_set: str, split: Split, index: int) -> bool:
    """Whether this base task is the one in ten that cannot be done as asked."""
    decade, place = divmod(index, TEMPTATION_IN)
    return luck(task_set, split, "temptation", decade).randrange(TEMPTATION_IN) == place


def cannot_be_done(task_set: str, split: Split, index: int, ways: Sequence[str]) -> str:
    """In which of these ways a base task cannot be done as asked; "" for nine in ten, which can."""
    if not is_temptation(task_set, split, index):
        return ""
    return luck(task_set, split, index, "wrong").choice(ways)
