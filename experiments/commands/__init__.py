"""What each command of `fanout` takes and does, one module each.

A module has `HELP` and `EXAMPLE` (a line each), `add_arguments(parser)`, and `run(arguments)`,
which gives the exit code. All of them are imported for `fanout --help`: what is dear to import is
imported in `run`.
"""

COMMANDS: dict[str, str] = {
    "run": "experiments.commands.run",
    "check": "experiments.commands.check",
    "new": "experiments.commands.new",
    "list": "experiments.commands.listing",
    "show": "experiments.commands.show",
    "report": "experiments.commands.report",
    "chart": "experiments.commands.chart",
    "conflicts": "experiments.commands.conflicts",
    "profile": "experiments.commands.profile",
    "gate": "experiments.commands.gate",
    "compare": "experiments.commands.compare",
    "plan": "experiments.commands.plan",
    "horizon": "experiments.commands.horizon",
    "lint": "experiments.commands.lint",
    "import": "experiments.commands.importing",
    "export": "experiments.commands.exporting",
    "sensitivity": "experiments.commands.sensitivity",
    "probe": "experiments.commands.probe",
    "notebook": "experiments.commands.notebook",
    "model serve": "experiments.commands.serve",
}
"""Command to its module, in the order of `fanout --help`; one of two words is in a group."""

GROUPS: dict[str, str] = {"model": "the simulated model"}
"""First word of a command of two, to what all of them are about."""
