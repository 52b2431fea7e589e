"""The tools of the work as LangChain knows them: data, and one path by which a call is made.

`submit`, by which an agent ends, is among them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, NoReturn

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from experiments.trials.places import Place, place_in
from tasks.tools import Tool, ToolError

Path = Callable[[str, Mapping[str, Any], Callable[[], Place]], Awaitable[str]]
"""Call id, arguments, and where it was called, to the reply; `ToolError` for a refusal."""


class NoArguments(BaseModel):
    """What LangGraph looks through for arguments to inject: there are none."""


class WorkTool(BaseTool):
    """A tool as LangChain knows it. Its schema is data and its call goes down the one path."""

    path: Path
    refuse: Callable[[str], NoReturn]

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:  # noqa: ARG002
        return NoArguments

    async def ainvoke(
        self,
        input: str | dict[str, Any] | ToolCall,
        config: RunnableConfig | None = None,
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        """The reply as a ToolMessage for a tool call, or as text for bare arguments."""
        given: dict[str, Any] = {} if isinstance(input, str) else {**input}
        called = given.get("type") == "tool_call"
        arguments: dict[str, Any] = given["args"] if called else given
        call_id = str(given.get("id", "")) if called else ""

        def where() -> Place:
            return place_in(ensure_config(config).get("metadata"))

        status: Literal["success", "error"] = "success"
        try:
            reply = await self.path(call_id, arguments, where)
        except ToolError as error:
            reply, status = f"Error: {error}", "error"
        if not called:
            return reply
        return ToolMessage(reply, name=self.name, tool_call_id=call_id, status=status)

    def invoke(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Ends the trial: what a call touches is credited to it in the event loop alone."""
        self.refuse(f"{self.name} was called with invoke: use ainvoke, in an async node")

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        return self.invoke(*args, **kwargs)


async def submit(
    _world: None, answer: str, status: Literal["done", "blocked"], confidence: float
) -> str:
    """End your work by handing in its result.

    Args:
        answer: The answer, or the report you were asked for.
        status: "done", or "blocked" if the work cannot be done as asked.
        confidence: How sure you are that all of it is right, from 0 to 1.
    """
    if not answer.strip():
        raise ToolError("the answer is empty; say what was done or found")
    if not 0 <= confidence <= 1:
        raise ToolError(f"confidence is {confidence}; it must be from 0 to 1")
    return f"Submitted as {status}."


SUBMIT = Tool(submit)
