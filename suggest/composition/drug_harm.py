"""Poisoning, adverse effects and underdosing of drugs (T36-T50), and why less was taken (Z91.1-, Z91.A-).

Guideline I.C.19.e.5: a correct drug properly taken that does harm is an adverse effect (5th or 6th character 5);
an overdose or a wrong substance is a poisoning by intent (1 accidental, 2 self-harm, 3 assault, 4 undetermined),
accidental unless the record says otherwise; less than prescribed is underdosing (6). The table of drugs gives the
stem of each drug's codes. An adverse effect needs the author's link: a manifestation joined to the drug (``due
to``, ``-induced``), or one that is so usual that its name beside the drug is the link (``opioid constipation``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from suggest.composition.cues import Composed, Condition, Cue, NoteCues, distance, nearest, span
from suggest.resources import read_table

_ACCIDENTAL, _SELF_HARM, _ADVERSE, _UNDERDOSING = "1", "2", "5", "6"
_CHAIN = 8  # words between drugs of one list
_MANIFESTED = 4  # words between a manifestation and what joins it to the drug
_SHORT = 6  # words between "ran out of" and the drug
_ANTIDOTES = frozenset({"T50.7X"})
_ABBREVIATED = ("T39", "T40", "T42", "T43")  # drugs that "OD" is said of; elsewhere it is "right eye"
_NOT_MANIFEST = ("Z", "V", "W", "X", "Y", "T3", "T4", "T50", "F1")
_UNNAMED = "T50.90"
_ILLICIT = ("T40.1", "T40.5", "T40.8", "T43.64", "T43.65")  # never properly taken
_CLASSES = frozenset({"T43.50", "T43.20", "T43.60"})  # antipsychotics, antidepressants, stimulants without a name
_TO_DRUG = 3  # words between "due to" and the drug
_BREAK = re.compile(r"[(\[{;:]|\s[-\u2013\u2014]+\s|->")
_DASH = re.compile(r"\s[-\u2013\u2014]+\s|->|[,;]")
_FOR = 3  # words between a condition and "meds": HTN, off meds
_CHILD = 18
_GIVER = 4  # words between a caregiver and "forgets to give": inside the span no relative's disease is meant
_REASONS = {"hardship": "Z91.120", "chosen": "Z91.128", "age": "Z91.130", "unintended": "Z91.138"}
_CAREGIVERS = {"hardship": "Z91.A20", "chosen": "Z91.A28", "age": "Z91.A3", "unintended": "Z91.A3"}
_NO_REASON, _NO_REASON_CAREGIVER = "Z91.148", "Z91.A48"


@lru_cache(maxsize=1)
def _manifestations() -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Condition prefix, prefixes of drug stems (none for all drugs), and the code that says both."""
    rows = read_table("composition/manifestations.tsv")
    table = [
        (row["condition"], () if row["drug"] == "*" else tuple(row["drug"].split("|")), row["result"]) for row in rows
    ]
    return tuple(sorted(table, key=lambda row: (-len(row[0]), not row[1])))


@lru_cache(maxsize=1)
def _medicines() -> dict[str, str]:
    """Category of a condition to the stem of what is usually taken for it."""
    return {row["condition"]: row["drug"] for row in read_table("composition/medicines.tsv")}


@lru_cache(maxsize=1)
def _says_drug() -> frozenset[str]:
    """Codes whose meaning includes that a drug did it."""
    return frozenset(result for condition, _stems, result in _manifestations() if result and result != condition)


def drug_harm(note: NoteCues) -> Iterator[Composed]:
    """Yields the codes of harm by drugs and of underdosing that a note's words compose."""
    named = {cue.value for cue in note.of("drug")}
    intents = _intents(note) if any(True for _cue in note.of("overdose")) else {}
    poisoned: set[str] = set()
    others: list[Composed] = []
    for number, cues in note.sentences.items():
        drugs = [cue for cue in cues if cue.kind == "drug" and cue.value]
        if not drugs and not any(cue.kind == "unnamed_drug" for cue in cues):
            continue
        poisonings = list(_poisonings(cues, drugs, intents.get(number, _ACCIDENTAL)))
        yield from poisonings
        poisoned.update(item.code[:-1] for item in poisonings)
        if not poisonings:
            others.extend(_adverse(note, cues, drugs, note.conditions.get(number, [])))
            others.extend(_underdosing(note, number, cues))
    # what an overdose did is no adverse effect of a drug properly taken
    for item in others:
        if item.code[:-1] not in poisoned:
            yield item
            yield from _agents(item, named)


def _agents(item: Composed, named: set[str]) -> Iterator[Composed]:
    """The drugs of the note that a class stands for: ``dyskinesia from antipsychotic`` where paliperidone is given."""
    stem, intent = item.code[:-1], item.code[-1]
    if stem in _CLASSES and intent == _ADVERSE:
        for other in sorted(named):
            if other.startswith(stem[:4]) and other not in _CLASSES:
                yield Composed(other + intent, item.first, item.last, item.anchor)


