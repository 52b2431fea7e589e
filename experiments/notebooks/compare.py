# One agent thread, or a lead with subagents? `fanout notebook compare` opens this; with
# `python experiments/notebooks/compare.py [--tasks 2 | --run latest]` it is a script.

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="fanout: compare")

with app.setup:
    import marimo as mo

    from experiments.notebook_parts.controls import grid_line, read_choices, reading, sweep_of
    from experiments.notebook_parts.elements import controls_of, in_simulation, played, words_given
    from experiments.notebook_parts.script import told_in_a_line
    from experiments.notebook_parts.suggestions import chosen, to_open
    from experiments.printed.conclusion import conclusion, conclusion_lines
    from experiments.recorded.show import trajectory
    from experiments.refused import REFUSALS, Refused
    from results import CHARTS
    from results.charts.palette import offline
    from results.charts.tasks import (
        COLUMN_WIDTHS,
        passes_by_task,
        task_passes,
        trial_list,
        trials_of,
    )
    from results.finder import find
    from results.reports.page import part
    from results.reports.report import composed
    from results.store import open_run


@app.cell(hide_code=True)
def _():
    mo.md("""
    # One thread, or a lead with subagents?

    The same tasks run through different topologies, several times each. What is compared is how
    often a task ends right, how often it does so every time, and what that takes. Run a small sweep
    from here, or open a run that is recorded.

    The models named `simulated:` are no language models: they make errors at rates that their
    profile declares. They show that the instrument works; they are no evidence about a real model.
    """)
    return


@app.cell
def _():
    # A script has no page: what goes wrong ends it, and what is found is printed.
    script = mo.app_meta().mode == "script"
    return (script,)


@app.cell
def _(script):
    with told_in_a_line(script):
        given = read_choices(words_given())
    return (given,)


@app.cell
def _(given):
    sources = {"Run a small sweep": "sweep", "Open a recorded run": "recorded"}
    source = mo.ui.radio(sources, list(sources)[bool(given.run)], inline=True)
    return (source,)


@app.cell
def _(source):
    source
    return


@app.cell(hide_code=True)
def _(source):
    mo.stop(source.value != "sweep")
    mo.md("""
    Where several values are chosen, every combination is run. A setting that a task set does not
    have is left out for it.
    """)
    return


@app.cell
def _(given):
    rows = (
        ("topologies", "task_sets"),
        ("width", "coupling", "mode", "style", "phrasing"),
        ("model", "other_model", "tasks", "trials", "dollars"),
    )
    controls = controls_of(given, [name for row in rows for name in row])
    return controls, rows


@app.cell
def _(controls, rows, source):
    mo.stop(source.value != "sweep")
    mo.vstack(
        [mo.hstack([controls[name] for name in row], widths="equal", gap=1.5) for row in rows]
    )
    return


@app.cell
def _(controls, given, script):
    try:
        with told_in_a_line(script and not given.run):
            choices = chosen(given, controls.value)
            sweep, problem = sweep_of(choices), ""
    except REFUSALS as error:
        choices, sweep, problem = given, None, str(error)
    return choices, problem, sweep


@app.cell
def _(problem):
    run_button = mo.ui.run_button(label="Run the sweep", kind="success", disabled=bool(problem))
    return (run_button,)


@app.cell
def _(problem, run_button, source, sweep):
    mo.stop(source.value != "sweep")
    mo.stop(sweep is None, mo.callout(problem, kind="warn", title="This sweep cannot be run"))
    _size = mo.md(f"{grid_line(sweep)}{in_simulation(sweep)}")
    mo.hstack([run_button, _size], justify="start", align="center", gap=1.5)
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
        runs = to_open(given) if source.value else {}
    run_choice = mo.ui.dropdown(runs, next(iter(runs), None), label="run", searchable=True)
    return (run_choice,)


@app.cell
def _(run_choice, source):
    mo.stop(source.value != "recorded")
    run_choice if run_choice.options else mo.callout("No run is recorded yet: run a small sweep.")
    return


@app.cell
def _(get_ran, run_choice, script, source):
    with told_in_a_line(script):
        if source.value != "recorded":
            run = get_ran()
        else:
            run = open_run(run_choice.value) if run_choice.value else None
        if script and run is not None and run.trials.is_empty():
            raise Refused(f"no trial is recorded in {run.folder} yet")
    return (run,)


@app.cell
def _(run, script):
    mo.stop(run is None)
    with told_in_a_line(script):
        mo.stop(run.trials.is_empty(), mo.callout(f"No trial is recorded in {run.folder} yet."))
        report = composed(run)
    simulated = in_simulation(report)
    return report, simulated


@app.cell
def _(report):
    mo.Html(part("headed", report))
    return


@app.cell
def _(report):
    _said = mo.Html(part("said", report.said) + part("caveats", report.caveats))
    _where = ", in simulation" if report.simulated else ""
    mo.vstack([mo.md(f"## What can be said{_where}"), _said])
    return


@app.cell(hide_code=True)
def _(simulated):
    mo.md(f"""
    ## The numbers{simulated}

    Rates with 95% intervals over tasks. Pass^k is the chance that k trials of the same task all
    pass, which is what a person who relies on an agent asks for.
    """)
    return


@app.cell
def _(report):
    tables = (*report.results, *report.consistency)
    mo.ui.tabs({table.title: mo.Html(part("tabled", table)) for table in tables})
    return


@app.cell
def _(run, simulated):
    # A run without trials has no `simulated`, so that nothing is drawn of it.
    _drawn = [offline(find(CHARTS, name)(run)) for name in CHARTS]
    _pictures = mo.hstack(_drawn, wrap=True, justify="start", gap=2)
    mo.vstack([mo.md(f"## The pictures{simulated}"), _pictures])
    return


@app.cell(hide_code=True)
def _(simulated):
    mo.md(f"""
    ## From a task to what happened{simulated}

    An average hides how a task went wrong. Choose squares, then a trial, and read it step by step.
    """)
    return


@app.cell
def _(report, run):
    mo.stop(not report)
    squares = mo.ui.altair_chart(
        offline(passes_by_task(run)), chart_selection=False, legend_selection=False
    )
    squares
    return (squares,)


@app.cell
def _(run, squares):
    trials = trials_of(run.trials, squares.apply_selection(task_passes(run.trials)))
    trial_choice = mo.ui.table(
        trial_list(trials),
        selection="single",
        page_size=8,
        show_column_summaries=False,
        show_data_types=False,
        show_download=False,
        column_widths=COLUMN_WIDTHS,
    )
    trial_choice
    return (trial_choice,)


@app.cell
def _(run, trial_choice):
    mo.stop(trial_choice.value.is_empty(), mo.md("*Choose a trial in the table to read it here.*"))
    mo.Html(part("text", "\n".join(trajectory(run, trial_choice.value["trial"][0]))))
    return


@app.cell
def _(report):
    mo.accordion(
        {
            "How the numbers are made": mo.Html(part("method", report.method)),
            "What they cannot show": mo.md("\n".join(f"- {text}" for text in report.limits)),
        }
    )
    return


@app.cell
def _(report, run):
    _again = reading(run, "report", "show", "notebook compare --run")
    _commands = mo.Html(part("text", "\n".join([report.command, *_again])))
    _versions = mo.Html(part("versions", report.reproduce))
    mo.vstack([mo.md("## How to reproduce"), _commands, _versions])
    return


@app.cell
def _(report, run, script):
    mo.stop(not report or not script)
    print("\n".join(conclusion_lines(conclusion(run))))
    return


if __name__ == "__main__":
    app.run()
