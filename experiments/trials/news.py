"""What is new to an agent in the prompt of a model call: that alone is written down."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from experiments.trials.agent import Agent

Row = dict[str, Any]


def new_messages(
    agent: Agent, messages: Sequence[BaseMessage], issued: Callable[[str | None], bool]
) -> list[Row]:
    """What the agent had not seen at its last call; its own replies are left out.

    Of ids of tool calls those are kept that a model `issued`: a framework's own differ in each run.
    """
    grew = len(messages) >= agent.seen > 0 and messages[agent.seen - 1].text == agent.last
    new = messages[agent.seen :] if grew else messages
    agent.seen, agent.last = len(messages), messages[-1].text
    return [_as_row(m, issued) for m in new if not (grew and isinstance(m, AIMessage))]


def _as_row(message: BaseMessage, issued: Callable[[str | None], bool]) -> Row:
    row: Row = {"role": message.type, "content": message.text}
    if isinstance(message, ToolMessage) and issued(message.tool_call_id):
        row["tool_call_id"] = message.tool_call_id
    if isinstance(message, AIMessage) and message.tool_calls:
        row["tool_calls"] = [{"name": c["name"], "args": c["args"]} for c in message.tool_calls]
    return row