def _poisonings(cues: Sequence[Cue], drugs: Sequence[Cue], intent: str) -> Iterator[Composed]:
    for cue in cues:
        if cue.kind != "overdose":
            continue
        for drug in _of_overdose(cue, cues, drugs):
            if drug.value not in _ANTIDOTES and not (cue.value == "od" and not drug.value.startswith(_ABBREVIATED)):
                yield Composed(drug.value + intent, *span(cue, drug))


def _of_overdose(cue: Cue, cues: Sequence[Cue], drugs: Sequence[Cue]) -> list[Cue]:
    """The drugs that an overdose is said of: those right in front of it, else the list behind it."""
    before = [drug for drug in drugs if 0 <= cue.place - drug.reach <= 2]
    if before:
        return before
    treated = [other.place for other in cues if other.kind == "treated" and other.place > cue.place]
    reach, found = cue.reach, []
    for drug in drugs:
        if drug.place >= cue.reach and drug.place - reach <= _CHAIN and not any(at < drug.place for at in treated):
            found.append(drug)
            reach = drug.reach
    return found


def _intents(note: NoteCues) -> dict[int, str]:
    """The intent that each sentence names, else the note; accidental where nothing is said (I.C.19.e.5.b)."""
    meant = frozenset(note.undenied("intent"))
    of_note = _intent(list(note.of("intent")), meant) or _ACCIDENTAL
    return {
        number: _intent([cue for cue in cues if cue.kind == "intent"], meant) or of_note
        for number, cues in note.sentences.items()
    }


def _intent(named: Sequence[Cue], meant: frozenset[Cue]) -> str:
    """The intent that cues name, empty without any; accidental where it is among them or all are denied."""
    if any(cue.value == _ACCIDENTAL for cue in named):
        return _ACCIDENTAL
    return next((cue.value for cue in named if cue in meant), _ACCIDENTAL if named else "")


def _adverse(
    note: NoteCues, cues: Sequence[Cue], drugs: Sequence[Cue], conditions: Sequence[Condition]
) -> Iterator[Composed]:
    conditions = [item for item in conditions if not item.code.startswith(_NOT_MANIFEST)]
    for drug in drugs:
        if drug.value.startswith(_ILLICIT):
            continue
        for condition in conditions:
            if _joined(note, cues, drugs, condition, drug):
                first, last = span(condition, drug)
                yield Composed(drug.value + _ADVERSE, first, last, condition.first)
                result = _result(condition.code, drug.value)
                if result:
                    yield Composed(result, first, last, condition.first)
        yield from _named_effect(note, cues, drug)
    yield from _unnamed(note, cues, drugs, conditions)


def _joined(note: NoteCues, cues: Sequence[Cue], drugs: Sequence[Cue], condition: Condition, drug: Cue) -> bool:
    """Whether the author says that a drug did a manifestation."""
    if condition.first < drug.last and drug.first < condition.last:
        # the term names the drug: "rash from amoxicillin"
        return condition.code in _says_drug() or _usual(condition.code, drug.value)
    if condition.reach <= drug.place:
        between = [cue for cue in cues if condition.reach <= cue.place < drug.place]
        if any(cue.kind in ("treated", "denial") for cue in between):
            return False
        links = [cue for cue in between if cue.kind == "link" and cue.place - condition.reach <= _MANIFESTED]
        if not _usual(condition.code, drug.value):
            links = [cue for cue in links if cue.value != "usual"]
        return any(_leads_to(note, cues, drugs, link, drug) for link in links)
    gap = condition.place - drug.reach
    induced = any(cue.kind == "induced" and cue.place == drug.reach for cue in cues)
    if induced and gap <= 1 + _MANIFESTED:
        return True
    beside = gap == 0 and not note.between(drug.last, condition.first).strip(" -/")
    return beside and _usual(condition.code, drug.value)


def _leads_to(note: NoteCues, cues: Sequence[Cue], drugs: Sequence[Cue], link: Cue, drug: Cue) -> bool:
    """Whether a link points at a drug: nothing but a few words part them, or other drugs of its list."""
    if any(cue.kind in ("treated", "short") and link.reach <= cue.place < drug.place for cue in cues):
        return False
    reach, last, most = link.reach, link.last, _TO_DRUG
    for other in drugs:
        if other.place < link.reach:
            continue
        between = note.between(last, other.first)
        if other.place - reach > most or _BREAK.search(between) or (most > 1 and "," in between):
            return False
        if other.place >= drug.place:
            return True
        reach, last, most = other.reach, other.last, 1
    return False


def _named_effect(note: NoteCues, cues: Sequence[Cue], drug: Cue) -> Iterator[Composed]:
    """Adverse effects and toxicity said of a drug by these words; the manifestation may stand anywhere."""
    for cue in cues:
        before = cue.kind == "effect_of" and 0 <= drug.place - cue.reach <= 1
        after = cue.kind == "effect_after" and cue.place == drug.reach
        if (before or after) and "," not in note.between(min(cue.last, drug.last), max(cue.first, drug.first)):
            yield Composed(drug.value + _ADVERSE, *span(cue, drug))


