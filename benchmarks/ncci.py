"""Speed of the tables of NCCI: how long an import takes, and how long a claim of 20 codes.

Run ``python benchmarks/ncci.py FILE...`` with the files of a quarter as CMS publishes them, or without files for as
many pairs made up. The claims are of codes that the table knows, so that all 380 ordered pairs are looked up.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from suggest.edits.edit_tables_import import import_pairs
from suggest.edits.ncci_tables import CODE_BITS, PairTable, open_pairs, table_folder, unpack
from suggest.records import Claim

PAIRS = 2_500_000
CODES = 20
CLAIMS = 1000


def make_up(path: Path, pairs: int) -> None:
    """Writes a table of ``pairs`` pairs among 5,000 codes, a third of them deleted."""
    rng = random.Random(1)
    codes = [f"{number:05d}" for number in range(10000, 60000, 10)]
    rows = ["column1,column2,modifier,deleted,rationale"]
    for place in rng.sample(range(len(codes) ** 2), pairs):
        one, other = divmod(place, len(codes))
        if one != other:
            deleted = rng.choice(("9999-12-31", "9999-12-31", "2019-12-31"))
            rows.append(f"{codes[one]},{codes[other]},{place % 2},{deleted},Misuse of Column Two code")
    path.write_text("\n".join(rows), encoding="utf-8")


def known_codes(home: Path) -> list[str]:
    """Returns the codes of the installed table."""
    keys = np.load(table_folder(home, "ncci", Claim.PROFESSIONAL) / "key.npy", mmap_mode="r")
    packed = np.unique(np.concatenate((keys >> CODE_BITS, keys & ((1 << CODE_BITS) - 1))))
    return [unpack(int(code)) for code in packed]


def milliseconds(table: PairTable, claims: list[list[str]], day: date) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Returns how long each claim takes."""
    found = []
    for codes in claims:
        begin = time.perf_counter()
        table.find(codes, day)
        found.append(1000 * (time.perf_counter() - begin))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="files of one quarter; by default a table is made up")
    parser.add_argument("--edition", default=None, help="quarter, where the names do not state it")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how many pairs to make up")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, files, edition = Path(folder), arguments.files, arguments.edition
        if not files:
            files, edition = [home / "made-up.csv"], "2026q1"
            make_up(files[0], arguments.pairs)
        begin = time.perf_counter()
        imported = import_pairs(files, home, edition=edition, claim=Claim.PROFESSIONAL)
        took = time.perf_counter() - begin
        print(f"import: {imported.info.rows} pairs, {imported.info.codes} codes in {took:.1f} s (expected: under 60)")
        begin = time.perf_counter()
        pairs = open_pairs(home)
        print(f"open: {1000 * (time.perf_counter() - begin):.1f} ms")
        table = pairs.of(Claim.PROFESSIONAL) if pairs else None
        assert table is not None
        rng, codes = random.Random(2), known_codes(home)
        claims = [rng.sample(codes, CODES) for _ in range(CLAIMS)]
        times = milliseconds(table, claims, imported.info.quarter.last)
        print(
            f"claim of {CODES} codes: first {times[0]:.2f} ms, median {np.median(times):.2f} ms, "
            f"99 of 100 {np.percentile(times, 99):.2f} ms (expected: under 1)"
        )


if __name__ == "__main__":
    main()
