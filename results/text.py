"""Text of models, files and endpoints, shown as text: never as markup or control characters.

`visible` is for whatever is read as it stands (terminals, XML, HTML that escapes markup itself),
`markdown` for Markdown. Records keep what was said; only what is shown of them is changed.
"""

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffe\uffff]"
)
"""Controls but tab and newline, what turns the direction of a line, and what is no character."""

_SYNTAX = re.compile(
    r"[`*|~]|<(?=[a-z/!?])|\[(?=[!^ x]|$)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])"
    r"|&(?=#?\w+;)|\\(?=[!-/:-@\[-`{-~])|(?<=:)/(?=/)|(?<=www)\.",
    re.IGNORECASE,
)
_START = re.compile(r">|[#+=-](?=[\s#=-]|$)|(?<=\d)[.)](?=\s|$)")
"""What makes a heading, quote, list or rule of a line that begins with it."""


def visible(text: str) -> str:
    r"""The text with its control characters spelt out, as in \u001b. JSON keeps its meaning."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def markdown(text: str) -> str:
    """The text as one line of Markdown that shows it as it is, links that are none included."""
    line = _SYNTAX.sub(r"\\\g<0>", visible(" ".join(text.splitlines()).strip()))
    digits = len(line) - len(line.lstrip("0123456789"))
    start = _START.match(line, digits)
    return f"{line[:digits]}\\{line[digits:]}" if start else line


def code(text: str) -> str:
    """The text as one line of code in Markdown."""
    line = visible(" ".join(text.splitlines()))
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    edge = " " if "`" in line else ""
    return f"{fence}{edge}{line}{edge}{fence}"
