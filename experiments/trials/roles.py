"""Which model a role has, with which settings, and whether it is simulated.

A role that has no model of its own has the default one, as it is set; what is said of the role
itself wins over that, and that over what is said of all.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol

Simulation = Literal["simulated", "partly simulated", ""]
"""All, some or none of the models."""

DEFAULT = "default"
IN_PROCESS = "in this process"


class Models(Protocol):
    """A sweep or a trial: role to name, settings of all roles, and role to settings of its own."""

    @property
    def models(self) -> Mapping[str, str]: ...
    @property
    def model_settings(self) -> Mapping[str, Any]: ...
    @property
    def role_settings(self) -> Mapping[str, Mapping[str, Any]]: ...


def model_of(chosen: Models, role: str) -> tuple[str, dict[str, Any]]:
    """The name of a role's model, and its settings."""
    own = chosen.role_settings
    settings = dict(chosen.model_settings)
    if role not in chosen.models:
        settings |= own.get(DEFAULT, {})
    return chosen.models.get(role, chosen.models[DEFAULT]), settings | dict(own.get(role, {}))


def roles_named(chosen: Models) -> list[str]:
    """The roles that are spoken of, the default one first."""
    return list(dict.fromkeys((DEFAULT, *chosen.models, *chosen.role_settings)))


def simulation(chosen: Models) -> Simulation:
    """Whether models are simulated: it is the built client that is asked, where a name can lie."""
    found = [_is_simulated(*model_of(chosen, role)) for role in roles_named(chosen)]
    return of_flags(found)


def of_flags(simulated: Iterable[bool]) -> Simulation:
    """The word for some models of which each is simulated or not."""
    found = list(simulated)
    return "simulated" if found and all(found) else "partly simulated" if any(found) else ""


def endpoints_of(chosen: Models) -> dict[str, str]:
    """Role to where its model is served, without credentials."""
    return {role: _endpoint(*model_of(chosen, role)) for role in roles_named(chosen)}


def _endpoint(name: str, settings: Mapping[str, Any]) -> str:
    if name.startswith("simulated:"):
        return IN_PROCESS
    from topologies.models.endpoints import endpoint_of
    from topologies.models.model import ModelSettings, make_model

    return endpoint_of(make_model(name, ModelSettings(**settings)))


def _is_simulated(name: str, settings: Mapping[str, Any]) -> bool:
    provider = name.partition(":")[0]
    if provider in ("simulated", "openai"):
        return provider == "simulated"
    # Only a builder from outside has to be asked, which takes the import of a client.
    from topologies.models.endpoints import is_simulated
    from topologies.models.model import ModelSettings, make_model

    return is_simulated(make_model(name, ModelSettings(**settings)))