def _unnamed(
    note: NoteCues, cues: Sequence[Cue], drugs: Sequence[Cue], conditions: Sequence[Condition]
) -> Iterator[Composed]:
    """``Drug-induced``: by the drug named behind the manifestation (``akathisia (haloperidol)``), else by any."""
    for word in cues:
        if word.kind != "unnamed_drug" or word.value != _UNNAMED:
            continue
        if not any(cue.kind == "induced" and cue.place == word.reach for cue in cues):
            continue
        for condition in conditions:
            behind = word.place <= condition.place <= word.reach + 1 + _MANIFESTED and condition.reach > word.reach
            before = 0 <= word.place - condition.reach <= 1
            if not (behind or before):
                continue
            named = [drug for drug in drugs if _named_behind(note, word if before else condition, drug)]
            for stem in dict.fromkeys(drug.value for drug in named) or [_UNNAMED]:
                yield Composed(stem + _ADVERSE, *span(word, condition), condition.first)
                result = _result(condition.code, stem)
                if result:
                    yield Composed(result, *span(word, condition), condition.first)


def _named_behind(note: NoteCues, condition: Condition | Cue, drug: Cue) -> bool:
    between = note.between(condition.last, drug.first)
    return 0 <= drug.place - condition.reach <= _TO_DRUG and not _DASH.search(between)


@lru_cache(maxsize=20_000)
def _result(code: str, stem: str) -> str:
    """The code that says a manifestation and its cause by a drug, if there is one."""
    for prefix, stems, result in _manifestations():
        if code.startswith(prefix) and (not stems or stem.startswith(stems)):
            return result
    return ""


@lru_cache(maxsize=20_000)
def _usual(code: str, stem: str) -> bool:
    """Whether a manifestation is so usual for a drug that its name beside the drug's is the link."""
    return any(code.startswith(prefix) and stems and stem.startswith(stems) for prefix, stems, _ in _manifestations())


def _underdosing(note: NoteCues, number: int, cues: Sequence[Cue]) -> Iterator[Composed]:
    """Guideline I.C.19.e.5.c: less taken than prescribed, and Z91.1- for the reason."""
    own = _reason(note, number)
    for short in cues:
        if short.kind != "short" or (short.value == "weak" and not own):
            continue
        reason = own or _reason(note, number + 1) or _reason(note, number - 1)
        taken = [] if _by_order(cues, short) else _of_short(short, cues)
        by = [cue for cue in cues if cue.kind == "caregiver" and 0 <= short.place - cue.reach <= _GIVER]
        for drug in taken:
            yield Composed(_medicine(note, number, drug) + _UNDERDOSING, *span(short, drug, *by))
        if taken:
            yield Composed(_why(note, reason, cues), *span(short, *taken, *by))


def _of_short(short: Cue, cues: Sequence[Cue]) -> list[Cue]:
    """The drugs of the list behind ``ran out of``, else the one in front of it."""
    drugs = [cue for cue in cues if cue.kind in ("drug", "unnamed_drug") and cue.value]
    reach, found = short.reach, []
    for drug in drugs:
        if drug.place >= short.reach and drug.place - reach <= _SHORT:
            found.append(drug)
            reach = drug.reach
    if found or short.value == "weak":
        return found
    before = nearest(short, [drug for drug in drugs if drug.reach <= short.place], _SHORT)
    return [before] if before else []


def _medicine(note: NoteCues, number: int, drug: Cue) -> str:
    """The stem of a drug; of ``meds`` without a name that of the condition named right in front of them."""
    if drug.value != _UNNAMED:
        return drug.value
    before = [item for item in note.conditions.get(number, ()) if 0 <= drug.place - item.reach <= _FOR]
    medicines = _medicines()
    return next((medicines[item.code[:3]] for item in reversed(before) if item.code[:3] in medicines), drug.value)


def _by_order(cues: Sequence[Cue], short: Cue) -> bool:
    """Whether somebody else ended the drug: an allergy, an adverse effect that the author names."""
    return any(cue.kind in ("effect_of", "overdose") and distance(cue, short) <= 2 for cue in cues)


def _reason(note: NoteCues, number: int) -> str:
    """The reason that a sentence gives for taking less."""
    return next((cue.value for cue in note.sentences.get(number, ()) if cue.kind == "reason"), "")


def _why(note: NoteCues, reason: str, cues: Sequence[Cue]) -> str:
    caregiver = note.age is not None and note.age < _CHILD
    caregiver = caregiver or (note.age is None and any(cue.kind == "caregiver" for cue in cues))
    if caregiver:
        return _CAREGIVERS.get(reason, _NO_REASON_CAREGIVER)
    return _REASONS.get(reason, _NO_REASON)
