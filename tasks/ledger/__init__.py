"""Read-only tracing of money through accounts: each step is known only from the one before it.

`width` trails can be followed side by side, the `depth` steps of a trail only one after the other:
reading that does not parallelize, however many read.
"""

from tasks.ledger.books import SCHEMA
from tasks.ledger.clerk import CLERK
from tasks.ledger.generator import MOST_DEPTH, MOST_WIDTH, NAME, make
from tasks.ledger.tools import TOOLS
from tasks.ledger.wording import INSTRUCTIONS, PHRASINGS
from tasks.task import Range, TaskSet
from tasks.world import SqliteWorld

TASK_SET = TaskSet(
    name=NAME,
    about="money followed through accounts, each step known only from the last",
    read_only=True,
    dials={
        "width": Range(4, 1, MOST_WIDTH, whole=True),
        "depth": Range(4, 1, MOST_DEPTH, whole=True),
        "phrasing": PHRASINGS,
    },
    instructions=lambda _settings: INSTRUCTIONS,
    make=make,
    world=lambda task: SqliteWorld(task.image, SCHEMA),
    tools=lambda _settings: TOOLS,
    clerk=CLERK,
    shorthands={"mode": {"answer": {}}},
)
