# Did agents that share a state get in each other's way? `fanout notebook conflicts` opens this;
# with `python experiments/notebooks/conflicts.py [--run latest]` it is a script.

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="fanout: conflicts")

with app.setup:
    import marimo as mo

    from experiments.notebook_parts.controls import grid_line, read_choices, reading, sweep_of
    from experiments.notebook_parts.elements import controls_of, in_simulation, played, words_given
    from experiments.notebook_parts.script import told_in_a_line
    from experiments.notebook_parts.suggestions import chosen, to_open
    from experiments.recorded.counting import counter_of
    from experiments.recorded.show import trajectory
    from experiments.recorded.witnesses import conflict_lines
    from experiments.refused import REFUSALS, Refused
    from results.charts.budget import success_over_budget
    from results.charts.conflicts import conflict_anatomy
    from results.charts.palette import offline
    from results.conflicts.declared import conflicts_of
    from results.conflicts.harm import unchecked
    from results.conflicts.serial_twins import serial_twins, twin_of
    from results.reports.conflict_list import LOOK, finding_list, finding_of, kinds_of
    from results.reports.page import part
    from results.reports.report import composed, sections
    from results.store import open_run


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Did agents get in each other's way?

    Agents that share a state can read what another is about to change, write over each other, or
    do a thing twice. Such conflicts are proved here from what each agent read and wrote. Whether
    one **hurt** is another question, asked beside the same trial done one agent at a time.

    The models named `simulated:` are no language models: they show that the instrument works, and
    are no evidence about a real model.
    """)
    return


@app.cell
def _():
    # A script has no page: what goes wrong ends it, and what is found is printed.
    script = mo.app_meta().mode == "script"
    return (script,)


@app.cell
def _(script):
    _coupled = {"name": "conflicts", "task_sets": "orders", "style": "crud", "coupling": "0,0.5,1"}
    _coupled["topologies"] = "single_thread,lead_subagents,serial_team"
    with told_in_a_line(script):
        given = read_choices(_coupled | words_given())
    return (given,)


@app.cell
def _(given):
    sources = {"Run a small coupled sweep": "sweep", "Open a recorded run": "recorded"}
    source = mo.ui.radio(sources, list(sources)[bool(given.run)], inline=True)
    source
    return (source,)


@app.cell
def _(given):
    _asked = ("topologies", "coupling", "width", "style", "model", "tasks", "trials")
    controls = controls_of(given, _asked)
    return (controls,)


@app.cell
def _(controls, given, script):
    choices = chosen(given, controls.value)
    try:
        with told_in_a_line(script and not given.run):
            sweep = sweep_of(choices)
        size = f"{grid_line(sweep)}{in_simulation(sweep)}"
    except REFUSALS as error:
        sweep, size = None, f"This sweep cannot be run: {error}"
    run_button = mo.ui.run_button(label="Run the sweep", kind="success", disabled=sweep is None)
    return choices, run_button, size, sweep


@app.cell
def _(controls, run_button, size, source):
    mo.stop(source.value != "sweep")
    _all = list(controls.values())
    _rows = [mo.hstack(row, widths="equal", gap=1.5) for row in (_all[:4], _all[4:])]
    _button = mo.hstack([run_button, mo.md(size)], justify="start", align="center")
    mo.vstack([*_rows, _button])
    return


@app.cell
def _():
    get_ran, set_ran = mo.state(None)
    return get_ran, set_ran


@app.cell
def _(choices, run_button, script, set_ran, source, sweep):
    mo.stop(source.value != "sweep" or sweep is None or not (run_button.value or script))
    _ran = played(sweep, choices, script)
    if _ran is not None:
        set_ran(_ran)
    return


@app.cell
def _(given, script, source):
    # Made anew with the source, so that a sweep that has just run is in the list.
    with told_in_a_line(script):
        runs = to_open(given) if source.value == "recorded" else {}
    run_choice = mo.ui.dropdown(runs, next(iter(runs), None), label="run", searchable=True)
    run_choice if runs else mo.md("" if source.value == "sweep" else "*No run is recorded yet.*")
    return (run_choice,)


@app.cell
def _(get_ran, run_choice, script, source):
    with told_in_a_line(script):
        run = get_ran() if source.value == "sweep" else None
        if run_choice.value:
            run = open_run(run_choice.value)
        _empty = run is not None and run.trials.is_empty()
        if script and _empty:
            raise Refused(f"no trial is recorded in {run.folder} yet")
    mo.stop(run is None)
    mo.stop(_empty, mo.callout(f"No trial is recorded in {run.folder} yet."))
    with told_in_a_line(script):
        _counter = counter_of(run.trials)
        report, parts = (
            composed(run),
            {section.title: section for section in sections(run, _counter)},
        )
    simulated = in_simulation(report)
    mo.Html(part("headed", report) + part("caveats", report.caveats))
    return parts, report, run, simulated


@app.function
def shown(title, section, without: str = ""):
    """A section of the report: its pictures, then its tables and sentences to turn to."""
    if section is None:
        return mo.md(f"## {title}\n\n*This run has not the records that it takes.*")
    told = {
        table.title: mo.Html(
            f'<div style="max-height: 34rem; overflow-y: auto">{part("tabled", table)}</div>'
        )
        for table in section.tables
    }
    told["In words"] = mo.Html(part("caveats", section.sentences))
    drawn = [offline(chart) for name, chart in section.charts.items() if name != without]
    return mo.vstack([mo.md(f"## {title}"), *drawn, mo.ui.tabs(told)])


@app.cell
def _(parts, simulated):
    _section = parts.get("Did state conflict?")
    shown(f"How often it happened, and whether it hurt{simulated}", _section, "conflict_anatomy")
    return


@app.cell
def _(run, simulated):
    found = conflicts_of(run)
    twins = serial_twins(run.trials, found, unknown=unchecked(run.accesses, run.trials))
    mo.stop(found.is_empty(), mo.md("*No conflict was found in any trial that was checked.*"))
    kinds = kinds_of(found)
    kind_choice = mo.ui.dropdown(kinds, next(iter(kinds)), label="kind")
    mo.md(f"""
    ## The anatomy of a conflict{simulated}

    Choose a finding. First come those whose trial failed while its serial twin passed: being at
    work at once cost that trial, by this conflict or another.

    {kind_choice}
    """)
    return found, kind_choice, twins


@app.cell
def _(found, kind_choice, run, twins):
    _listed = finding_list(run.trials, found, twins, kind_choice.value)
    finding_choice = mo.ui.table(_listed, selection="single", initial_selection=[0], **LOOK)
    finding_choice
    return (finding_choice,)


@app.cell
def _(finding_choice, found, simulated):
    finding = finding_of(found, finding_choice.value)
    mo.stop(finding is None, mo.md("*Choose a finding in the table to see it here.*"))
    offline(conflict_anatomy(finding, simulated))
    return (finding,)


@app.cell
def _(finding, run, simulated):
    _twin = twin_of(run.trials, finding["trial_id"]) or {}
    _ids = [finding["trial_id"], *filter(None, [_twin.get("trial_id")])]
    _told = ["\n".join([*trajectory(run, one), *conflict_lines(run, one)]) for one in _ids]
    _told += [] if _twin else ["No serial twin of this trial was recorded."]
    _head = mo.md(f"### The trial, and beside it the same, one agent at a time{simulated}")
    mo.vstack([_head, mo.hstack([mo.Html(part("text", one)) for one in _told], widths="equal")])
    return


@app.cell
def _(parts, simulated):
    shown(f"The map{simulated}", parts.get("The map"))
    return


@app.cell
def _(parts, run, simulated):
    _title, _section = f"What a budget buys{simulated}", parts.get("What a budget buys")
    _parts = [shown(_title, _section)] if _section else [mo.md(f"## {_title}")]
    mo.vstack([*_parts, offline(success_over_budget(run))])
    return


@app.cell
def _(parts, simulated):
    shown(f"Where the tokens go{simulated}", parts.get("Where the tokens go"))
    return


@app.cell
def _(parts, report, run, script):
    _again = reading(run, "conflicts", "notebook conflicts --run")
    if script:
        _section = parts.get("Did state conflict?")
        print(f"{report.title}{f' ({report.simulation})' if report.simulation else ''}")
        print("\n".join(_section.sentences if _section else ["No accesses are recorded in it."]))
    _commands = mo.Html(part("text", "\n".join([report.command, *_again])))
    mo.vstack([mo.md("## How to reproduce"), _commands])
    return


if __name__ == "__main__":
    app.run()
