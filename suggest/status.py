"""What becomes of a disease that is not the patient's present one: family history, personal history, allergy.

The tables of ``resources/status/`` lead from code prefixes to the Z codes of ICD-10-CM's chapter 21
(guideline I.C.21.c.3 and I.C.21.c.4); the longest prefix wins.
"""

from __future__ import annotations

from functools import lru_cache

from suggest.records import AssertionStatus
from suggest.resources import read_table


def _plain(code: str) -> str:
    return code.replace(".", "").upper()


class PrefixTable:
    """Values by code prefix; the longest prefix wins."""

    def __init__(self, rows: dict[str, str]) -> None:
        """Takes prefix → value; dots in prefixes do not matter."""
        self._rows = {_plain(prefix): value for prefix, value in rows.items()}
        self._longest = max((len(prefix) for prefix in self._rows), default=0)

    def get(self, code: str) -> str | None:
        """Returns the value of the longest prefix of ``code`` in the table."""
        plain = _plain(code)
        for length in range(min(len(plain), self._longest), 0, -1):
            if plain[:length] in self._rows:
                return self._rows[plain[:length]]
        return None

    def __contains__(self, code: str) -> bool:
        return self.get(code) is not None


@lru_cache(maxsize=1)
def family_history() -> PrefixTable:
    """Disease prefix → code of its family history (Z80-Z84)."""
    return PrefixTable({row["prefix"]: row["code"] for row in read_table("status/family_history.tsv")})


@lru_cache(maxsize=1)
def personal_history() -> PrefixTable:
    """Disease prefix → code of its personal history (Z85-Z87)."""
    return PrefixTable({row["prefix"]: row["code"] for row in read_table("status/personal_history.tsv")})


@lru_cache(maxsize=1)
def _history_kinds() -> PrefixTable:
    return PrefixTable({row["prefix"]: row["kind"] for row in read_table("status/personal_history.tsv")})


def history_only_when_resolved(code: str) -> bool:
    """Whether a disease becomes history only when it is called resolved: ``history of`` it may be present."""
    return _history_kinds().get(code) == "resolved-only"


@lru_cache(maxsize=1)
def chronic() -> PrefixTable:
    """Prefixes of lasting diseases: ``history of hypertension`` still means hypertension."""
    return PrefixTable({row["prefix"]: "chronic" for row in read_table("status/chronic.tsv")})


@lru_cache(maxsize=1)
def integral_symptoms() -> dict[str, tuple[str, ...]]:
    """Symptom prefix → disease prefixes that it is integral to (guideline I.B.5)."""
    found: dict[str, list[str]] = {}
    for row in read_table("status/integral_symptoms.tsv"):
        found.setdefault(_plain(row["symptom"]), []).append(_plain(row["disease"]))
    return {symptom: tuple(diseases) for symptom, diseases in found.items()}


def integral_to(symptom: str) -> tuple[str, ...]:
    """Returns the disease prefixes (without dots) that a symptom code is integral to."""
    plain = _plain(symptom)
    table = integral_symptoms()
    return tuple(d for length in range(3, len(plain) + 1) for d in table.get(plain[:length], ()))


def _listed(name: str, column: str) -> list[tuple[str, tuple[str, ...], str]]:
    rows = read_table(name)
    return [(_plain(r["code"]), tuple(_plain(p) for p in r[column].split("|")), r["source"]) for r in rows]


@lru_cache(maxsize=1)
def _yields() -> list[tuple[str, tuple[str, ...], str]]:
    return _listed("rules/yields.tsv", "to")


@lru_cache(maxsize=1)
def _requires() -> list[tuple[str, tuple[str, ...], str]]:
    return _listed("rules/requires.tsv", "needs")


def yields_to(code: str) -> tuple[tuple[str, ...], str]:
    """Returns the prefixes (without dots) that a code steps back for, and the rule's source."""
    return _first_rule(_yields(), code)


def requires(code: str) -> tuple[tuple[str, ...], str]:
    """Returns the prefixes of which one must be reported for a code to make sense, and the rule's source."""
    return _first_rule(_requires(), code)


def _first_rule(rules: list[tuple[str, tuple[str, ...], str]], code: str) -> tuple[tuple[str, ...], str]:
    plain = _plain(code)
    return next(((found, source) for prefix, found, source in rules if plain.startswith(prefix)), ((), ""))


# these name the state themselves: a past disease and what it left, a removed organ, a relative's disease, an allergy
_SAY_THEMSELVES = {
    AssertionStatus.HISTORICAL: ("I252", "I69", "Z85", "Z86", "Z87", "Z89", "Z90", "Z92", "Z93", "Z94", "Z95", "Z96",
                                 "Z97", "Z98", "Z9181", "O0921", "O0929", "O3421", "P07"),
    AssertionStatus.NEGATED: ("Z28", "Z5309", "Z052", "Z051", "Z67"),
    AssertionStatus.FAMILY: ("Z80", "Z81", "Z82", "Z83", "Z84"),
    AssertionStatus.ALLERGY: ("Z88", "Z910"),
}  # fmt: skip


def says_itself(code: str, assertion: AssertionStatus) -> bool:
    """Whether a code means what the assertion says: ``quit smoking years ago`` is present history of smoking."""
    return _plain(code).startswith(_SAY_THEMSELVES.get(assertion, ("-",)))
