"""The tables of a sweep file as pydantic models, and what is wrong with one in one line.

A field's description is what the value must be, in words that follow "it must be". A table of its
own for something new is a model, a field of `SweepTables` and a line in `TABLES`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from experiments.refused import Refused
from experiments.trials.spec import Interrupts, Limits, Unit
from tasks.finder import near
from tasks.task import Split

LARGEST = 2**63 - 1
"""The greatest whole number that a record holds."""
MOST_K = 100


def listed(value: Any) -> Any:
    """A list of it, if it is none already."""
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


Whole = Annotated[int, Field(ge=1, le=LARGEST)]
Wholes = Annotated[list[Whole], BeforeValidator(listed), Field(min_length=1)]
Splits = Annotated[list[Split], BeforeValidator(listed), Field(min_length=1)]
Number = Annotated[
    Annotated[int, Field(ge=0, le=LARGEST)] | Annotated[float, Field(ge=0, le=LARGEST)],
    Field(allow_inf_nan=False),
]
"""A number as it was written: 2 stays a whole one, by which a sweep's hash is known again."""
Counted = Literal["none"] | Whole
Measured = (
    Literal["none"]
    | Annotated[int, Field(gt=0, le=LARGEST)]
    | Annotated[float, Field(gt=0, le=LARGEST)]
)
Value = bool | int | float | str
Axis = Value | Annotated[list[Value], Field(min_length=1)]
"""One value of a setting, or several: an axis of the grid."""

WHOLE = "a whole number of at least 1"
SPLIT = "dev or held_out"
COUNT = 'a whole number above 0, or "none"'
AMOUNT = 'a number above 0, or "none"'
SHARE = "a number of 0 or more"
AXIS = "text or a number, or a list of them"


class Table(BaseModel):
    """A table that has no keys but these, and turns no value into another."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Arm(Table):
    """A topology; whatever else it has are settings of its builder."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Axis]  # pyright: ignore[reportIncompatibleVariableOverride]

    base: Value = Field(default="", description="the name of a topology, or its import path")
    replicate: str = Field(default="", description='text, as in "b"')


