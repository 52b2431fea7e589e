"""Keeps keys and passwords out of whatever is recorded, written or shown.

Three ways to know one: it was used to reach a model (`keep`), its variable is called so (in the
environment, or in .env), or it has the form of one. An endpoint may send any of them back, in an
error or in a reply, so what it says goes through `hidden` before it is kept or shown.
"""

import base64
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

HIDDEN = "[hidden]"
SHORTEST_KEPT, SHORTEST_NAMED = 5, 8
"""Characters of a secret; anything shorter is also a word or a number of other texts."""

_NAMED = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_NONE = frozenset(("none", "none-needed", "not-needed", "no-key", "no-key-needed", "dummy"))
_LOGIN = re.compile(r"(?<=://)[^\s/?#@\"'\\]+(?=@)")
_FORMS = (
    ("://", _LOGIN),
    ("earer", re.compile(r"(?<=[Bb]earer )[\w.~+/-]{8,}=*")),
    ("sk-", re.compile(r"\bsk-[\w-]{16,}")),
)
"""A login in an address, a bearer token, a key of OpenAI's making; each with what it must have."""

_kept: set[str] = set()
"""For the life of the process: an error may come long after its model was made."""


def keep(secret: str) -> None:
    """Hide this text from now on; of an address, the login."""
    if "://" in secret:
        _kept.update(_of_address(secret))
    else:
        _kept.add(secret)


def look_again() -> None:
    """Read the environment anew at its next use; it is read once otherwise."""
    _of_environment.cache_clear()


def hidden(text: str) -> str:
    """The text without its secrets; JSON stays JSON."""
    for secret in _forms(frozenset(_kept) | _of_environment()):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    for part, form in _FORMS:
        if part in text:
            text = form.sub(HIDDEN, text)
    return text


def signs() -> list[str]:
    """A text without any of these has no secret in it."""
    return [*_forms(frozenset(_kept) | _of_environment()), *(part for part, _ in _FORMS)]


@cache
def _forms(secrets: frozenset[str]) -> list[str]:
    """Each as it stands, in JSON (and in JSON within JSON) and in an address, the longest first."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) < SHORTEST_KEPT or secret.lower() in _NONE:
            continue
        once = json.dumps(secret, ensure_ascii=False)[1:-1]
        forms |= {secret, once, json.dumps(once, ensure_ascii=False)[1:-1], quote(secret, safe="")}
    return sorted(forms, key=len, reverse=True)


@cache
def _of_environment() -> frozenset[str]:
    found: set[str] = set()
    for name, value in (*os.environ.items(), *_dotenv(Path.cwd() / ".env")):
        named = _NAMED.search(name) and len(value) >= SHORTEST_NAMED
        if named and not value.isdigit() and not os.path.exists(value):
            found.add(value)
        found.update(_of_address(value))
    return frozenset(found)


def _of_address(text: str) -> Iterator[str]:
    """The passwords in addresses, and the logins as a header has them."""
    for login in _LOGIN.findall(text):
        user, _, password = login.partition(":")
        pair = f"{unquote(user)}:{unquote(password)}"
        yield from (password, unquote(password), base64.b64encode(pair.encode()).decode())


def _dotenv(file: Path) -> Iterator[tuple[str, str]]:
    if not file.is_file():
        return
    import dotenv

    for name, value in dotenv.dotenv_values(file).items():
        if value:
            yield name, value
