"""Faults of the channel to a model, where its client sends its requests, for any endpoint.

The client's own retries and timeouts meet them; what came is held against what would have come.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx2

from experiments.trials.faulted import further
from tasks.faults.drawn import Faults, Hit
from tasks.faults.fault import Answer, Sent
from topologies.models.attempts import Go

Row = dict[str, Any]


@dataclass(frozen=True)
class Channel:
    """What one model call goes through each time it is sent; `told` is the last it was told."""

    faults: Faults
    role: str
    told: str
    row: Row

    async def __call__(self, request: httpx2.Request, go: Go) -> httpx2.Response:
        """The endpoint's answer, or what a fault makes of it. Raises what a network raises."""
        hit = self.faults.at_model(self.told, self.role)
        return await (go() if hit is None else self._through(hit, request, go))

    async def _through(self, hit: Hit, request: httpx2.Request, go: Go) -> httpx2.Response:
        before = self.row["fault_effect"]
        self.row.update(hit.noted, fault_effect=further(before, "armed"))
        came: list[tuple[httpx2.Response, Answer]] = []

        async def answered() -> Answer:
            response = await go()
            came.append((response, await _answer(response)))
            return came[-1][1]

        sent = Sent(_object(request.content) or {}, hit.attempt, hit.memory)
        try:
            answer = await hit.fault.run(sent, answered, hit.chance, **hit.aim.settings)
        except TimeoutError as error:
            self._fired("fired")
            raise httpx2.ReadTimeout(str(error), request=request) from error
        except ConnectionError as error:
            self._fired("fired")
            raise httpx2.ConnectError(str(error), request=request) from error
        if came and answer == came[-1][1]:
            return came[-1][0]
        self._fired("reached" if answer.status < 400 else "fired")
        if came:
            self.row["reply_raw"] = json.dumps(came[-1][1].body, ensure_ascii=False)
        return httpx2.Response(
            answer.status, headers=dict(answer.headers), json=answer.body, request=request
        )

    def _fired(self, effect: str) -> None:
        self.row["fault_effect"] = further(self.row["fault_effect"], effect)


async def _answer(response: httpx2.Response) -> Answer:
    body = _object(await response.aread())
    kept = ("content-type", "content-length", "content-encoding", "transfer-encoding")
    headers = {name: value for name, value in response.headers.items() if name not in kept}
    return Answer(response.status_code, body, headers)


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return None
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else None
