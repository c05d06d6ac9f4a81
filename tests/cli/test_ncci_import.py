"""``chartcoder codes import`` of the tables of NCCI: what is said, and what is refused."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from cli import edit_tables
from suggest.edits.ncci_tables import open_edit_tables
from suggest.errors import CodeSetError

PAIRS = "column1,column2,modifier,deleted,rationale\n29881,29877,1,9999-12-31,x\n10060,99213,9,2013-07-01,y\n"
UNITS = "hcpcs_code,mue_units,mue_mai,mue_rationale,mue_service\n20610,2,3,Clinical: Data,Practitioner\n"
ADD_ONS = "primary_code,add_on_code,aoc_edit_type\n11042,11045,1\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path / "home"))
    app = typer.Typer()
    edit_tables.register(app)

    def invoke(*arguments):
        return CliRunner().invoke(app, list(map(str, arguments)))

    return invoke


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


def test_all_three_tables(run, tmp_path):
    result = run("ncci", write(tmp_path, "practitioner-2024q3.csv", PAIRS))
    assert result.stdout == (
        "2024q3: 1 pairs for professional claims, 2 codes\n"
        "1 rows that were withdrawn as of their first day were left out\n"
    )
    result = run("mue", write(tmp_path, "mue.csv", UNITS), "--edition", "2024q3")
    assert result.stdout == "2024q3: 1 limits of units for professional claims, 1 codes\n"
    result = run("add-on", write(tmp_path, "AOC_V2024Q3-MCR.csv", ADD_ONS))
    assert result.stdout == "2024q3: 1 pairs of procedure and add-on code, 1 codes\n"
    assert all(open_edit_tables(tmp_path / "home"))


def test_a_later_quarter_takes_the_place(run, tmp_path):
    run("ncci", write(tmp_path, "practitioner-2024q3.csv", PAIRS))
    result = run("ncci", write(tmp_path, "practitioner-2024q4.csv", PAIRS))
    assert result.stdout.endswith("practitioner-2024q4.csv took the place of 2024q3\n")


def test_the_kind_of_claim_can_be_named(run, tmp_path):
    path = write(tmp_path, "table-2024q3.csv", PAIRS)
    assert isinstance(run("ncci", path).exception, CodeSetError)
    assert "for facility claims" in run("ncci", path, "--claim", "facility").stdout
