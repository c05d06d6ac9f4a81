"""Names and labels of the seven axes of ICD-10-PCS codes.

What a character means depends on those before it (Official Guidelines, convention A4): a label is looked up by
its axis, the character, and the characters before it that it depends on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from suggest.resources import read_table

_MEDICAL = ("section", "body system", "root operation", "body part", "approach", "device", "qualifier")
_NAMES = {
    "2": ("section", "anatomical region", "root operation", "body region", "approach", "device", "qualifier"),
    "3": ("section", "body system", "root operation", "body system/region", "approach", "substance", "qualifier"),
    "4": ("section", "body system", "root operation", "body system", "approach", "function/device", "qualifier"),
    "5": ("section", "body system", "root operation", "body system", "duration", "function", "qualifier"),
    "6": ("section", "body system", "root operation", "body system", "duration", "qualifier 6", "qualifier"),
    "7": ("section", "body system", "root operation", "body region", "approach", "method", "qualifier"),
    "8": ("section", "body system", "root operation", "body region", "approach", "method", "qualifier"),
    "9": ("section", "body system", "root operation", "body region", "approach", "method", "qualifier"),
    "B": ("section", "body system", "root type", "body part", "contrast", "qualifier 6", "qualifier"),
    "C": ("section", "body system", "root type", "body part", "radionuclide", "qualifier 6", "qualifier"),
    "D": ("section", "body system", "modality", "treatment site", "modality qualifier", "isotope", "qualifier"),
    "F": (
        "section",
        "section qualifier",
        "root type",
        "body system/region",
        "type qualifier",
        "equipment",
        "qualifier",
    ),
    "G": ("section", "body system", "root type", "type qualifier", "qualifier 5", "qualifier 6", "qualifier"),
    "H": ("section", "body system", "root type", "type qualifier", "qualifier 5", "qualifier 6", "qualifier"),
    "X": ("section", "body system", "root operation", "body part", "approach", "device/substance", "qualifier"),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a code: its name, the character and what it means (empty where no table says)."""

    name: str
    value: str
    label: str


def axis_names(section: str) -> tuple[str, ...]:
    """Returns the names of the seven axes of a section (its character)."""
    return _NAMES.get(section, _MEDICAL)


def axes_of(code: str) -> tuple[Axis, ...]:
    """Returns the axes of the characters of a code or of its beginning, upper case."""
    names = axis_names(code[:1])
    return tuple(Axis(names[i], value, _label(code[:i], value)) for i, value in enumerate(code))


def _label(before: str, value: str) -> str:
    """Returns the label of a character after others: the table names the context as far as it matters."""
    table = _labels()
    axis = len(before) + 1
    for length in range(len(before), -1, -1):
        found = table.get((axis, before[:length], value))
        if found is not None:
            return found
    return ""


@lru_cache(maxsize=1)
def _labels() -> dict[tuple[int, str, str], str]:
    return {(int(row["axis"]), row["after"], row["value"]): row["label"] for row in read_table("pcs/labels.tsv")}
