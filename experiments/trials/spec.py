"""What one trial is: everything that its record depends on, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from experiments.trials.roles import Simulation, simulation
from tasks.faults.plan import Plan
from tasks.task import Setting, Split


@dataclass(frozen=True)
class Limits:
    """What one trial may use; None is no limit. Reaching one ends the trial as `limit`.

    `seconds` are simulated ones for a simulated model; `tokens` are prompt and completion together.
    """

    model_calls: int | None = 200
    tokens: int | None = None
    seconds: float | None = None
    dollars: float | None = None


Interrupts = Literal["pause", "approve", "reject"]

Unit = Literal["dollars", "tokens", "output_tokens"]


@dataclass(frozen=True)
class Budget:
    """What a trial may use, and its agents know of: the same for every topology.

    Dollars are cache-aware; tokens are prompt and completion together.
    """

    unit: Unit
    amount: float


@dataclass(frozen=True)
class TrialSpec:
    """One run of one task through one topology.

    `topology` is its name in the sweep, `build` the builder ("module:function") and
    `topology_settings` what the builder is called with. `models` maps a role (`default`, `lead`,
    `subagent`, ...) to a model name. `model_settings` are those of
    `topologies.models.model_settings` for every role, `role_settings` those of one role, which win.
    `replicate` salts the luck of the trial and its agents, and nothing else. `interrupts` is what
    becomes of a graph that asks for a person: the trial pauses, or the answer is always the same.
    `faults` is the plan of what the world does wrong.
    """

    sweep: str
    sweep_seed: int
    topology: str
    build: str
    topology_settings: Mapping[str, Any]
    task_set: str
    settings: Mapping[str, Setting]
    split: Split
    index: int
    trial: int
    models: Mapping[str, str]
    model_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    limits: Limits = field(default_factory=Limits)
    budget: Budget | None = None
    replicate: str = ""
    role_settings: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict[str, Mapping[str, Any]]
    )
    interrupts: Interrupts = "pause"
    faults: Plan | None = None

    @cached_property
    def trial_id(self) -> str:
        """A hash of everything above, so that equal specs share a record."""
        known = asdict(self)
        for name in ("budget", "faults", "replicate", "role_settings"):
            if not known[name]:
                del known[name]
        if known["interrupts"] == "pause":
            del known["interrupts"]
        text = json.dumps(known, sort_keys=True, default=dict)
        return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()

    @cached_property
    def simulation(self) -> Simulation:
        """Whether all, some or none of its models are simulated."""
        return simulation(self)

    @property
    def simulated(self) -> bool:
        """Whether all its models are simulated."""
        return self.simulation == "simulated"
