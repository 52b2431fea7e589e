"""The agent side: LangGraph graphs that see only messages and tools, and their models.

What can be named in a sweep is in the dicts below, as "module:function" so that importing this
package is cheap.
"""

from __future__ import annotations

from typing import Any

TOPOLOGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "single_thread": ("topologies.single_thread:build", {}),
    "lead_subagents": ("topologies.lead_subagents:build", {}),
    "serial_team": ("topologies.lead_subagents:build", {"schedule": "serial"}),
    "shared_trace": ("topologies.lead_subagents:build", {"context": "trace"}),
    "independent": ("topologies.independent:build", {}),
    "self_consistency": ("topologies.independent:build", {"aggregator": "majority"}),
    "single_writer": ("topologies.lead_subagents:build", {"writers": "lead"}),
}
"""Name to builder and its settings. `my_package.my_module:build` works in place of a name."""

MODELS: dict[str, str] = {
    "openai": "topologies.models.model:openai_model",
    "simulated": "topologies.models.model:simulated_model",
}
"""Provider to builder: `build(name, settings)` for the model "provider:name"."""
