"""Speed of the edits: milliseconds for a claim of 25 diagnoses, and for one of 20 diagnoses and 5 procedures.

Run ``python benchmarks/edits.py HOME``; ``HOME`` is ChartCoder's data folder, whose imported tables take part. The
claims are drawn from codes of all chapters and from codes that the conventions speak of, so that edits have something
to say. Times are CPU time of one thread. In the first pass most codes are new to the process, in the second all are
known.
"""

from __future__ import annotations

import argparse
import random
import time
from datetime import date
from pathlib import Path

import numpy as np

from suggest.code_sets.importers import open_edition, shipped_edition
from suggest.code_sets.index import CodeIndex
from suggest.edits.coded import CodedSet, of_codes
from suggest.edits.run import run_edits
from suggest.edits.tables import EditTables, open_tables
from suggest.procedures.services import open_all_services
from suggest.procedures.terms import Catalogue
from suggest.records import Code, Encounter, Note, Patient, Sex, System

_USUAL = """
I10 E11.9 E11.22 N18.30 I12.9 I50.22 J44.1 J18.9 A41.9 R65.20 N17.9 E66.9 Z68.35 Z79.4 Z79.01 Z87.891 K21.9 E78.5 I48.91
D64.9 M17.11 M17.12 R05.9 R53.83 S52.501A W01.0XXA Y92.009 F32.A F17.210 C34.90 C79.51 Z51.11 L89.153 H25.11 G47.33
B96.20 N39.0 R07.9 I25.10 I25.2
"""
CLAIMS = 500


def claims(index: CodeIndex, catalogue: Catalogue, diagnoses: int, procedures: int) -> list[CodedSet]:
    """Returns claims of so many diagnoses, half of them usual ones, and procedures."""
    rng = random.Random(1)
    billable = [index.code(row) for row in range(len(index)) if index.billable[row]]
    services = [service for service in catalogue.rows if service.section not in ("drug", "supply")]
    encounter = Encounter("e", (Note("n", "Note."),), patient=Patient(60, Sex.FEMALE), date_of_service=date(2026, 3, 2))
    drawn = []
    for _ in range(CLAIMS):
        usual = rng.sample(_USUAL.split(), diagnoses // 2)
        codes = [Code(System.ICD10CM, code) for code in (*usual, *rng.sample(billable, diagnoses - len(usual)))]
        codes += [Code(service.system, service.code) for service in rng.sample(services, procedures)]
        drawn.append(of_codes(encounter, codes))
    return drawn


def report(what: str, coded: list[CodedSet], tables: EditTables) -> None:
    """Prints times of a first pass, in which most codes are new to the process, and of a second one."""
    for number in ("first", "second"):
        spent, findings = [], 0
        for claim in coded:
            begin = time.process_time()
            findings += len(run_edits(claim, tables))
            spent.append(1000 * (time.process_time() - begin))
        median, slow = np.percentile(spent, (50, 95))
        count = findings / len(coded)
        print(f"{what}, {number} pass: median {median:.2f} ms, 95 % under {slow:.2f} ms; {count:.1f} findings a claim")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", type=Path, help="ChartCoder's data folder")
    home = parser.parse_args().home
    index = open_edition(home, shipped_edition().name)
    catalogue = open_all_services(home).catalogue
    tables = open_tables(home, index, catalogue)
    report("25 diagnoses", claims(index, catalogue, 25, 0), tables)
    report("20 diagnoses and 5 procedures", claims(index, catalogue, 20, 5), tables)


if __name__ == "__main__":
    main()
