"""What a competent worker does next: plan, hand on, work, put together, submit."""

import json
import re
from collections.abc import Sequence

from tasks.workers.clerk import FAILED, NOT_WRITTEN, Clerk, Desk, reads
from tasks.workers.conversation import ITEM_LINE, Conversation, Item, Turn, Values, items_in
from tasks.workers.delegation import briefs, delegation, handing_on
from tasks.workers.filling import Form, Known
from tasks.workers.finding import REPORT_REQUEST, Answer, answers_in, majority
from tasks.workers.hands import USUAL_TEAM, delegates, handoffs, passed_on, strange_tools
from tasks.workers.mind import Mind
from tasks.workers.replay import Work, notes_in
from tasks.workers.voting import Vote, nearest

UNSURE = "(unsure of "
"""How a line begins that says what a worker is not sure of: it is no outcome of an item."""
_ASKED_TO_DECIDE = re.compile(
    r"\b(?:decide|choose|pick|select|vote|judge|synthesi[sz]e|combine|merge|aggregate|reconcile"
    r"|consolidate|consensus|(?:final|best|better|which) (?:answer|one|of (?:them|these|the)))\b",
    re.IGNORECASE,
)


def next_turn(clerk: Clerk, conversation: Conversation, mind: Mind) -> Turn:
    """What the worker does next. Pure but for its `mind`."""
    one = Worker(clerk, conversation, mind)
    return one.begin() or one.go_on() or one.finish()


