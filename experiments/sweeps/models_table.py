"""The table `[models]` of a sweep: a model for each role, and what is said of all or of one."""

import difflib
from collections.abc import Mapping
from typing import Any

from experiments.refused import Refused
from experiments.sweeps.tables import check_keys
from topologies.models.model_settings import KINDS, refuse_odd

DEFAULT_MODEL = "simulated:typical"
ROLES = ("default", "lead", "subagent")


def read_models(
    table: Mapping[str, Any],
) -> tuple[dict[str, str], dict[str, Any], dict[str, dict[str, Any]]]:
    """Role to model, the settings of all roles, and role to settings of its own.

    Values that may hold a key are checked where the settings are, which repeats none of them.
    """
    general = {key: value for key, value in table.items() if key in KINDS}
    refuse_odd("models", general)
    names: dict[str, str] = {}
    own: dict[str, dict[str, Any]] = {}
    for role, value in table.items():
        if role in general:
            continue
        _role(role, value)
        settings: dict[str, Any] = {"name": value} if isinstance(value, str) else dict(value)
        if "name" in settings:
            names[role] = _model_name(f"models.{role}", settings.pop("name"))
        check_keys(f"models.{role}", settings, ("name", *KINDS))
        refuse_odd(f"models.{role}", settings)
        if settings:
            own[role] = settings
    names.setdefault("default", DEFAULT_MODEL)
    return names, general, own


def _role(role: str, value: Any) -> None:
    """`Refused` for what is no role: a slip of a setting, or of no known kind."""
    if isinstance(value, dict) or (isinstance(value, str) and role != "name"):
        meant = difflib.get_close_matches(role, KINDS, 1, cutoff=0.8)
        if meant and role not in ROLES:
            raise Refused(f"models has no key {role!r}; did you mean {meant[0]!r}?")
        return
    if role in ROLES:
        raise Refused(
            f"models.{role} is {value!r}; it must be a model's name, or a table with a name"
        )
    check_keys("models", {role: value}, (*ROLES, *KINDS))


def _model_name(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{where}.name is {value!r}; it must be a model's name: openai:NAME")
    return value
