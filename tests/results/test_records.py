"""The field tables of results/README.md are the schemas of results/records.py."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import results
from results.records import SCHEMAS, frame

README = Path(results.__file__).with_name("README.md").read_text(encoding="utf-8")


def described(name: str) -> dict[str, str]:
    section = README.split(f"### {name}\n")[1].split("### ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \| [^|]+ \| [^|]+ \|$", section, re.MULTILINE))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_readme_describes_every_field_of_a_frame_in_order(name: str) -> None:
    fields = described(name)
    assert list(fields.items()) == [(field, str(kind)) for field, kind in SCHEMAS[name].items()]


def test_a_missing_field_is_null_and_an_unknown_one_is_refused() -> None:
    made = frame("milestones", [{"trial_id": "a", "reached": True}])
    assert made.schema == SCHEMAS["milestones"]
    assert made.get_column("weight").to_list() == [None]
    with pytest.raises(ValueError, match="milestones has no field colour"):
        frame("milestones", [{"colour": "red"}])


def test_importing_results_does_not_import_the_heavy_libraries_or_the_other_packages() -> None:
    code = (
        "import sys, results; heavy = {'altair', 'scipy', 'polars', 'tasks', 'topologies', "
        "'experiments', 'langchain_core', 'langgraph'}; print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_analysis_knows_nothing_of_the_packages_that_made_the_records() -> None:
    code = (
        "import sys, results.reports.report, results.statistics.compare; "
        "other = {'tasks', 'topologies', 'experiments', 'langchain_core', 'langgraph'}; "
        "print(sorted(other & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
