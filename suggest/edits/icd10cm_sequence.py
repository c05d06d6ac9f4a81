"""Edits of the order of diagnoses: what may stand first, what has to, and what follows what.

These look at the sequence of the claim; all other edits report the same for the same codes in any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from suggest.code_sets.tabular import NoteKind
from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts
from suggest.edits.known import grouped, known
from suggest.edits.named import NamedCodes, named_codes
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.leading import Precedence, precedences
from suggest.records import Claim, Finding, Setting

_EXTERNAL = Report("external-cause-first", "guideline I.C.20.a.6; Medicare Code Editor")
_MANIFESTATION = Report("manifestation-first", "guideline I.A.13; Medicare Code Editor")
_UNACCEPTABLE = Report("unacceptable-principal", "Medicare Code Editor")
_STATUS = Report("secondary-only-first", "guideline I.C.21.c")
_FIRST_ONLY = Report("first-listed-only", "guideline I.C.21.c.16")
_ORDER = Report("code-first-order", "guideline I.A.17")
_PRECEDENCE = Report("sequence", "guidelines II, III")
_BURNS = Report("burn-order", "guideline I.C.19.d.1")
_DEGREE = Report("burn-degrees", "guideline I.C.19.d.2")
_SEQUELA = Report("sequela-order", "guideline I.B.10")

# Guideline I.C.21.c.16: reasons for an encounter that stand first, unless several of them apply.
_FIRST_LISTED = (
    "Z00", "Z01", "Z02", "Z04", "Z332", "Z3181", "Z3182", "Z3183", "Z3184", "Z34", "Z38", "Z39", "Z40", "Z42",
    "Z510", "Z511", "Z52", "Z761", "Z762", "Z9912",
)  # fmt: skip
# Codes that describe another one on the claim (I.B.14, I.C.15.b, I.C.18.g, I.C.21.c.3 and the tabular list).
_SECONDARY = re.compile(r"R652|R29[67]|R402[1-4]|B9[5-7]|Z1[67]|Z19|Z3[7A]|Z66|Z67|Z68|Z79|Y9|T31|T32")
_DRUG_EFFECT = re.compile(r"T(?:3[6-9]|4\d|50).{2}[56]")
_BURNS_OF_SKIN = ("T20", "T21", "T22", "T23", "T24", "T25")
# 4th character of burns (1 to 3) and corrosions (5 to 7)
_DEGREES = {"1": 1, "2": 2, "3": 3, "5": 1, "6": 2, "7": 3}
_LATE = "S"
_NATURE = "ABCDEFGHIJKLMNOPQR"


def external_cause_first(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """An external cause as the first diagnosis."""
    for fact in _first(coded, tables):
        if "external-cause" in fact.editor:
            yield _EXTERNAL.error(
                [fact.code], f"{fact.code} is an external cause and stands first", "Put what it caused before it"
            )


def manifestation_first(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A manifestation as the first diagnosis."""
    for fact in _first(coded, tables):
        if "manifestation" in fact.editor:
            yield _MANIFESTATION.error(
                [fact.code], f"{fact.code} is a manifestation and stands first", "Put the underlying disease before it"
            )


