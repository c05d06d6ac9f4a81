"""Edits of specificity: sides, unspecified codes, integral symptoms, combination codes and codes that need others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from suggest import status
from suggest.combinations import Rule, combination_rules
from suggest.edits.coded import CodedSet
from suggest.edits.facts import Facts, sides_of, without_side
from suggest.edits.known import grouped, known
from suggest.edits.report import Report
from suggest.edits.tables import Edit, EditTables
from suggest.records import Finding

_SIDES = Report("laterality", "guideline I.B.13")
_UNSPECIFIED = Report("unspecified-beside-specified", "guideline I.B.18")
_INTEGRAL = Report("integral-symptom", "guideline I.B.5")
_COMBINATION = Report("combination-code", "guidelines I.A.15, I.B.9")
_YIELDS = Report("gives-way", "guideline I.B.9")
_REQUIRES = Report("needs-another-code", "ICD-10-CM tabular list")

_BILATERAL = "bilateral"
_OPEN = "unspecified"
_SEVERAL_ANYWAY = ("T", "V", "W", "X", "Y")


def laterality(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Sides of one condition that do not go together.

    Right and left where a bilateral code exists; bilateral beside one side; an unspecified side beside a stated one.
    """
    sided = [fact for fact in known(coded, tables) if sides_of(_stem_title(fact, tables))]
    for group in grouped(sided, lambda fact: (fact.category, without_side(_stem_title(fact, tables)))):
        codes = [fact.code for fact in group]
        sides = {fact.side for fact in group}
        if "" in sides and len(sides) > 1:
            yield _SIDES.warning(
                codes,
                f"{', '.join(codes)} name one condition, with a side and without",
                "Remove the code of the unspecified side, unless it is another site",
            )
        elif _BILATERAL in sides and len(sides) > 1:
            yield _SIDES.warning(
                codes,
                f"{', '.join(codes)} name one condition on both sides and on one",
                "Keep the bilateral code alone",
            )
        elif {"right", "left"} <= sides and (both := _bilateral_sibling(group[0], tables)):
            yield _SIDES.warning(
                codes,
                f"{', '.join(codes)} name one condition on the right and the left; {both} names both sides",
                f"Report {both} instead",
            )


def _stem_title(fact: Facts, tables: EditTables) -> str:
    return tables.index.title(fact.stem)


def _bilateral_sibling(fact: Facts, tables: EditTables) -> str | None:
    """Returns the code of the same condition on both sides, with the 7th character of the code where it has one."""
    index = tables.index
    wanted = without_side(index.title(fact.stem))
    for row in _near(fact.stem, tables):
        title = index.title(row)
        if _BILATERAL in sides_of(title.replace("both", _BILATERAL)) and without_side(title) == wanted:
            seventh = fact.plain[-1] if fact.stem != fact.row else ""
            return index.code(row) + seventh
    return None


def _near(row: int, tables: EditTables) -> list[int]:
    """Returns the siblings of a code, and those of the code above it (``M17.0`` for ``M17.11``)."""
    index = tables.index
    above = index.ancestors(row)[:2]
    return [near for code in above for near in index.children(code)]


