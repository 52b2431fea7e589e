"""Tells the agents of a trial apart: an agent is one model conversation, not a seat.

Frameworks let several conversations share a seat (`Send`s to one node, subagents with their
parent's model). A model call continues the conversation whose last reply its prompt contains; else
that of the one loop of the graph in which it fits; else it is a new one. A tool call is that of the
message that issued it. What stays ambiguous is counted, never guessed.

A hold of control ends where a call delegates or hands off, at a join, at a submission, and where a
graph routes: where another agent had a superstep of the same loop alone. Agents that take turns
within one run of a node, in plain Python, are not told from such as run at once: their holds go on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from langchain_core.messages import AIMessage, BaseMessage

from experiments.refused import Refused
from experiments.trials.agent import ABOVE, HERE, Agent, Credit, Issued, Reply, reply_of
from experiments.trials.places import Place, Supersteps

_T = TypeVar("_T")


@dataclass
class Agents:
    """The agents of one trial by their seats; the first of a seat is there once it is seated.

    `ambiguous` counts calls whose agent could not be told. `world` stands for what the world itself
    asks a model, which is no agent's. `gone` are conversations that ended with their process.
    """

    seats: dict[str, list[Agent]] = field(default_factory=dict[str, list[Agent]])
    ambiguous: int = 0
    world: Agent = field(default_factory=lambda: Agent("world", "user_simulator", None, ""))
    supersteps: Supersteps = field(default_factory=Supersteps)
    gone: list[Agent] = field(default_factory=list[Agent])
    _free: set[str] = field(default_factory=set[str])
    _names: set[str] = field(default_factory=set[str])
    _issued: dict[str | None, list[Issued]] = field(default_factory=dict[str | None, list[Issued]])
    _reply_ids: set[str | None] = field(default_factory=set[str | None])
    _overlapping: set[str] = field(default_factory=set[str])

    def seat(self, name: str, role: str, parent: str | None) -> Agent:
        """Make a seat with its first agent. `Refused` for a name that is taken."""
        if name in self._free:
            return self._again(name, parent)
        if name in self._names:
            raise Refused(f"two agents are called {name!r}; give each its own name")
        self.seats[name] = []
        return self._begin(name, role, parent, name)

    def begin_again(self) -> None:
        """All conversations are over; who is seated by a name that was taken is the same agent."""
        self._free |= set(self.seats)
        self._issued.clear()
        self._reply_ids.clear()
        self._overlapping.clear()
        self.supersteps = Supersteps()

    def _again(self, name: str, parent: str | None) -> Agent:
        self._free.discard(name)
        first, *others = self.seats[name]
        self.gone += others
        self.seats[name] = [first]
        first.begin_again(parent)
        return first

    def root(self, agent: Agent) -> bool:
        """Whether its submission is that of its seat: no call above it, none of the seat beside."""
        return agent.above is None and agent.seat not in self._overlapping

    def asks(self, seat: str, prompt: Sequence[BaseMessage], at: Place) -> Agent:
        """The agent of a model call."""
        begun = [agent for agent in self.seats[seat] if agent.begun]
        free = [agent for agent in begun if not agent.waiting]
        found = _answered(free, self._contained(prompt))
        agent = self._one(found or [one for one in free if _same_loop(one.at, at)], at)
        above = ABOVE.get()
        if agent is None:
            agent = self._another(self.seats[seat][0]) if begun else self.seats[seat][0]
            agent.above = above and above.agent
            agent.parent = agent.parent or (above and above.agent.name)
        elif agent.at.loop != at.loop or self._routed(agent, at):
            agent.end_hold()
        if agent.above is None:
            self._look_beside(agent)
        if above and above.agent is not agent and not above.passed:
            above.passed = True
            above.agent.end_hold()
        agent.at = at
        self.supersteps.asks(agent, at)
        HERE.set(agent)
        return agent

    def _routed(self, agent: Agent, at: Place) -> bool:
        """Whether control was with another agent since; those below its calls are told there."""
        others = set(self._all()) & self.supersteps.alone_between(agent.at, at) - {agent}
        return any(other.above is agent.above for other in others)

    def said(self, agent: Agent, message: AIMessage) -> None:
        """Keep what a reply is known by, and whose its calls are."""
        agent.replies.append(reply_of(message))
        self._reply_ids.add(message.id)
        for call in message.tool_calls:
            issued = Issued(agent, agent.message, call["name"], call["args"])
            self._issued.setdefault(call["id"], []).append(issued)

    def issued(self, call_id: str | None) -> bool:
        """Whether a model asked for a call with this id."""
        return call_id in self._issued

    def caller(
        self,
        call_id: str | None,
        tool: str,
        arguments: Mapping[str, Any],
        where: Callable[[], Place],
        seat: str | None = None,
    ) -> Credit | None:
        """Whose a tool call is; None if no agent of the trial can have made it."""
        found = [
            call
            for call in self._issued.get(call_id, ())
            if call.tool == tool and seat in (None, call.agent.seat)
        ]
        if not found:
            return self._unissued(where, seat)
        if len({call.agent for call in found}) > 1:
            at = where()
            found = _narrowed(
                found,
                lambda call: call.message == call.agent.message and not call.agent.submitted,
                lambda call: call.agent.at.task == at.task,
                lambda call: call.agent.at.loop == at.loop,
                lambda call: call.arguments == arguments,
                lambda call: call.agent is HERE.get(),
            )
        if len({call.agent for call in found}) > 1:
            self.ambiguous += 1
            return Credit(self.seats[found[0].agent.seat][0], None)
        return Credit(found[-1].agent, found[-1].message)

    def _unissued(self, where: Callable[[], Place], seat: str | None) -> Credit | None:
        """A call that no message asked for: of the agent at whose place it is made."""
        there = [one for one in self._all() if seat in (None, one.seat)]
        begun = [one for one in there if one.begun]
        if not begun:
            return Credit(there[0], there[0].message) if there and seat else None
        if len(begun) > 1:
            at = where()
            begun = [one for one in begun if one is HERE.get() or one.at.task == at.task]
        if len(begun) == 1:
            return Credit(begun[0], begun[0].message)
        if seat is None:
            return None
        self.ambiguous += 1
        return Credit(there[0], None)

    def _all(self) -> Iterable[Agent]:
        return (agent for agents in self.seats.values() for agent in agents)

    def everyone(self) -> Iterable[Agent]:
        """All that ever were."""
        return (*self._all(), *self.gone)

    def _begin(self, name: str, role: str, parent: str | None, seat: str) -> Agent:
        agent = Agent(name, role, parent, seat, ordinal=len(self._names))
        self._names.add(name)
        self.seats[seat].append(agent)
        return agent

    def _another(self, first: Agent) -> Agent:
        number = len(self.seats[first.seat]) + 1
        while f"{first.seat}-{number}" in self._names:
            number += 1
        return self._begin(f"{first.seat}-{number}", first.role, first.parent, first.seat)

    def _look_beside(self, agent: Agent) -> None:
        """Whether agents of one seat are at work beside one another, none within another's call."""
        seat = self.seats[agent.seat]
        mine = seat.index(agent)
        for number, other in enumerate(seat):
            beside = other is not agent and other.begun and other.above is None
            if beside and (other.busy or number > mine):
                self._overlapping.add(agent.seat)

    def _contained(self, prompt: Sequence[BaseMessage]) -> Callable[[Reply], bool]:
        """Whether a prompt contains a reply; a message that is one by its id is that one only."""
        replies = [message for message in prompt if isinstance(message, AIMessage)]
        ids = {message.id for message in replies} & self._reply_ids - {None}
        said = {reply_of(message).said for message in replies if message.id not in ids} - {((), "")}
        return lambda reply: reply.id in ids or reply.said in said

    def _one(self, found: list[Agent], at: Place) -> Agent | None:
        if len(found) > 1:
            found = _narrowed(
                found,
                lambda agent: agent.at.task == at.task,
                lambda agent: agent.at.loop == at.loop,
                lambda agent: agent.at.path == at.path,
                lambda agent: agent is HERE.get(),
            )
        if len(found) > 1:
            self.ambiguous += 1
        return found[0] if len(found) == 1 else None


def _answered(agents: Iterable[Agent], contained: Callable[[Reply], bool]) -> list[Agent]:
    """Those whose last reply a prompt contains; of several, who said most of what it contains."""
    found = [agent for agent in agents if agent.replies and contained(agent.replies[-1])]
    if len(found) < 2:
        return found
    lengths = [sum(map(contained, agent.replies)) for agent in found]
    return [one for one, length in zip(found, lengths, strict=True) if length == max(lengths)]


def _same_loop(before: Place, now: Place) -> bool:
    """Whether a call may go on with a conversation of which its prompt shows nothing."""
    if before.task == now.task:
        return True
    loops = before.loop == now.loop and before.path == now.path and before.step != now.step
    return loops and not now.sent and not before.sent


def _narrowed(found: list[_T], *tests: Callable[[_T], bool]) -> list[_T]:
    """What fits best: a test that some pass leaves those only."""
    for test in tests:
        found = [one for one in found if test(one)] or found
    return found
