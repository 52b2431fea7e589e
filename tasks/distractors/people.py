"""A personnel office: colleagues, leave, pay slips, training."""

# A refusal looks at few of its arguments; it is the schema that needs them all.
# ruff: noqa: ARG001

from typing import Annotated, Any, Literal

from pydantic import Field

from tasks.tools import ToolError

DEPARTMENTS = {"design": 14, "facilities": 6, "legal": 4, "people": 5, "research": 22}
POLICIES = {
    "remote work": "Two days a week from home, by agreement with your manager.",
    "parental leave": "Twenty weeks, to be taken within the first two years.",
    "travel": "Second class below six hours.",
}
COURSES = ("First aid", "Fire warden", "Presenting", "Plain writing")


async def search_employees(_world: Any, name: str, department: str | None = None) -> dict[str, Any]:
    """Search the staff directory by name.

    Args:
        name: A name or a part of one.
        department: Only in this department.
    """
    return {"name": name, "department": department, "employees": []}


async def get_department(_world: Any, department: str) -> dict[str, Any]:
    """How many people work in a department.

    Args:
        department: The department's name, such as design.
    """
    if department.lower() not in DEPARTMENTS:
        raise ToolError(f"there is no such department; there are {', '.join(DEPARTMENTS)}")
    return {"department": department, "people": DEPARTMENTS[department.lower()]}


async def get_leave_balance(_world: Any, employee: str) -> dict[str, Any]:
    """Days of leave that an employee has left this year.

    Args:
        employee: The employee's id, such as EMP-204.
    """
    raise ToolError(f"you may not see the leave of {employee}")


async def read_personnel_policy(_world: Any, topic: str) -> dict[str, Any]:
    """Read what the staff handbook says about a topic.

    Args:
        topic: The topic, such as remote work.
    """
    text = POLICIES.get(topic.lower())
    if text is None:
        raise ToolError(f"the handbook has nothing on {topic!r}; it has {', '.join(POLICIES)}")
    return {"topic": topic, "text": text}


async def list_courses(_world: Any) -> dict[str, Any]:
    """List the training courses on offer."""
    return {"courses": list(COURSES)}


async def request_leave(
    _world: Any,
    first_day: str,
    days: Annotated[float, Field(gt=0, le=60)],
    kind: Literal["holiday", "sick", "unpaid"] = "holiday",
) -> dict[str, Any]:
    """Ask for leave; your manager decides.

    Args:
        first_day: The first day, as YYYY-MM-DD.
        days: How many working days; halves count.
        kind: What kind of leave.
    """
    raise ToolError("no leave was asked for: this account belongs to no employee")


async def enroll_in_course(_world: Any, course: str, employee: str) -> dict[str, Any]:
    """Enrol someone in a training course.

    Args:
        course: The course, as list_courses names it.
        employee: The employee's id, such as EMP-204.
    """
    raise ToolError(f"{course} takes no enrolments at the moment")


async def submit_expense(
    _world: Any, what: str, euros: Annotated[float, Field(gt=0)], receipt: str
) -> dict[str, Any]:
    """Hand in a travel expense to be paid back with the next salary.

    Args:
        what: What it was for.
        euros: How much, in euros.
        receipt: The receipt's file name.
    """
    raise ToolError(f"the receipt {receipt!r} was not found, so nothing was handed in")


READS = (
    search_employees,
    get_department,
    get_leave_balance,
    read_personnel_policy,
    list_courses,
)
WRITES = (request_leave, enroll_in_course, submit_expense)
