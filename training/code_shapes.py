"""Which code system a code belongs to, told by its shape alone."""

from __future__ import annotations

import re

from suggest.records import System

# CPT: category I, then II (F), III (T), proprietary laboratory analyses (U), multianalyte assays (M) and
# the vaccine administration codes of 2020 to 2023 (A). PCS uses neither I nor O.
_SHAPES = (
    (System.CPT, re.compile(r"[0-9]{5}|[0-9]{4}[AFMTU]")),
    (System.HCPCS, re.compile(r"[A-Z][0-9]{4}")),
    (System.ICD10PCS, re.compile(r"[0-9A-HJ-NP-Z]{7}")),
)

ICD10CM_SHAPE = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?")
"""Three characters, then a dot and up to four more; upper case."""


def system_of(code: str) -> System:
    """Returns the code system of an upper-case code; ICD-10-CM (written with its dot) where no other fits."""
    for system, shape in _SHAPES:
        if shape.fullmatch(code):
            return system
    return System.ICD10CM


def procedure_system(code: str) -> System:
    """Returns the system of a procedure code; benchmarks cut codes of ICD-10-PCS to four characters."""
    return System.ICD10PCS if len(code) in (4, 7) else system_of(code)


def fits(code: str, system: System) -> bool:
    """Says whether a code has the shape of its system."""
    if system is System.ICD10CM:
        return ICD10CM_SHAPE.fullmatch(code) is not None
    return system_of(code) is system
