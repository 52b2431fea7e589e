"""Two agents answer, each told one more thing, and a third decides between their answers."""

from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph

from topologies.agent import agent_graph, last_words
from topologies.kit import Kit

SIDES = ("A", "B")


def build(kit: Kit, more: str = "after", judge_looks: bool = False) -> Any:
    """`more`: whether the task comes before or after what else a debater is told.

    With `judge_looks` the judge has the tools of the work too.
    """
    judge = kit.seat("judge")
    debaters = {side: kit.seat(f"debater-{side}", parent="judge") for side in SIDES}

    async def work(state: MessagesState) -> dict[str, Any]:
        task = HumanMessage(str(state["messages"][0].text))
        answers: list[str] = []
        for side, seat in debaters.items():
            told = HumanMessage(f"You are debater {side}. Argue carefully.")
            start = [task, told] if more == "after" else [told, task]
            final = await agent_graph(seat).ainvoke({"messages": start})
            answers.append(f"Debater {side} says:\n{last_words(final['messages'])}")
        case = "\n\n".join([f"The question was:\n{task.text}", *answers, "Decide between them."])
        if judge_looks:
            final = await agent_graph(judge).ainvoke({"messages": [HumanMessage(case)]})
            return {"messages": final["messages"][1:]}
        submit = next(tool for tool in judge.tools if tool.name == "submit")
        reply = await judge.model.bind_tools([submit]).ainvoke([HumanMessage(case)])
        for call in reply.tool_calls:
            await submit.ainvoke({**call, "type": "tool_call"})
        return {"messages": [AIMessage(str(reply.text))]}

    graph = StateGraph(MessagesState)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    return graph.compile()
