"""Keeps a trial's budget: what each agent may use, what it used, what goes back.

The budget of a trial is the same whatever the topology. Each agent has a share set aside for it
when it is seated, as far as there is anything left; a lead keeps a quarter, its subagents get equal
parts of the rest. What an agent leaves goes back when its work is over, to the one whose submission
ends the trial, which may use all that is not set aside. An agent is stopped before a model call
once its share is used up, so that its last call may run over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.refused import Refused
from experiments.trials.spec import Budget
from topologies.kit import OutOfBudgetError

MEASURED: dict[str, tuple[str, ...]] = {
    "dollars": ("dollars",),
    "tokens": ("prompt_tokens", "completion_tokens"),
    "output_tokens": ("completion_tokens",),
}
"""Unit of a budget to the columns of a step that count towards it; dollars are cache-aware."""


@dataclass
class Share:
    """One agent's part: what was set aside, what it used, whether it may still use it.

    `draws` says that it may also use what is set aside for nobody.
    """

    granted: float = 0.0
    used: float = 0.0
    held: bool = True
    draws: bool = True

    @property
    def left(self) -> float:
        """What is still set aside for it."""
        return max(0.0, self.granted - self.used) if self.held else 0.0


@dataclass
class Purse:
    """The account of one trial; without a budget nothing is counted and nobody is stopped.

    `stopped` are the agents that were.
    """

    budget: Budget | None = None
    shares: dict[str, Share] = field(default_factory=dict[str, Share])
    stopped: list[str] = field(default_factory=list[str])

    def set_aside(self, agent: str, share: float | None, draws: bool) -> str:
        """Set a part of the budget aside for an agent; what it is told about it ("" for none).

        Without a `share` it has no part of its own. With `draws` it may use what nobody else has.
        """
        if self.budget is None:
            return ""
        if agent in self.shares:
            # Taken again after its process was killed: what was used is used.
            self.shares[f"{agent}, before {len(self.shares)}"] = self.shares.pop(agent)
            self.give_back(list(self.shares)[-1])
        whole = shown(self.budget, self.budget.amount)
        if share is None:
            self.shares[agent] = Share()
            return f"Budget: {whole} for the whole work. {ENDS}"
        granted = min(share * self.budget.amount, self._free())
        self.shares[agent] = Share(granted, draws=draws)
        more = ", and what others leave" if draws else ""
        own = shown(self.budget, granted)
        return f"Budget: of {whole} for the whole work, {own} are for you{more}. {ENDS}"

    def give_back(self, agent: str) -> None:
        """The agent's work is over."""
        if agent in self.shares:
            self.shares[agent].held = False

    def spend(self, agent: str, step: Mapping[str, Any]) -> None:
        """Count a model call. `Refused` if what it used is not known."""
        if self.budget is None:
            return
        used = [step[column] for column in MEASURED[self.budget.unit]]
        if None in used:
            raise Refused(
                f"a budget in {self.budget.unit} cannot hold: the model does not say what it used "
                "or has no known price; set budget.unit to another"
            )
        self.shares.setdefault(agent, Share()).used += sum(used)

    def check(self, agent: str) -> None:
        """`OutOfBudgetError` if the agent has nothing left to use."""
        if self.budget is None or self.left(agent) > 0:
            return
        self.stopped.append(agent)
        raise OutOfBudgetError(f"{agent} was stopped: its budget is used up")

    def left(self, agent: str) -> float:
        """What an agent may still use. One that took no seat draws on what is not set aside."""
        share = self.shares.get(agent, Share())
        return share.left + (self._free() if share.draws else 0.0)

    def _free(self) -> float:
        """What is neither used nor set aside."""
        if self.budget is None:
            return 0.0
        taken = sum(share.used + share.left for share in self.shares.values())
        return max(0.0, self.budget.amount - taken)


ENDS = "Who has used up a budget is stopped, and what was not submitted is lost."


def shown(budget: Budget, amount: float) -> str:
    """An amount in words, such as "$0.012" or "12,000 output tokens"."""
    if budget.unit == "dollars":
        return f"${amount:.4g}"
    return f"{amount:,.0f} {budget.unit.replace('_', ' ')}"
