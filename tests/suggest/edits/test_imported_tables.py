"""Payer policies and the list of POA-exempt codes: files that are read, and files that are refused."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import date

import pytest
from typer.testing import CliRunner

from suggest.edits.payer_policies import COLUMNS, import_policies, open_policies, read_policies
from suggest.edits.poa_exempt import PROJECT_TABLE, import_poa_exempt, open_poa_exempt
from suggest.errors import CodeSetError

HEADER = ",".join(COLUMNS)
LINE = "acme,AC-1,82306,E55.9|M81.*|N18.3-N18.6,once a year,yes,2026-01-01,"


def written(folder, *lines, header=HEADER, name="policies.csv"):
    path = folder / name
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_policy_is_read(tmp_path):
    (policy,) = read_policies(written(tmp_path, LINE))
    assert (policy.payer, policy.policy, policy.procedure) == ("acme", "AC-1", "82306")
    assert (policy.frequency, policy.prior_authorization) == ("once a year", True)
    assert (policy.effective_from, policy.effective_to) == (date(2026, 1, 1), None)
    covered = [code for code in ("E55.9", "M81.0", "N18.4", "N18.32", "E55.0", "N18.2") if policy.covers(code)]
    assert covered == ["E55.9", "M81.0", "N18.4", "N18.32"]


def test_columns_may_stand_in_any_order_and_be_apart_by_semicolons(tmp_path):
    header = ";".join(reversed(COLUMNS))
    (policy,) = read_policies(written(tmp_path, ";".join(reversed(LINE.split(","))), header=header))
    assert policy.procedure == "82306"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("acme,AC-1,8230,,,,,", "policies.csv:2: procedure '8230'; expected a CPT, HCPCS or ICD-10-PCS code"),
        ("acme,,82306,,,,,", "policies.csv:2: policy is empty"),
        (",AC-1,82306,,,,,", "policies.csv:2: payer is empty"),
        ("acme,AC-1,82306,diabetes,,,,", "policies.csv:2: diagnosis 'DIABETES'; expected E11.9, E11.* or E08-E13"),
        ("acme,AC-1,82306,,,maybe,,", "policies.csv:2: prior_authorization 'maybe'; expected yes or no"),
        (
            "acme,AC-1,82306,,,,1/1/2026,",
            "effective_from '1/1/2026'; expected a day such as 2026-01-31",
        ),
        ("acme,AC-1,82306,,,,2026-02-01,2026-01-01", "effective_from 2026-02-01 lies after effective_to 2026-01-01"),
        ("acme,AC-1,82306", "policies.csv:2: expected as many cells as the first line has columns"),
        ("acme,AC-1,82306,,,,,,,", "policies.csv:2: expected as many cells as the first line has columns"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line, message):
    with pytest.raises(CodeSetError, match=re.escape(message)):
        read_policies(written(tmp_path, line))


def test_files_that_are_no_policies_are_refused(tmp_path):
    with pytest.raises(CodeSetError, match=re.escape("policies.csv:1: lacks policy, procedure")):
        read_policies(written(tmp_path, header="payer,name"))
    with pytest.raises(CodeSetError, match="holds no policy"):
        read_policies(written(tmp_path))
    with pytest.raises(CodeSetError, match="the same as line 2"):
        read_policies(written(tmp_path, LINE, LINE))
    with pytest.raises(CodeSetError, match="cannot be read as UTF-8 text"):
        read_policies(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes(b"payer,\xff\xfe")
    with pytest.raises(CodeSetError, match="cannot be read as UTF-8 text"):
        read_policies(tmp_path / "latin.csv")


def test_an_import_takes_the_place_of_the_same_payers_policies(tmp_path):
    assert open_policies(tmp_path) is None
    import_policies(written(tmp_path, LINE, name="acme.csv"), tmp_path)
    import_policies(written(tmp_path, LINE.replace("acme", "other"), name="other.csv"), tmp_path)
    table = import_policies(written(tmp_path, LINE.replace("AC-1", "AC-2"), name="new.csv"), tmp_path)
    assert sorted((policy.payer, policy.policy) for policy in table.policies) == [("acme", "AC-2"), ("other", "AC-1")]
    assert table.edition == "new.csv, other.csv"
    assert open_policies(tmp_path) == table


def test_a_refused_import_leaves_the_table_in_use(tmp_path):
    table = import_policies(written(tmp_path, LINE), tmp_path)
    with pytest.raises(CodeSetError):
        import_policies(written(tmp_path, LINE, "acme,AC-1,x,,,,,"), tmp_path)
    assert open_policies(tmp_path) == table


@pytest.mark.parametrize("damage", ["", "{", '{"format": 9}', "[]"])
def test_a_damaged_table_is_refused(tmp_path, damage):
    import_policies(written(tmp_path, LINE), tmp_path)
    (tmp_path / "edit_tables" / "policy.json").write_text(damage, encoding="utf-8")
    with pytest.raises(CodeSetError, match="import your policies again"):
        open_policies(tmp_path)


def test_an_altered_table_is_refused(tmp_path):
    import_policies(written(tmp_path, LINE), tmp_path)
    file = tmp_path / "edit_tables" / "policy.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["rows"][0]["procedure"] = "99999"
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(CodeSetError, match="was altered since its import"):
        open_policies(tmp_path)


def exempt_list(folder, count=120, name="POAexemptCodes2026.txt", extra=""):
    lines = [f"{i}\tZ{10 + i // 10}.{i % 10}\tTitle, with a comma" for i in range(count)]
    path = folder / name
    path.write_text("Order\tCode\tDescription\n" + "\n".join(lines) + extra, encoding="utf-8")
    return path


def test_the_list_of_cms_is_read(tmp_path):
    table = import_poa_exempt(exempt_list(tmp_path), tmp_path)
    assert (table.edition, len(table)) == ("FY2026", 120)
    assert table.is_exempt("Z100")
    assert not table.is_exempt("I252")
    assert open_poa_exempt(tmp_path) == table


@pytest.mark.parametrize("shape", ["{plain}", "{dotted} Title", '"{dotted}","Title"', "7 {plain}   TITLE IN CAPITALS"])
def test_lists_of_several_layouts_are_read(tmp_path, shape):
    codes = [(f"Z{10 + i // 10}{i % 10}", f"Z{10 + i // 10}.{i % 10}") for i in range(100)]
    text = "\n".join(shape.format(plain=plain, dotted=dotted) for plain, dotted in codes)
    path = tmp_path / "FY26 exempt.txt"
    path.write_text(text, encoding="utf-8")
    assert import_poa_exempt(path, tmp_path).codes == {plain for plain, _ in codes}


def test_the_list_may_be_zipped_and_its_year_named(tmp_path):
    exempt_list(tmp_path, name="poa_exempt.txt")
    with zipfile.ZipFile(tmp_path / "list.zip", "w") as packed:
        packed.write(tmp_path / "poa_exempt.txt", "poa_exempt.txt")
    with pytest.raises(CodeSetError, match="states no fiscal year"):
        import_poa_exempt(tmp_path / "list.zip", tmp_path)
    assert import_poa_exempt(tmp_path / "list.zip", tmp_path, "FY2027").edition == "FY2027"


@pytest.mark.parametrize(
    ("extra", "count", "message"),
    [
        ("\nno code here", 120, "POAexemptCodes2026.txt:122: no diagnosis code at the beginning"),
        ("\n7\tZ10.0\tagain", 120, "POAexemptCodes2026.txt:122: Z10.0 stands in line 2 already"),
        ("", 20, "holds 20 codes; expected the list"),
    ],
)
def test_a_malformed_list_is_refused_and_the_one_in_use_stays(tmp_path, extra, count, message):
    before = import_poa_exempt(exempt_list(tmp_path), tmp_path)
    with pytest.raises(CodeSetError, match=re.escape(message)):
        import_poa_exempt(exempt_list(tmp_path, count, extra=extra), tmp_path)
    assert open_poa_exempt(tmp_path) == before


def test_without_an_import_the_project_table_holds(tmp_path):
    assert open_poa_exempt(tmp_path) is PROJECT_TABLE
    exempt = ["I252", "I69351", "Z794", "Q210", "S52501D", "O80", "B909", "Y92009", "V4352XA", "Z3A39"]
    reported = ["I10", "E119", "S52501A", "O1404", "P220", "R6521", "L89153", "Z1612", "Y832"]
    assert [code for code in exempt if not PROJECT_TABLE.is_exempt(code)] == []
    assert [code for code in reported if PROJECT_TABLE.is_exempt(code)] == []


@pytest.fixture
def run(tmp_path, monkeypatch):
    from cli.main import app

    monkeypatch.setenv("CHARTCODER_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(app, ["codes", "import", *map(str, words)])


def test_policies_are_imported_on_the_command_line(run, tmp_path):
    done = run("policy", written(tmp_path, LINE))
    assert done.exit_code == 0
    assert "1 policies in use, from policies.csv" in done.output


def test_the_exempt_list_is_imported_on_the_command_line(run, tmp_path):
    done = run("poa-exempt", exempt_list(tmp_path))
    assert done.exit_code == 0
    assert "FY2026: 120 codes exempt from present-on-admission reporting" in done.output