def unacceptable_principal(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A principal diagnosis of a stay that Medicare's code editor does not accept."""
    if coded.encounter.claim is not Claim.FACILITY or coded.encounter.setting is not Setting.INPATIENT:
        return
    for fact in _first(coded, tables):
        if "unacceptable" in fact.editor:
            yield _UNACCEPTABLE.error(
                [fact.code],
                f"{fact.code} is not accepted as the principal diagnosis of a stay",
                "Put the condition that occasioned the admission first",
            )
        elif "needs-secondary" in fact.editor and len(coded.diagnoses) == 1:
            yield _UNACCEPTABLE.error(
                [fact.code],
                f"{fact.code} is accepted as the principal diagnosis only with another diagnosis",
                "Add the condition that the care is for",
            )


def secondary_only_first(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A code that only describes another one, as the first diagnosis of an encounter."""
    for fact in _first(coded, tables):
        if _SECONDARY.match(fact.plain) and "external-cause" not in fact.editor:
            yield _STATUS.warning(
                [fact.code],
                f"{fact.code} describes another diagnosis and stands first",
                "Put the reason for the encounter before it",
            )


def first_listed_only(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A reason for an encounter that may only stand first, but follows something else."""
    diagnoses = known(coded, tables)
    if not diagnoses or diagnoses[0].plain.startswith(_FIRST_LISTED):
        return
    for fact in diagnoses[1:]:
        if fact.plain.startswith(_FIRST_LISTED):
            yield _FIRST_ONLY.warning(
                [fact.code],
                f"{fact.code} may only stand first, and {diagnoses[0].code} does",
                f"Put {fact.code} first, or remove it where it is not the reason for the encounter",
            )


def code_first_order(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A code before another one that its own note says to code first."""
    diagnoses = known(coded, tables)
    for place, fact in enumerate(diagnoses):
        notes = [note for note in named_codes(tables.index, fact.row, NoteKind.CODE_FIRST) if _at_code(note, fact)]
        if not notes:
            continue
        before = {other.row for other in diagnoses[:place]}
        for other in diagnoses[place + 1 :]:
            note = next((note for note in notes if note.names(other.row)), None)
            if note is None or note.names_any(before):
                continue
            if other.category != fact.category and not _of_drug(other):
                yield _ORDER.warning(
                    [fact.code, other.code],
                    f"{other.code} is coded before {fact.code} (code first at {note.place})",
                    f"Put {other.code} before {fact.code}",
                    edition=tables.index.edition.name,
                )


def _at_code(note: NamedCodes, fact: Facts) -> bool:
    """Whether a note stands at the code or above it, not at a block or chapter."""
    return fact.code.startswith(note.place)


def _of_drug(fact: Facts) -> bool:
    """Whether a code is an adverse effect or underdosing, which follows what it did."""
    return _DRUG_EFFECT.match(fact.plain) is not None


def sequence(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """The first diagnosis is one that a guideline puts behind another one on the claim (``rules/sequence.tsv``)."""
    diagnoses = known(coded, tables)
    if len(diagnoses) < 2:
        return
    lead = diagnoses[0]
    for rule in precedences():
        if not rule.then.search(lead.plain) or rule.first.search(lead.plain):
            continue
        first = _earliest(rule, diagnoses[1:])
        if first is not None:
            yield _PRECEDENCE.warning(
                [lead.code, first.code],
                f"{lead.code} stands first, and follows {first.code}",
                f"Put {first.code} before {lead.code}, unless the documentation shows another reason for the encounter",
                source=f"guideline {rule.source}" if rule.source[0] == "I" else f"ICD-10-CM {rule.source}",
            )
            return


def _earliest(rule: Precedence, diagnoses: Sequence[Facts]) -> Facts | None:
    return next((fact for fact in diagnoses if rule.first.search(fact.plain)), None)


def burn_order(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A burn before one of a higher degree."""
    burns = [(fact, _degree(fact)) for fact in known(coded, tables) if _degree(fact)]
    for (fact, degree), (later, later_degree) in pairwise(burns):
        if later_degree > degree:
            yield _BURNS.warning(
                [fact.code, later.code],
                f"{later.code} is of a higher degree than {fact.code}, which stands before it",
                f"Put {later.code} first: burns go by degree, the highest first",
            )


def _degree(fact: Facts) -> int:
    """Returns the degree of a burn or corrosion of the skin, 0 for other codes and unspecified degrees."""
    if not fact.plain.startswith(_BURNS_OF_SKIN):
        return 0
    return _DEGREES.get(fact.plain[3:4], 0)


def burn_degrees(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Burns of one site and side of different degrees: the highest alone is reported (guideline I.C.19.d.2)."""
    burns = [fact for fact in known(coded, tables) if _degree(fact)]
    for group in grouped(burns, lambda fact: (fact.category, fact.side, fact.plain[4])):
        if len({_degree(fact) for fact in group}) > 1:
            codes = [fact.code for fact in group]
            yield _DEGREE.warning(
                codes, f"{', '.join(codes)} are degrees of burns of one site", "Keep the code of the highest degree"
            )


def sequela_order(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """The injury that left a sequela as the first diagnosis: what remains of it goes before it."""
    diagnoses = known(coded, tables)
    if not diagnoses or not _is_sequela(diagnoses[0]):
        return
    nature = next((fact for fact in diagnoses[1:] if fact.plain[0] in _NATURE), None)
    if nature is not None:
        yield _SEQUELA.warning(
            [diagnoses[0].code, nature.code],
            f"{diagnoses[0].code} is the cause of a sequela and stands before the condition that remains",
            f"Put the condition that remains first ({nature.code} if it is the one)",
        )


def _is_sequela(fact: Facts) -> bool:
    return fact.stem != fact.row and fact.plain[-1] == _LATE and fact.plain[0] in "ST"


def _first(coded: CodedSet, tables: EditTables) -> list[Facts]:
    """Returns the first diagnosis, or nothing where the claim has none or the edition lacks it."""
    if not coded.diagnoses:
        return []
    fact = tables.facts(coded.diagnoses[0].code.code)
    return [fact] if fact else []


SEQUENCE_EDITS: tuple[Edit, ...] = (
    external_cause_first, manifestation_first, unacceptable_principal, secondary_only_first, first_listed_only,
    code_first_order, sequence, burn_order, burn_degrees, sequela_order,
)  # fmt: skip
SEQUENCE_NAMES = frozenset(
    report.edit
    for report in (
        _EXTERNAL, _MANIFESTATION, _UNACCEPTABLE, _STATUS, _FIRST_ONLY, _ORDER, _PRECEDENCE, _BURNS, _SEQUELA,
    )
)  # fmt: skip
"""Ids of the edits that look at the order of the claim."""