class Worker:
    """One worker at one point of its conversation."""

    def __init__(self, clerk: Clerk, conversation: Conversation, mind: Mind) -> None:
        self.clerk, self.conversation, self.mind = clerk, conversation, mind
        calls = conversation.calls
        self.items = items_in(conversation.task)
        self.delegates = delegates(conversation, clerk.tools)
        self.handoffs = handoffs(conversation, clerk.tools)
        own = {hand.tool for hand in self.handoffs}
        self.passed = passed_on(calls, clerk.tools, own)
        to = {hand.tool for hand in self.delegates}
        self.sent = [call for call in calls if call.tool in to]
        self.can_work = bool(clerk.tools & set(conversation.tools))
        self.briefed = REPORT_REQUEST in conversation.task and self.can_work
        others = [*self.sent, *(calls[place] for place in self.passed)]
        reports = "\n".join(call.reply or "" for call in others)
        self.desk = Desk(conversation, mind, reports)
        self.work = Work(clerk, self.desk, mind, conversation)
        reported = notes_in(reports)
        self.work.notes.update(reported)
        self.desk.proposed = frozenset(at.split(".")[0] for at in reported)
        self.told = self._told()
        self.closing: list[Item] = []
        self.refusal: str | None = None
        for label, outcome in (*ITEM_LINE.findall(reports), *majority(self.told).items()):
            if outcome != NOT_WRITTEN:
                self.desk.outcomes.setdefault(label, outcome)

    def begin(self) -> Turn | None:
        """Refuse, or hand the work on: to as many as there are, or all of it to one."""
        handed = {self.conversation.calls[place].id for place in self.passed}
        fresh = all(call.id in handed for call in self.conversation.calls) and (
            bool(self.passed) or not self.conversation.said
        )
        desk = self.desk
        if fresh:
            reason = self.clerk.blocked(desk.system, desk.task)
            if reason is not None and self.mind.notices("plan"):
                self.refusal = reason
                return self._submit([reason], "blocked", 0)
        worth_it = len(self.items) > (1 if self.can_work else 0) and not self.briefed
        only_briefs = len(self.sent) == len(self.conversation.calls)
        if not worth_it or not (fresh or (self.conversation.one_call and only_briefs)):
            return None
        if self.delegates:
            turn = delegation(
                self.clerk.keys,
                self.conversation,
                self.mind,
                self.delegates,
                self.items,
                whole=not self.can_work,
            )
            if not self.conversation.one_call:
                return turn
            return Turn(turn.text, left) if (left := turn.calls[len(self.sent) :][:1]) else None
        if self.handoffs and not self.passed:
            return handing_on(self.conversation, self.handoffs, (), False)
        return None

    def go_on(self) -> Turn | None:
        """The next calls of the items that nobody has done, and then of what closes the work."""
        for closing in (False, True):
            items = self.items
            if closing:
                items = self.closing = self.clerk.closing(self.desk, self.items)
            todo = [item for item in items if item.label not in self.desk.outcomes]
            calls = self.work.advance(todo)
            if calls:
                most = 1 if self.conversation.one_call else len(calls)
                return Turn("\n".join(self.desk.new_lines), tuple(calls[:most]))
        return None

    def finish(self) -> Turn:
        """Pass on what is left to someone else, or hand in what there is."""
        if self.work.missing and self.handoffs:
            calls = self.conversation.calls
            passed = [calls[place].tool for place in self.passed]
            since = calls[self.passed[-1] + 1 :] if self.passed else calls
            turn = handing_on(self.conversation, self.handoffs, passed, again=bool(since))
            if turn is not None:
                said = "\n".join([*self.desk.new_lines, turn.text])
                return Turn(said, turn.calls)
        lines, status = self._answer()
        return self._submit(lines, status, self.work.errors_seen, self._lost())

    def known(self, team: int | None = None) -> Known:
        """What it knows for a form that asks for something else than a turn."""
        lines, status = ([self.refusal], "blocked") if self.refusal else self._answer()
        left = [i for i in self.items if self.desk.outcomes.get(i.label) in (None, NOT_WRITTEN)]
        votes = [Vote("\n".join(f"{k}: {v}" for k, v in one.items()), None) for one in self.told]
        told = self.conversation.told
        return Known(
            answer="\n".join(lines),
            status=status,
            confidence=self.mind.confidence(self.work.errors_seen),
            complete=not left,
            items=len(left),
            briefs=lambda most: briefs(
                self.clerk.keys,
                self.conversation.task,
                self.mind,
                left,
                min(most, len(left)),
                whole=not self.can_work,
            ),
            best=nearest(votes) if len(votes) > 1 else None,
            choices=len(votes),
            asked="\n".join([self.conversation.system, self.conversation.task]),
            names=frozenset(one.name for one in told if one.name),
            team=team or USUAL_TEAM,
            lost=self._lost(),
        )

    def _told(self) -> list[Answer]:
        """The answers of others, as far as this worker goes by them.

        It does if the conversation was passed on, if it has no tools of the work, or if it is asked
        to decide between answers. Otherwise it looks for itself.
        """
        conversation = self.conversation
        # Who can do nothing itself also goes by what others say of what closes the work.
        labels = frozenset(item.label for item in self.items) if self.can_work else None

        def listed(roles: Sequence[str]) -> list[Answer]:
            texts = [told.text for told in conversation.told if told.role in roles]
            return answers_in(texts, labels, lambda item: reads(self.clerk, item))

        if self.passed:
            return listed(("assistant",))
        if not self.can_work:
            return listed(("user", "system", "assistant", "tool"))
        answers = listed(("user", "system"))
        twice = any(a.keys() & b.keys() for a in answers for b in answers if a is not b)
        if twice and any(
            _ASKED_TO_DECIDE.search(told.text)
            for told in conversation.told
            if told.role in ("user", "system")
        ):
            return answers
        return []

    def _answer(self) -> tuple[list[str], str]:
        desk, outcomes = self.desk, self.desk.outcomes
        done = [*self.items, *self.closing]
        undone = {item.label for item in done if outcomes.get(item.label) == NOT_WRITTEN}
        lines = [
            f"{at} = {json.dumps(values, ensure_ascii=False)}"
            for at, values in self.work.notes.items()
            if at.split(".")[0] in undone
        ]
        known = (item for item in done if item.label in outcomes)
        written = [f"{item.label}: {outcomes[item.label]}" for item in known]
        for i, line in enumerate([*written, *self.clerk.answer(desk, self.items)]):
            said = self.mind.line(f"answer.{line.split(':')[0]}.{i}", line)
            if said is not None:
                lines.append(said)
        lines += self._unsure()
        failed = any(outcomes.get(item.label) == FAILED for item in done)
        return lines, "blocked" if failed and not self.mind.claims_done() else "done"

    def _unsure(self) -> list[str]:
        """What it is not sure of, its own and what was reported, as far as it tells."""
        own = [f"{UNSURE}{label}: {why})" for label, why in self.work.unsure.items()]
        told = [line for call in self.sent for line in (call.reply or "").splitlines()]
        reported = [line for line in told if line.startswith(UNSURE)]
        return [line for line in dict.fromkeys([*own, *reported]) if self.mind.tells(line)]

    def _lost(self) -> str | None:
        """Why the work could not be done by this agent for want of a tool that it knows."""
        if not self.work.missing or self.briefed:
            return None
        hands = {hand.tool for hand in (*self.delegates, *self.handoffs)}
        strange = strange_tools(self.conversation, self.clerk.tools | hands)
        came_to = [self.desk.outcomes.get(item.label, NOT_WRITTEN) for item in self.items]
        nothing = not self.can_work and set(came_to) == {NOT_WRITTEN} and not self.work.notes
        if not nothing and not strange:
            return None
        wanted = ", ".join(sorted(self.work.missing))
        known = f"; it does not know {', '.join(strange)}" if strange else ""
        return f"no tool that it knows for its work (such as {wanted}) was offered{known}"

    def _submit(
        self, lines: list[str], status: str, errors_seen: int, lost: str | None = None
    ) -> Turn:
        """Hand in the answer by the tool that takes one, or say it where there is none."""
        conversation, answer = self.conversation, "\n".join(lines)
        submit = conversation.tool_with("answer")
        since = self.passed[-1] + 1 if self.passed else 0
        submitted = any(call.tool == submit for call in conversation.calls[since:])
        if submit is None or (submitted and not conversation.asked_again):
            return Turn(answer, lost=lost)
        known = Known(answer=answer, status=status, confidence=self.mind.confidence(errors_seen))
        arguments: Values = Form(
            conversation.tools[submit].get("schema", conversation.tools[submit]), known
        ).filled()
        said = "\n".join(self.desk.new_lines)
        return Turn(said, (("call_submit_1_1", submit, arguments),), lost)
