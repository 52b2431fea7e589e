"""The agent side: LangGraph graphs that see only messages and tools, and their models.

What can be named in a sweep is in the dicts below, as "module:function" so that importing this
package is cheap.
"""

from __future__ import annotations

MODELS: dict[str, str] = {
    "openai": "topologies.models:openai_model",
    "simulated": "topologies.models:simulated_model",
}
"""Provider to builder: `build(name, settings)` for the model "provider:name"."""
