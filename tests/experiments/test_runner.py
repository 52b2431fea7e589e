"""A sweep is run once, whatever engine runs it and however often it is started."""

from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.running.progress import Tally
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep import Sweep, specs
from results.journal import Journal
from results.store import Run, open_run
from tests.experiments.conftest import JARS, MakeSweep

pytestmark = pytest.mark.slow

AssertSame = Callable[[Run, Run], None]


class Stop:
    """A watcher that interrupts a sweep after so many trials of a session, as Ctrl-C would."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, tally: Tally) -> None:
        if tally.done - tally.resumed >= self.after:
            raise KeyboardInterrupt


def here(sweep: Sweep, folder: Path, **options: object) -> Run:
    """Run in this process, which starts at once."""
    return run_sweep(sweep, folder, engine="here", **options)  # type: ignore[arg-type]


def attempts(folder: Path) -> int:
    """Records in the journal, repeated trials counted again."""
    with Journal(folder) as journal:
        return sum(1 for _ in journal.entries())


def test_records_do_not_depend_on_the_engine_or_the_number_of_workers(
    tmp_path: Path, make_sweep: MakeSweep, assert_same: AssertSame
) -> None:
    sweep = make_sweep()
    alone = here(sweep, tmp_path / "here")
    assert alone.complete
    assert alone.trials.height == 12
    assert alone.trials.get_column("passed").any()
    two = run_sweep(sweep, tmp_path / "two", workers=2)
    assert_same(alone, two)


def test_the_order_in_time_does_not_show_in_the_records(
    tmp_path: Path, make_sweep: MakeSweep, assert_same: AssertSame
) -> None:
    sweep = make_sweep()
    whole = here(sweep, tmp_path / "whole")
    shuffled = tmp_path / "broken"
    for after in (1, 5):
        with pytest.raises(KeyboardInterrupt):
            here(sweep, shuffled, progress=Stop(after))
    assert open_run(shuffled).outcome == "interrupted"
    assert attempts(shuffled) == 6
    assert_same(whole, here(sweep, shuffled))
    assert attempts(shuffled) == 12


def test_running_the_same_sweep_again_runs_nothing(tmp_path: Path, make_sweep: MakeSweep) -> None:
    sweep = make_sweep(trials=1)
    here(sweep, tmp_path / "run")
    seen: list[Tally] = []
    again = here(sweep, tmp_path / "run", progress=seen.append)
    assert again.complete
    assert len(seen) == 1
    assert attempts(tmp_path / "run") == 6


def test_a_changed_sweep_is_refused_with_the_difference(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    here(make_sweep(trials=1), tmp_path / "run")
    with pytest.raises(ValueError, match=r"trials: 1 -> 2.*--name, or --fresh"):
        here(make_sweep(trials=2), tmp_path / "run")
    assert open_run(tmp_path / "run").complete


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path, make_sweep: MakeSweep) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear mother")
    with pytest.raises(ValueError, match="is not a run"):
        here(make_sweep(), tmp_path / "letters")
    assert [file.name for file in (tmp_path / "letters").iterdir()] == ["mother.txt"]


def test_a_limit_of_the_sweep_stops_it_cleanly_and_can_be_raised(
    tmp_path: Path, make_sweep: MakeSweep, assert_same: AssertSame
) -> None:
    whole = here(make_sweep(), tmp_path / "whole")
    folder = tmp_path / "limited"
    stopped = here(make_sweep(limits={"sweep": {"tokens": 12_000}}), folder)
    assert 0 < stopped.trials.height < 12
    assert not stopped.complete
    assert "of 12,000 tokens" in stopped.outcome
    assert stopped.manifest["sweep_limits"] == {"tokens": 12_000}
    again = here(make_sweep(limits={"sweep": {"tokens": 12_000}}), folder)
    assert again.trials.equals(stopped.trials)
    assert_same(whole, here(make_sweep(limits={"sweep": {"dollars": 100.0}}), folder))
    assert open_run(folder).manifest["sweep_limits"] == {"dollars": 100.0}


def test_a_limit_of_a_trial_ends_it_as_limit_and_is_graded(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    run = here(make_sweep(trials=1, limits={"model_calls": 2}), tmp_path / "run")
    assert set(run.trials.get_column("ended")) == {"limit"}
    assert run.trials.get_column("passed").null_count() == 0
    assert run.manifest["limits"] == {"model_calls": 2}


def test_crashed_trials_are_kept_and_run_again_only_when_asked(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    file = tmp_path / "endpoint"
    sweep = make_sweep(
        trials=1,
        topologies={"fragile": {"base": "tests.toy_topologies:needs_file", "file": str(file)}},
    )
    crashed = here(sweep, tmp_path / "run")
    assert crashed.complete
    assert set(crashed.trials.get_column("ended")) == {"crashed"}
    assert crashed.trials.get_column("passed").null_count() == 3
    assert "the endpoint went away" in crashed.trials.get_column("crash")[0]
    file.touch()
    assert here(sweep, tmp_path / "run").trials.equals(crashed.trials)
    again = here(sweep, tmp_path / "run", retry_crashed=True)
    assert set(again.trials.get_column("ended")) == {"completed"}
    assert attempts(tmp_path / "run") == 6


def test_a_task_that_cannot_be_made_is_said_before_anything_runs(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    sweep = make_sweep(task_sets={JARS: {"width": [2, 6], "lid": "stuck", "tasks": 2}})
    with pytest.raises(ValueError, match="at most 4 lids can be stuck"):
        here(sweep, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_unknown_engine_is_said(tmp_path: Path, make_sweep: MakeSweep) -> None:
    with pytest.raises(ValueError, match="there is no engine 'pol'; did you mean 'pool'"):
        run_sweep(make_sweep(), tmp_path / "run", engine="pol")


def test_arms_under_other_names_share_the_luck_of_the_work(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    arms = {"single_thread": {}, "mine": {"base": "tests.toy_topologies:build"}}
    run = here(make_sweep(topologies=arms), tmp_path / "run")
    same = ["task", "trial", "passed", "answer", "prompt_tokens", "seconds"]
    parts = run.trials.partition_by("topology", maintain_order=True)
    assert parts[0].select(same).equals(parts[1].select(same))


def test_a_worker_that_dies_is_a_crashed_trial_and_the_sweep_goes_on(
    tmp_path: Path, make_sweep: MakeSweep
) -> None:
    sweep = make_sweep(trials=1, topologies=["tests.toy_topologies:dies"])
    run = run_sweep(sweep, tmp_path / "run", workers=1)
    assert run.trials.get_column("crash").str.contains(r"process died \(exit code 9\)").all()
    assert attempts(tmp_path / "run") == 3
    run_sweep(sweep, tmp_path / "run", workers=1)
    assert attempts(tmp_path / "run") == 3


def test_the_journal_holds_every_trial_of_the_sweep(tmp_path: Path, make_sweep: MakeSweep) -> None:
    sweep = make_sweep(trials=1)
    run = here(sweep, tmp_path / "run")
    assert run.trials.get_column("trial_id").to_list() == [s.trial_id for s in specs(sweep)]
