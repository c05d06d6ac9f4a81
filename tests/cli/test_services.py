"""CPT and HCPCS on the command line: imports, search, single codes and modifiers."""

from __future__ import annotations

import pytest

from suggest.code_sets.service_table import has_table
from suggest.records import System

CPT = "CPT(R) 2026 Data File\n00001\tInvented service of the gadget\n00002\tInvented bending of the gadget\n"
needs_cpt = pytest.mark.skipif(not has_table(System.CPT), reason="the CPT table was removed")


@pytest.fixture
def cpt_file(tmp_path):
    path = tmp_path / "LONGULT.txt"
    path.write_text(CPT, encoding="utf-8")
    return path


@pytest.fixture
def hcpcs_file(tmp_path):
    lines = []
    for code, kind, text, ended in (("LT", "7", "Port side", ""), ("J1885", "3", "Ketorolac of CMS", "20241231")):
        start = f"{code:>5}00100{kind}{text:<80}"
        lines.append(f"{start:<268}2020010120240101{ended:<8}N".ljust(320))
    path = tmp_path / "HCPC2025_JAN_ANWEB.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_cpt_is_imported_and_searched(run, cpt_file):
    done = run("codes", "import", "cpt", cpt_file)
    assert done.code == 0
    assert done.out == "CPT 2026: 2 codes, 0 ended before 2026-01-01\n"
    found = run("codes", "search", "gadget", "bending", "--system", "cpt").out
    assert found == "00002  *  Invented bending of the gadget\n"
    again = run("codes", "import", "cpt", cpt_file, "--edition", "2026")
    assert again.out.endswith("LONGULT.txt took the place of LONGULT.txt\n")


def test_hcpcs_is_imported_with_its_modifiers(run, hcpcs_file):
    done = run("codes", "import", "hcpcs", hcpcs_file)
    assert done.code == 0
    assert done.out == "HCPCS 2025-01: 1 codes, 1 ended before 2025-01-01\n1 modifiers\n"
    lines = run("codes", "show", "J1885", "--system", "HCPCS").out.splitlines()
    assert lines[0] == "J1885  Ketorolac of CMS"
    assert lines[1] == "  HCPCS CMS 2025-01, since 2020-01-01, ended 2024-12-31"
    assert run("codes", "search", "J1885", "--system", "HCPCS").out == "J1885    Ketorolac of CMS\n"
    assert run("codes", "show", "lt").out == "LT  Port side\n  Modifier, CMS 2025-01\n  Applies to: sided\n"
    assert "Ketorolac" in run("codes", "show", "J1885", "--edition", "starter", "--system", "HCPCS").out


def test_editions_list_tables_and_imports(run, cpt_file, hcpcs_file):
    run("codes", "import", "cpt", cpt_file)
    run("codes", "import", "hcpcs", hcpcs_file)
    rows = [line.split() for line in run("codes", "editions").out.splitlines()[1:]]
    expected = [
        ["starter", "CPT", "2026-04-01", "-", "cpt.tsv"],
        ["2026", "CPT", "2026-01-01", "2026-12-31", "LONGULT.txt"],
        ["starter", "HCPCS", "2026-04-01", "-", "hcpcs.tsv"],
        ["2025-01", "HCPCS", "2025-01-01", "-", "HCPC2025_JAN_ANWEB.txt"],
    ]
    assert rows[0][1] == "ICD-10-CM"
    assert [row for row in rows if row[1] in ("CPT", "HCPCS")] == expected[not has_table(System.CPT) :]


@pytest.mark.parametrize("system", ["cpt", "hcpcs"])
def test_a_file_that_is_no_release_is_refused(run, tmp_path, system):
    path = tmp_path / "notes.txt"
    path.write_text("zebrafish\n", encoding="utf-8")
    done = run("codes", "import", system, path, "--edition", "2026" if system == "cpt" else "2026-01")
    assert done.code == 2
    assert done.err.startswith("chartcoder: notes.txt")
    assert "zebrafish" not in done.err


def test_a_code_is_shown_by_its_shape(run):
    out = run("codes", "show", "g0463").out
    assert out.startswith("G0463  ")
    assert "  HCPCS starter\n" in out
    assert "  Section: em\n" in out


def test_all_that_the_table_says_is_shown(run):
    lines = run("codes", "show", "J1439", "--system", "HCPCS").out.splitlines()
    assert "  Units: dose 1 mg" in lines
    assert "  Documented: any:Injectafer|carboxymaltose" in lines
    assert any(line.startswith("  Family: iron-infusion (J1437, J1750, J1756") for line in lines)
    assert any(line.startswith("  Terms: Injectafer, ") for line in lines)
    assert "  Modifiers: add-on: never alone" in run("codes", "show", "G2211").out.splitlines()


@needs_cpt
def test_a_cpt_code_is_shown(run):
    out = run("codes", "show", "99213").out
    assert out.startswith("99213  ")
    assert "  CPT starter\n" in out


def test_a_number_of_two_systems_is_shown_as_a_diagnosis_first(run, home, monkeypatch):
    monkeypatch.setenv("CHARTCODER_HOME", str(home))
    out = run("codes", "show", "J1100").out
    assert out.startswith("J11.00  Influenza")
    assert out.endswith("HCPCS has a code of this number too: chartcoder codes show J1100 --system HCPCS\n")
    assert "HCPCS" not in run("codes", "show", "J11.00").out
    assert "dexamethasone" in run("codes", "show", "J1100", "--system", "HCPCS").out


def test_a_modifier_is_shown(run):
    assert run("codes", "show", "25").out.splitlines()[1:] == ["  Modifier, CPT Appendix A", "  Applies to: em"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("show", "99999"),
            "CPT starter has no code '99999'; search for it: chartcoder codes search --system CPT WORDS",
        ),
        (("show", "J1885", "--system", "HCPCS", "--edition", "2020-01"), "HCPCS 2020-01 is not installed"),
        (("search", "zebrafish", "--system", "HCPCS"), "nothing found in HCPCS starter; try fewer words"),
        (("search", "x", "--system", "SNOMED"), "system 'SNOMED': expected ICD-10-CM, CPT, HCPCS"),
    ],
)
def test_what_is_not_there_is_an_error(run, arguments, message):
    done = run("codes", *arguments)
    assert done.code == 2
    assert message in done.err


def test_cpt_that_is_off_is_not_looked_up(run, cpt_file, monkeypatch):
    run("codes", "import", "cpt", cpt_file)
    monkeypatch.setenv("CHARTCODER_CPT", "off")
    for arguments in (("show", "00001"), ("search", "gadget", "--system", "CPT")):
        done = run("codes", *arguments)
        assert done.code == 2
        assert done.err == "chartcoder: CPT is turned off; set CHARTCODER_CPT=on to look its codes up\n"
    assert run("codes", "show", "25").code == 0
