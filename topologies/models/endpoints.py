"""Where a model is served: what a run says of it, and whether it is the simulated model.

It is the built client that is asked, never a name: a builder from outside may return anything.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit, urlunsplit

from langchain_core.language_models import BaseChatModel
from langchain_openai.chat_models.base import BaseChatOpenAI

from topologies.simulated.transport import InProcessTransport

_ADDRESSES = ("base_url", "anthropic_api_url", "endpoint_url", "api_endpoint", "endpoint")
"""Where clients of other kinds keep the address that they call."""


def is_simulated(model: BaseChatModel) -> bool:
    """Whether calls of this client end in this process, at a model that is made up."""
    client = getattr(model, "http_async_client", None)
    return isinstance(getattr(client, "_transport", None), InProcessTransport)


def base_url_of(model: BaseChatModel) -> str | None:
    """The base URL that the client calls, as it is; None for a client that tells none."""
    if isinstance(model, BaseChatOpenAI):
        return str(model.root_async_client.base_url)
    found = (getattr(model, name, None) for name in _ADDRESSES)
    return next((str(address) for address in found if address), None)


def endpoint_of(model: BaseChatModel) -> str:
    """What a run says of where the model is served: no credentials, and nothing after the path."""
    if is_simulated(model):
        return "in this process"
    address = base_url_of(model)
    return shown(address) if address else f"wherever {type(model).__name__} calls"


def shown(address: str | None) -> str:
    """An address without user, password, query and fragment."""
    if not address:
        return "an unknown address"
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an address that cannot be read"
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")).rstrip("/")


def without_query(address: str | None) -> tuple[str | None, dict[str, str] | None]:
    """The address up to its query, and the query: clients send it with every request."""
    if address is None or "?" not in address:
        return address, None
    parts = urlsplit(address)
    return urlunsplit((*parts[:3], "", "")), dict(parse_qsl(parts.query)) or None


def is_openai(address: str) -> bool:
    """Whether the address is OpenAI's own, to which its key may go."""
    parts = urlsplit(address)
    return parts.scheme == "https" and parts.hostname == "api.openai.com"
