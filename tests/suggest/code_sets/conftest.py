"""The shipped edition, compiled once, and small releases written by hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from suggest.code_sets.icd10cm import read_tabular, shipped_tabular
from suggest.code_sets.importers import open_edition
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.tabular import TabularList

REPOSITORY = Path(__file__).parents[3]

SMALL_XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2027</version>
  <chapter>
    <name>19</name>
    <desc>Injury, poisoning (S00-T88)</desc>
    <excludes1><note>birth trauma (P10-P15)</note></excludes1>
    <section id="S00-S09">
      <desc>Injuries to the head (S00-S09)</desc>
      <includes><note>injuries of ear</note></includes>
      <diag>
        <name>S06</name>
        <desc>Intracranial injury</desc>
        <includes><note>traumatic brain injury</note><note>conditions in S09.9</note></includes>
        <excludes1><note>head injury NOS (S09.90)</note></excludes1>
        <sevenChrNote><note>The appropriate 7th character is to be added</note></sevenChrNote>
        <sevenChrDef>
          <extension char="A">initial encounter</extension>
          <extension char="S">sequela</extension>
        </sevenChrDef>
        <notes>
          <note>7th characters S do not apply to codes in category S06 with 6th character 7 - death due to
          brain injury, or 8 - death due to other cause.</note>
        </notes>
        <diag>
          <name>S06.1</name>
          <desc>Traumatic cerebral edema</desc>
          <inclusionTerm><note>Diffuse traumatic   cerebral edema</note></inclusionTerm>
          <diag><name>S06.1X</name><desc>Traumatic cerebral edema</desc>
            <diag><name>S06.1X0</name><desc>Traumatic cerebral edema without coma</desc></diag>
            <diag><name>S06.1X7</name><desc>Traumatic cerebral edema with death</desc></diag>
          </diag>
        </diag>
        <diag><name>S06.2</name><desc>Diffuse brain injury</desc></diag>
      </diag>
      <diag>
        <name>S09</name>
        <desc>Other injuries of head</desc>
        <diag><name>S09.90</name><desc>Unspecified injury of head</desc></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""


@pytest.fixture(scope="session")
def shipped_home(home: Path) -> Path:
    return home


@pytest.fixture(scope="session")
def shipped_list() -> TabularList:
    path = shipped_tabular()
    with path.open("rb") as file:
        return read_tabular(file, path.name)


@pytest.fixture(scope="session")
def shipped(shipped_home: Path) -> CodeIndex:
    return open_edition(shipped_home, "FY2026")


@pytest.fixture(scope="session")
def release_2025() -> Path:
    folder = Path(os.environ.get("CHARTCODER_DEV_DATA", REPOSITORY.parent / "shared" / "data"))
    path = folder / "terminology" / "icd10cm-2025-codes.zip"
    if not path.exists():
        pytest.skip(f"no development data: {path.name} is not there")
    return path


@pytest.fixture
def small_xml() -> str:
    return SMALL_XML


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file into the test's folder and returns its path."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
