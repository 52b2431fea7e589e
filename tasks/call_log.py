"""What one call of a tool read and wrote in a world, each row at the version it saw or made."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Access(NamedTuple):
    """One row (or, with `predicate`, one question such as `customer_id=C7`) seen at a version."""

    op: Literal["read", "write"]
    table: str
    key: str
    version: int
    predicate: bool = False


@dataclass
class CallLog:
    """What one call did: its accesses in order and, once it ended, its changeset."""

    call: str
    accesses: list[Access] = field(default_factory=list[Access])
    changeset: bytes = b""
    absent_before: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    predicates: dict[tuple[str, str], tuple[int, int]] = field(
        default_factory=dict[tuple[str, str], tuple[int, int]]
    )
    undone: bool = False

    def leave_foreign_reads(self) -> None:
        """It failed: neither what it wrote nor its reads of that ever were."""
        own = {access[1:] for access in self.accesses if access.op == "write"}
        self.accesses = [a for a in self.accesses if a.op == "read" and a[1:] not in own]
        self.absent_before.clear()
        self.predicates.clear()
