"""Recorded runs of other harnesses, turned into the four frames of `results.records`.

What a file does not say stays null. `IMPORTERS` names where each format is read; each entry is a
function of a path that gives frame name to frame.
"""

IMPORTERS: dict[str, str] = {
    "tau-bench": "results.imports.tau_bench:import_tau_bench",
    "dpbench": "results.imports.dpbench:import_dpbench",
    "jsonl": "results.imports.jsonl:import_jsonl",
}
"""Format name to its importer ("module:function"): a path in, frame name to frame out."""
