"""Read-only research over a real corpus: the source of the running Python's standard library.

A task is a list of lookups, each a comparison of two entries that takes a search and two reads,
and a last line that combines the results. Nothing is read before the first task is made.
"""

from tasks.stdlib.clerk import CLERK
from tasks.stdlib.generator import NAME, make
from tasks.stdlib.library import LibraryWorld, library
from tasks.stdlib.tools import TOOLS
from tasks.stdlib.wording import PHRASINGS
from tasks.task import Range, Settings, TaskSet


def instructions(_settings: Settings) -> str:
    """What every agent is told about this kind of work."""
    return INSTRUCTIONS


INSTRUCTIONS = """\
You research the Python standard library with the tools you have. They read the library of one \
certain Python version, which may differ from the one you remember, so look up every number, even \
one that you believe you know.

Each lookup compares two entries. One is named; the other is described by the first sentence of \
its documentation. Find that one with search_library, then read both entries with the tool that \
shows the number in question: inspect_signature counts parameters, read_doc counts lines of the \
docstring, read_source counts lines of source, and list_members counts methods. The replies state \
these counts for the whole entry, however little of it a page shows.

Answer one line per lookup, `label: NAME NUMBER`, and nothing else on that line: the name of the \
entry that wins and its number in digits. Write a name qualified (`json.dumps`) or bare (`dumps`) \
as the lookup says. Lookups of one family must all use one and the same style.

If the work cannot be done as asked, because an entry does not exist or because the text \
contradicts itself, do not guess and do not answer a part of it: submit with status "blocked" and \
say why. Otherwise submit all lines with status "done".\
"""

TASK_SET = TaskSet(
    name=NAME,
    about="research in the standard library: compare entries by counts, and combine the results",
    read_only=True,
    dials={
        "width": Range(4, 1, 64, whole=True),
        "phrasing": PHRASINGS,
        "coupling": Range(0, 0, 1),
    },
    instructions=instructions,
    make=make,
    world=lambda task: LibraryWorld(task.image),
    tools=lambda _settings: TOOLS,
    clerk=CLERK,
    shorthands={"mode": {"answer": {}}},
    corpus=lambda: library().hash,
)
