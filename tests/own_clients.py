"""Someone's own clients, from outside of the kit."""

import json
from typing import Any

import httpx2
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from topologies.models.model import ModelSettings
from topologies.simulated.model import respond
from topologies.simulated.transport import BASE_URL, InProcessTransport

SENT: list[dict[str, Any]] = []
"""What the plain client sent."""


class Witness(InProcessTransport):
    """The simulated model, keeping what it is asked."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        SENT.append(json.loads(await request.aread()))
        return await super().handle_async_request(request)


def plain(_name: str, _settings: ModelSettings) -> ChatOpenAI:
    """A ChatOpenAI as anyone makes it."""
    transport = Witness(respond, ["perfect"])
    return ChatOpenAI(
        model="perfect",
        api_key=SecretStr("any"),
        base_url=BASE_URL,
        http_async_client=httpx2.AsyncClient(transport=transport),
        use_responses_api=False,
        max_retries=0,
    )
