"""The bloated tool set: tools from other domains that are offered beside those of the work.

They are real as far as they go: schemas as such tools have them, plausible replies to questions,
and a plain refusal of whatever would change something. None of them touches the world of a task,
and none of them ever helps. `distractors = 12` on any task set offers twelve of them.
"""

from functools import cache

from tasks.dials import MOST_DISTRACTORS, Settings, luck
from tasks.distractors import diary, files, people, sales, support, travel
from tasks.tools import Tool

READS = (*diary.READS, *files.READS, *people.READS, *sales.READS, *support.READS, *travel.READS)
WRITES = (
    *diary.WRITES,
    *files.WRITES,
    *people.WRITES,
    *sales.WRITES,
    *support.WRITES,
    *travel.WRITES,
)


def distractors(settings: Settings) -> tuple[Tool, ...]:
    """The tools that these settings add; more of them include fewer."""
    return _shuffled()[: int(settings.get("distractors", 0))]


@cache
def _shuffled() -> tuple[Tool, ...]:
    tools = [Tool(run, readOnlyHint=True, idempotentHint=True) for run in READS]
    tools += [Tool(run, openWorldHint=True) for run in WRITES]
    luck("distractors").shuffle(tools)
    return tuple(tools[:MOST_DISTRACTORS])
