"""What a command says, as a terminal may have it: text only, and no secret in it.

Whatever is printed comes through here, so that no command has to think of what a model, a file or
an endpoint might have put into a name.
"""

import io
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO, cast

from results.text import visible
from topologies.secrets import hidden, look_again


class Plain(io.TextIOBase):
    """A stream that shows control characters instead of sending them, to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str, /) -> int:
        """What the stream's encoding cannot say is spelt out, too."""
        shown = visible(hidden(text))
        try:
            self.stream.write(shown)
        except UnicodeEncodeError:
            name = self.stream.encoding
            self.stream.write(shown.encode(name, "backslashreplace").decode(name))
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        self.stream.flush()

    def isatty(self) -> bool:
        """Whether a person may be reading."""
        return self.stream.isatty()


@contextmanager
def plain_streams() -> Generator[None]:
    """Output and errors as plain text while it lasts."""
    look_again()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", Plain(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