class Tasks(Table):
    """A grid over a task set; whatever else it has are its dials."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Axis]  # pyright: ignore[reportIncompatibleVariableOverride]

    base: Value = Field(default="", description="the name of a task set, or its import path")
    tasks: Wholes | None = Field(default=None, description=WHOLE)
    split: Splits | None = Field(default=None, description=SPLIT)


class SweepLimitsTable(Table):
    """What the whole sweep may use."""

    tokens: Counted = Field(default="none", description=COUNT)
    dollars: Measured = Field(default="none", description=AMOUNT)


class LimitsTable(Table):
    """What one trial may use."""

    model_calls: Counted | None = Field(default=Limits.model_calls, description=COUNT)
    tokens: Counted = Field(default="none", description=COUNT)
    seconds: Measured = Field(default="none", description=AMOUNT)
    dollars: Measured = Field(default="none", description=AMOUNT)
    sweep: SweepLimitsTable = Field(
        default=SweepLimitsTable(), description="a table: [limits.sweep]"
    )


class BudgetTable(Table):
    """What a trial may use, and its agents know of."""

    unit: Unit = Field(default="dollars", description="one of dollars, tokens, output_tokens")
    amounts: Annotated[list[Annotated[float, Field(gt=0, le=LARGEST)]], BeforeValidator(listed)] = (
        Field(min_length=1, description="numbers above 0, as in amounts = [0.01, 0.02]")
    )


class Thresholds(Table):
    """The rules of the verdicts."""

    k: Annotated[int, Field(ge=1, le=MOST_K)] = Field(
        default=1, description=f"a whole number from 1 to {MOST_K}"
    )
    margin: Number = Field(default=0, description=SHARE)
    alpha: Number = Field(default=0, description=SHARE)
    cost_ceiling: Number = Field(default=0, description=SHARE)
    broken_invariants: Number = Field(default=0, description=SHARE)
    silent_failures: Number = Field(default=0, description=SHARE)
    deadline_seconds: Number = Field(default=0, description=SHARE)


class SweepTables(Table):
    """A whole sweep file."""

    name: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9][\w.-]*$",
        validate_default=True,
        description="the name of a folder: letters, digits, dots, dashes and underscores",
    )
    question: str = Field(default="", description="text")
    seed: Annotated[int, Field(ge=0, le=LARGEST)] = Field(
        default=1, description="a whole number of at least 0"
    )
    trials: Whole = Field(default=8, description=WHOLE)
    tasks: Wholes = Field(default=[12], description=WHOLE)
    split: Splits = Field(default=["dev"], description=SPLIT)
    interrupts: Interrupts = Field(default="pause", description="one of pause, approve, reject")
    topologies: dict[str, Arm] = Field(
        default={}, description='a table, or as in topologies = ["single_thread"]'
    )
    contrasts: Annotated[list[str], BeforeValidator(listed)] = Field(
        default=[], description='"A vs B" of two topologies of the sweep, or a list of such'
    )
    task_sets: dict[str, Annotated[list[Tasks], BeforeValidator(listed)]] = Field(
        default={}, description="a table, as in [task_sets.orders] with width = 8"
    )
    models: dict[str, Any] = Field(default={}, description="a table: [models]")
    limits: LimitsTable = Field(default=LimitsTable(), description="a table: [limits]")
    budget: BudgetTable | None = Field(default=None, description="a table: [budget]")
    faults: dict[str, Any] = Field(default={}, description="a table: [faults]")
    thresholds: Thresholds = Field(default=Thresholds(), description="a table: [thresholds]")


TABLES: dict[str, type[Table]] = {
    "limits": LimitsTable,
    "limits.sweep": SweepLimitsTable,
    "budget": BudgetTable,
    "thresholds": Thresholds,
}
"""Place to the model of the table that stands there."""

IN_PLACE: dict[str, type[Table]] = {"topologies": Arm, "task_sets": Tasks}
"""Tables of tables: the model of each that stands there under a name."""


def read_tables(raw: Mapping[str, Any]) -> SweepTables:
    """The tables, every value checked. `Refused` naming the first key, and what it may be."""
    try:
        return SweepTables.model_validate(dict(raw))
    except ValidationError as error:
        raise Refused(_said(error, raw)) from None


def check_keys(where: str, table: Mapping[str, Any], known: tuple[str, ...] | list[str]) -> None:
    """`Refused` for the first key that is not known, with the nearest that is."""
    for key in table:
        if key not in known:
            raise Refused(f"{where} has no key {key!r}; {near(key, known)}")


def _said(error: ValidationError, raw: Mapping[str, Any]) -> str:
    """The first of what is wrong: which key, what it is and what it must be."""
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    steps = list(_steps(first["loc"], raw))
    parts = [str(part) for part, _, _ in steps if not isinstance(part, int)]
    key, value, must = ".".join(parts), steps[-1][1], steps[-1][2]
    if first["type"] == "extra_forbidden":
        where = ".".join(parts[:-1]) or "the sweep"
        known = list(_model_at(parts[:-1]).model_fields)
        return f"{where} has no key {parts[-1]!r}; {near(parts[-1], known)}"
    if first["type"] == "missing":
        missing = str(first["loc"][-1])
        field = _model_at(parts).model_fields[missing]
        return f"{key}.{missing} is missing; it must be {field.description}"
    if value == []:
        return f"{key} is an empty list; give it at least one value"
    if first["type"] == "less_than_equal" and first.get("ctx", {}).get("le") == LARGEST:
        return f"{key} is beyond {LARGEST}, the most that a record holds"
    has = "has" if isinstance(steps[-1][0], int) else "is"
    return f"{key} {has} {value!r}; it must be {must}"


def _steps(
    loc: tuple[int | str, ...], raw: Mapping[str, Any]
) -> Iterator[tuple[int | str, Any, str]]:
    """Each step of a place that the file has: key or position, value, and what that must be.

    What pydantic names besides (the branch of a union) is no step.
    """
    value: Any = raw
    parts: list[str] = []
    must = ""
    for part in loc:
        if isinstance(part, int) and isinstance(value, list) and part < len(value):  # pyright: ignore[reportUnknownArgumentType]
            value = value[part]  # pyright: ignore[reportUnknownVariableType]
        elif isinstance(value, dict) and part in value:
            value = value[part]  # pyright: ignore[reportUnknownVariableType]
            parts.append(str(part))
            must = _must(parts)
        else:
            continue
        yield part, value, must  # pyright: ignore[reportUnknownVariableType]


def _must(parts: list[str]) -> str:
    if len(parts) == 2 and parts[0] in IN_PLACE:
        return "a table of settings"
    field = _model_at(parts[:-1]).model_fields.get(parts[-1])
    return AXIS if field is None else str(field.description)


def _model_at(parts: list[str]) -> type[Table]:
    """The model of the table at a place."""
    if len(parts) > 1 and parts[0] in IN_PLACE:
        return IN_PLACE[parts[0]]
    return TABLES.get(".".join(parts), SweepTables)
