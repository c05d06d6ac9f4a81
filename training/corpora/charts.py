"""Charts as JSON Lines, one record a line, with gold codes and the words that support them.

A record holds ``id``, ``setting``, ``claim``, ``date_of_service``, ``patient`` {age, sex}, ``text``,
``diagnoses`` [{code, evidence, poa}], ``procedures`` [{system, code, modifiers, units, evidence}],
``acceptable`` [code], ``not_codable`` [{code, reason, evidence}] and optionally ``family``, which keeps
charts that vary one case on one side of every split. Other keys are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from suggest.errors import CorpusError
from suggest.records import (
    Claim,
    Code,
    Encounter,
    Evidence,
    GoldCode,
    Note,
    Patient,
    Setting,
    Sex,
    System,
    TrainingExample,
)
from training.code_shapes import fits, system_of

NOTE_ID = "note"
"""Id of the one note of each encounter."""

_PROCEDURE_SYSTEMS = (System.CPT, System.HCPCS, System.ICD10PCS)
_POA = ("Y", "N", "U", "W", None)
_MAX_AGE = 130

_Member = TypeVar("_Member", Setting, Claim, Sex)


def load_charts(path: Path) -> list[TrainingExample]:
    """Reads a chart file; the ``group`` of its examples is the file's name without its suffix.

    Raises:
        CorpusError: The file or a record breaks the format, or a piece of evidence is no exact substring of
            the text. The message names file, line and key and holds no text of a chart.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise CorpusError(f"{path.name}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path.name}: not UTF-8 at byte {error.start}; convert the file") from None
    examples: list[TrainingExample] = []
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            example = _read_record(line, path.stem)
            first = first_line.setdefault(example.encounter.id, number)
            if first != number:
                raise CorpusError(f"key 'id' repeats that of line {first}; ids must be unique")
        except CorpusError as error:
            raise CorpusError(f"{path.name}:{number}: {error}") from None
        examples.append(example)
    return examples


def _read_record(line: str, group: str) -> TrainingExample:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise CorpusError("no valid JSON; write one record a line") from None
    if not isinstance(record, dict):
        raise CorpusError("expected a JSON object; write one record a line")
    identifier, text = _text(record, "id"), _text(record, "text")
    diagnoses = tuple(_diagnosis(item, text, where) for where, item in _items(record, "diagnoses"))
    procedures = tuple(_procedure(item, text, where) for where, item in _items(record, "procedures"))
    acceptable = [_known_code(code, where) for where, code in _items(record, "acceptable")]
    not_codable = [_not_codable(item, text, where) for where, item in _items(record, "not_codable")]
    _check_distinct(
        [gold.code.code for gold in diagnoses],
        # A procedure done twice (each side, two sessions) stands on two lines.
        {gold.code.code for gold in procedures},
        acceptable,
        not_codable,
    )
    return TrainingExample(
        encounter=_encounter(record, identifier, text),
        gold=diagnoses + procedures,
        acceptable=frozenset(acceptable),
        not_codable=frozenset(not_codable),
        family=_text(record, "family") if "family" in record else identifier,
        group=group,
    )


def _encounter(record: dict[str, Any], identifier: str, text: str) -> Encounter:
    setting = _member(Setting, record.get("setting"), "setting")
    claim = _member(Claim, record.get("claim"), "claim")
    try:
        day = date.fromisoformat(_text(record, "date_of_service"))
    except ValueError:
        raise CorpusError("key 'date_of_service' must be a date YYYY-MM-DD") from None
    # A facility claim for a stay is dated, and takes its code edition, by the day of discharge.
    stay = setting is Setting.INPATIENT and claim is Claim.FACILITY
    return Encounter(
        id=identifier,
        notes=(Note(NOTE_ID, text, date=day),),
        setting=setting,
        claim=claim,
        patient=_patient(record.get("patient")),
        date_of_service=day,
        discharge=day if stay else None,
    )


