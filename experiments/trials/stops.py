"""What ends a trial from within its graph, as exceptions; LangChain's log is not to show them."""

import logging

CALLBACK_LOG = logging.getLogger("langchain_core.callbacks.manager")


class LimitReachedError(Exception):
    """A trial used what it may use; the text names the limit."""


class SubmittedError(Exception):
    """The agent whose submission ends the trial asked its model once more after submitting."""


class MisuseError(Exception):
    """A graph uses what the kit gave it as it cannot be used; the text says what to do."""


EXPECTED = ("LimitReachedError", "OutOfBudgetError", "SubmittedError", "MisuseError")


def unexpected(line: logging.LogRecord) -> bool:
    """Whether a line of LangChain's log is worth showing: a limit is no error of a callback."""
    return not any(name in line.getMessage() for name in EXPECTED)