def unspecified_beside_specified(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """An unspecified code where another code of the category says more of the same.

    Compared are the two subdivisions at which the codes part: ``I50.9`` beside ``I50.22``, but not ``M54.50`` (low back
    pain, unspecified) beside ``M54.2``. Injuries and diseases of different sides are left alone, as are external
    causes and poisonings, of which there may be several.
    """
    diagnoses = [fact for fact in known(coded, tables) if not fact.plain.startswith(_SEVERAL_ANYWAY)]
    for group in grouped(diagnoses, lambda fact: fact.category):
        for vague in group:
            if not vague.unspecified:
                continue
            better = [other.code for other in group if _says_more(other, vague, tables)]
            if better:
                yield _UNSPECIFIED.warning(
                    [vague.code, *better],
                    f"{vague.code} is unspecified where {', '.join(better)} says more",
                    f"Remove {vague.code} unless it is another condition",
                )


def _says_more(other: Facts, vague: Facts, tables: EditTables) -> bool:
    if other.row == vague.row or (other.side and vague.side and other.side != vague.side):
        return False
    parting = _parting(other, vague, tables)
    if parting is None:
        return False
    says, leaves_open = (tables.index.title(row) for row in parting)
    return _OPEN in leaves_open.lower() and _OPEN not in says.lower()


def _parting(one: Facts, other: Facts, tables: EditTables) -> tuple[int, int] | None:
    """Returns the rows, below the code above both, that lead to one and to the other; ``None`` for parent and child."""
    index = tables.index
    line, other_line = [[*reversed(index.ancestors(row)), row] for row in (one.row, other.row)]
    return next(((a, b) for a, b in zip(line, other_line, strict=False) if a != b), None)


def integral_symptom(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A sign or symptom beside a disease that it routinely belongs to."""
    diagnoses = known(coded, tables)
    for symptom in diagnoses:
        diseases = status.integral_to(symptom.plain)
        found = sorted(other.code for other in diagnoses if diseases and other.plain.startswith(diseases))
        if found:
            yield _INTEGRAL.warning(
                [symptom.code, *found],
                f"{symptom.code} is a symptom that belongs to {', '.join(found)}",
                f"Remove {symptom.code} unless it has another cause",
            )


def combination_code(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """Parts on the claim that one code names together, or that the classification presumes to be related (``with``)."""
    diagnoses = {fact.plain: fact for fact in known(coded, tables)}
    categories = {plain[:3] for plain in diagnoses}
    for rule in combination_rules():
        if any(part.isdisjoint(categories) for part in rule.categories):
            continue
        target = rule.result.replace(".", "")
        parts = _parts(rule, diagnoses)
        if parts is None:
            continue
        if whole := sorted(fact.code for plain, fact in diagnoses.items() if plain.startswith(target)):
            yield from _left_over(rule, parts, whole[0])
            continue
        if _named_already(target, diagnoses) and not any(part.plain.startswith(rule.replaces) for part in parts):
            continue
        codes = [part.code for part in parts]
        replaced = [part.code for part in parts if rule.replaces and part.plain.startswith(rule.replaces)]
        place = f"in place of {' and '.join(replaced)}" if replaced else f"beside {' and '.join(codes)}"
        yield _COMBINATION.warning(
            codes,
            f"{' and '.join(codes)} call for {rule.result}, which names them together",
            f"Report {rule.result} {place}, unless the documentation says that they are unrelated",
            source=_source(rule.source),
        )


def _left_over(rule: Rule, parts: list[Facts], whole: str) -> Iterator[Finding]:
    """Yields what a combination code on the claim takes the place of."""
    for part in parts:
        if part.code != whole and part.plain.startswith(rule.replaces):
            yield _COMBINATION.warning(
                [part.code, whole],
                f"{part.code} is a part of {whole}",
                f"Remove {part.code}",
                source=_source(rule.source),
            )


def _parts(rule: Rule, diagnoses: dict[str, Facts]) -> list[Facts] | None:
    """Returns for each part of a rule the first code in tabular order that meets it."""
    found = []
    for prefixes in rule.needs:
        fitting = sorted(plain for plain in diagnoses if plain.startswith(prefixes))
        if not fitting:
            return None
        found.append(diagnoses[fitting[0]])
    return found


def _named_already(target: str, diagnoses: dict[str, Facts]) -> bool:
    """Whether a code of the same subdivision says it in another way (``E11.41`` where ``E11.42`` would do)."""
    return any(plain.startswith(target[:4]) for plain in diagnoses)


def gives_way(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A code that steps back for another one on the claim (``rules/yields.tsv``)."""
    diagnoses = known(coded, tables)
    for fact in diagnoses:
        prefixes, source = status.yields_to(fact.plain)
        found = _starting(prefixes, diagnoses, fact)
        if found:
            yield _YIELDS.warning(
                [fact.code, *found],
                f"{fact.code} is not reported beside {', '.join(found)}",
                f"Remove {fact.code}",
                source=_source(source),
            )


def needs_another_code(coded: CodedSet, tables: EditTables) -> Iterator[Finding]:
    """A code that only makes sense beside others, without any of them (``rules/requires.tsv``)."""
    diagnoses = known(coded, tables)
    for fact in diagnoses:
        prefixes, source = status.requires(fact.plain)
        if prefixes and not _starting(prefixes, diagnoses, fact):
            yield _REQUIRES.warning(
                [fact.code],
                f"{fact.code} goes with another code that is not on the claim",
                f"Add the condition that {fact.code} belongs to, or remove it",
                source=_source(source),
            )


def _starting(prefixes: tuple[str, ...], diagnoses: Sequence[Facts], fact: Facts) -> list[str]:
    if not prefixes:
        return []
    return sorted(other.code for other in diagnoses if other is not fact and other.plain.startswith(prefixes))


def _source(rule: str) -> str:
    return f"guideline {rule}" if rule[:2] in ("I.", "II", "IV") else f"ICD-10-CM {rule}"


DETAIL_EDITS: tuple[Edit, ...] = (
    laterality, unspecified_beside_specified, integral_symptom, combination_code, gives_way, needs_another_code,
)  # fmt: skip