def _patient(value: object) -> Patient:
    if not isinstance(value, dict):
        raise CorpusError("key 'patient' must be an object {age, sex}")
    age = value.get("age")
    if age is not None and (not isinstance(age, int | float) or isinstance(age, bool) or not 0 <= age <= _MAX_AGE):
        raise CorpusError(f"key 'patient.age' must be years from 0 to {_MAX_AGE}, or null")
    return Patient(age, _member(Sex, value.get("sex", Sex.UNKNOWN), "patient.sex"))


def _diagnosis(item: object, text: str, where: str) -> GoldCode:
    record = _object(item, where)
    code = _code(record.get("code"), System.ICD10CM, f"{where}.code")
    poa = record.get("poa")
    if poa not in _POA:
        raise CorpusError(f"key '{where}.poa' must be Y, N, U or W, or be absent")
    return GoldCode(code, _find_evidence(record.get("evidence"), text, where), poa=poa)


def _procedure(item: object, text: str, where: str) -> GoldCode:
    record = _object(item, where)
    if record.get("system") not in _PROCEDURE_SYSTEMS:
        raise CorpusError(f"key '{where}.system' must be one of {', '.join(_PROCEDURE_SYSTEMS)}")
    code = _code(record.get("code"), System(record["system"]), f"{where}.code")
    modifiers, units = record.get("modifiers", []), record.get("units", 1)
    if not isinstance(modifiers, list) or not all(isinstance(modifier, str) for modifier in modifiers):
        raise CorpusError(f"key '{where}.modifiers' must be a list of texts")
    if not isinstance(units, int) or isinstance(units, bool) or units < 1:
        raise CorpusError(f"key '{where}.units' must be an integer from 1")
    evidence = _find_evidence(record.get("evidence"), text, where)
    return GoldCode(code, evidence, modifiers=tuple(modifiers), units=units)


def _not_codable(item: object, text: str, where: str) -> str:
    record = _object(item, where)
    evidence = record.get("evidence")
    _find_evidence([evidence] if isinstance(evidence, str) else evidence, text, where)
    return _known_code(record.get("code"), f"{where}.code")


def _find_evidence(value: object, text: str, where: str) -> tuple[Evidence, ...]:
    """Turns quotes into spans, each at its first occurrence."""
    if not isinstance(value, list):
        raise CorpusError(f"key '{where}.evidence' must be a list of substrings of the text")
    spans = []
    for position, quote in enumerate(value):
        start = text.find(quote) if isinstance(quote, str) and quote else -1
        if start < 0:
            raise CorpusError(f"key '{where}.evidence[{position}]' is no substring of the text; copy the words exactly")
        spans.append(Evidence(NOTE_ID, start, start + len(quote), quote))
    return tuple(spans)


def _check_distinct(*lists: Iterable[str]) -> None:
    seen: set[str] = set()
    for code in (code for codes in lists for code in codes):
        if code in seen:
            raise CorpusError(
                f"code {code} is listed twice; keep it in one of diagnoses, procedures, acceptable and not_codable"
            )
        seen.add(code)


def _items(record: dict[str, Any], key: str) -> list[tuple[str, object]]:
    value = record.get(key)
    if not isinstance(value, list):
        raise CorpusError(f"key '{key}' must be a list")
    return [(f"{key}[{position}]", item) for position, item in enumerate(value)]


def _object(item: object, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise CorpusError(f"key '{where}' must be an object")
    return item


def _text(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CorpusError(f"key '{key}' must be a text that is not empty")
    return value


def _known_code(value: object, where: str) -> str:
    """Returns a code of any system."""
    if not isinstance(value, str) or not fits(value, system_of(value)):
        raise CorpusError(f"key '{where}' must be a code (ICD-10-CM with its dot, upper case)")
    return value


def _code(value: object, system: System, where: str) -> Code:
    if not isinstance(value, str) or not fits(value, system):
        raise CorpusError(f"key '{where}' must be a code of {system} (ICD-10-CM with its dot, upper case)")
    return Code(system, value)


def _member(kind: type[_Member], value: object, key: str) -> _Member:
    try:
        return kind(str(value))
    except ValueError:
        raise CorpusError(f"key '{key}' must be one of {', '.join(kind)}") from None
