"""What README.md says is so: its graph runs, its commands, kinds and links are there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from experiments.cli import main, parser
from experiments.commands import COMMANDS
from experiments.commands.new import KINDS
from experiments.trials.trial import run_trial
from tests.trials import spec

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLDERS = ("tasks", "topologies", "results", "experiments")
PAGES = ("README.md", *(f"{folder}/README.md" for folder in FOLDERS))


def test_it_fits_four_screens() -> None:
    lines = README.splitlines()
    assert len(lines) <= 170
    assert max(map(len, lines)) <= 100


def test_the_graph_it_shows_does_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(# my_graph\.py\n.*?)```", README, re.DOTALL)
    (tmp_path / "my_graph.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    (trial,) = run_trial(spec("single_thread", "ledger", build="my_graph:build"))["trials"]
    assert (trial["ended"], trial["passed"], trial["crash"]) == ("completed", True, None)


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (ROOT / page).parent.joinpath(link).exists(), link


def test_the_commands_it_names_are_there() -> None:
    named = re.findall(r"(?:`|^)fanout ([a-z]+(?: serve)?)", README, re.MULTILINE)
    assert set(named) <= set(COMMANDS)


def test_what_can_be_asked_can_be_typed_so() -> None:
    table = README.split("## What you can ask")[1].split("## ")[0]
    questions = re.findall(r"`fanout ([^`]+)`", table)
    assert len(questions) >= 10
    for question in questions:
        if question not in ("import", "COMMAND --help"):
            parser().parse_args(question.split())


def test_each_kind_that_can_be_made_anew_has_its_row() -> None:
    rows = re.findall(r"^\| an? [^|]+\| `([a-z-]+) NAME` \|", README, re.MULTILINE)
    assert rows == list(KINDS)


def test_help_says_what_every_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for path in COMMANDS.values():
        if not path.endswith("serve"):
            assert import_module(path).HELP in shown.replace("- ", "-"), path
