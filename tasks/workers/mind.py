"""Where a worker's luck and habits come in: a simulated model's errors, or none (`SOUND`)."""

from collections.abc import Sequence
from typing import Protocol

from tasks.workers.conversation import Call, Values


class Mind(Protocol):
    """Where a worker's luck and habits come in. `at` names the step, as in `R1.2`."""

    calls_per_message: int
    partition: str
    lead_keeps: str
    tries_again: int
    """How often it makes a call again that came back as an error it cannot read anything of."""

    def call(self, at: str, attempt: int, call: Call) -> Call | None:
        """The call as it is really made; None if it is forgotten."""
        ...

    def note(self, at: str, values: Values) -> Values:
        """The values as they are really noted."""
        ...

    def cites(self, at: str) -> bool:
        """Whether a value noted before is taken as it stands, though its reply says another."""
        ...

    def holds_to_first(self, at: str) -> bool:
        """Whether of two values read of one thing the earlier is taken for the one that holds."""
        ...

    def line(self, at: str, text: str) -> str | None:
        """A line of a brief, report or answer as it is really written; None if left out."""
        ...

    def passes_on(self, at: str) -> bool:
        """Whether a brief carries this line of the common part."""
        ...

    def looks_first(self, at: str, attempt: int) -> bool:
        """Whether it looks if a write was done, before it does it again."""
        ...

    def sees_contradiction(self, at: str) -> bool:
        """Whether it reads again what says another thing than it read before."""
        ...

    def tells(self, what: str) -> bool:
        """Whether it says what it is not sure of, where it hands in its work."""
        ...

    def notices(self, at: str) -> bool:
        """Whether something that is wrong (a bad reply, a contradiction) is seen."""
        ...

    def habit(self, what: str, options: Sequence[str]) -> str:
        """What this worker does when nobody said."""
        ...

    def claims_done(self) -> bool:
        """Whether it says done although it knows better."""
        ...

    def confidence(self, errors_seen: int) -> float:
        """How sure it says it is, given how many of its own errors are in plain sight."""
        ...

    def shuffled(self, labels: Sequence[str]) -> list[str]:
        """The labels in an order of no meaning."""
        ...


class SoundMind:
    """Makes no errors; the first option is its habit."""

    calls_per_message = 1
    partition = "item"
    lead_keeps = "closing"
    tries_again = 2

    def call(self, at: str, attempt: int, call: Call) -> Call | None:  # noqa: ARG002
        return call

    def note(self, at: str, values: Values) -> Values:  # noqa: ARG002
        return values

    def cites(self, at: str) -> bool:  # noqa: ARG002
        return True

    def holds_to_first(self, at: str) -> bool:  # noqa: ARG002
        return False

    def line(self, at: str, text: str) -> str | None:  # noqa: ARG002
        return text

    def passes_on(self, at: str) -> bool:  # noqa: ARG002
        return True

    def looks_first(self, at: str, attempt: int) -> bool:  # noqa: ARG002
        return False

    def sees_contradiction(self, at: str) -> bool:  # noqa: ARG002
        return False

    def tells(self, what: str) -> bool:  # noqa: ARG002
        return False

    def notices(self, at: str) -> bool:  # noqa: ARG002
        return True

    def habit(self, what: str, options: Sequence[str]) -> str:  # noqa: ARG002
        return options[0]

    def claims_done(self) -> bool:
        return False

    def confidence(self, errors_seen: int) -> float:
        return 1.0 if errors_seen == 0 else 0.5

    def shuffled(self, labels: Sequence[str]) -> list[str]:
        return list(labels)


SOUND = SoundMind()
