"""A gate's checks as one line, as JUnit XML and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from results.text import markdown, visible

PASSED, FAILED, UNDECIDED = "passed", "failed", "undecided"


@dataclass(frozen=True)
class Check:
    """One thing asked of one topology in one cell.

    `open_to_more` says whether more tasks or trials could decide it, where it is undecided.
    """

    kind: str
    cell: str
    topology: str
    outcome: str
    text: str
    open_to_more: bool = True


def as_line(outcome: str, checks: Sequence[Check], besides: str = "", simulation: str = "") -> str:
    """The outcome and the first check that decided it, with what else is to be known."""
    decisive = [check for check in checks if check.outcome == outcome]
    more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
    advice = outcome == UNDECIDED and decisive[0].open_to_more
    word = f", {simulation}" if simulation else ""
    said = [
        decisive[0].text + more + word,
        "more tasks or trials would decide" if advice else "",
        besides,
    ]
    return f"{outcome}: {'; '.join(filter(None, said))}"


def as_junit(name: str, checks: Sequence[Check]) -> str:
    """JUnit's form: a shown miss is a failure, an undecided check an error."""
    failed, open_ = (sum(check.outcome == one for check in checks) for one in (FAILED, UNDECIDED))
    counts = {"tests": str(len(checks)), "failures": str(failed), "errors": str(open_)}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": f"fanout gate {name}", **counts})
    for check in checks:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            {"classname": f"{name}.{check.cell}", "name": f"{check.topology}: {check.kind}"},
        )
        tag = {FAILED: "failure", UNDECIDED: "error"}.get(check.outcome)
        if tag is not None:
            ElementTree.SubElement(case, tag, {"message": check.text, "type": check.outcome})
        else:
            ElementTree.SubElement(case, "system-out").text = check.text
    ElementTree.indent(suites)
    return visible(ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)) + "\n"


def as_markdown(name: str, line: str, checks: Sequence[Check]) -> str:
    """A heading, the line and a table of the checks."""
    rows = (
        f"| {' | '.join(markdown(cell) for cell in cells)} |"
        for check in checks
        for cells in [(check.outcome, check.topology, check.cell, check.text)]
    )
    head = ["| outcome | topology | cell | why |", "|:--|:--|:--|:--|"]
    return (
        "\n".join([f"## Gate of {markdown(name)}", "", f"**{markdown(line)}**", "", *head, *rows])
        + "\n"
    )
