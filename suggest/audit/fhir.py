"""Claims as FHIR R4: a bundle with Claim resources and the notes that they rest on.

Of a Claim are read: ``diagnosis`` in the order of ``sequence`` (a concept or a Condition), ``procedure``, ``item``
with modifiers, quantity and ``diagnosisSequence``, ``billablePeriod``, ``use`` and ``type`` (institutional or
professional), ``enterer`` or ``provider`` as coder. Notes are DocumentReference resources with the text in
``content.attachment.data``, Binary resources that an attachment names, and contained ones of either. They belong to
the claim that names them in ``supportingInfo``; where a bundle holds one claim that names none, all do. Patient
gives sex and birth date.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from suggest.audit.fields import AuditInputError, to_code, to_day, to_encounter, to_line, to_poa, to_units, wrong
from suggest.audit.jsonl import checked, diagnoses_first, read_lines
from suggest.audit.records import AssignedClaim
from suggest.documents import read_note
from suggest.edits.coded import CodedLine, CodedSet
from suggest.errors import DocumentError
from suggest.records import Claim, Note, Setting, System

Resource = Mapping[str, Any]

_SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10-cm": System.ICD10CM,
    "http://www.cms.gov/Medicare/Coding/ICD10": System.ICD10PCS,
    "http://hl7.org/fhir/sid/icd-10-pcs": System.ICD10PCS,
    "http://www.ama-assn.org/go/cpt": System.CPT,
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": System.HCPCS,
    "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes": System.HCPCS,
    "urn:oid:2.16.840.1.113883.6.285": System.HCPCS,
}
_SEX = {"male": "M", "female": "F", "other": "X", "unknown": "unknown"}
_INPATIENT = frozenset({"inpatient", "IMP", "ACUTE", "NONAC"})
_DAYS_IN_YEAR = 365.25


def read_fhir(path: Path) -> list[AssignedClaim]:
    """Reads a bundle (or a single Claim), or several, one a line (NDJSON).

    Raises:
        AuditInputError: The file or a resource breaks the format; names file, line where there are several, and path.
    """
    lines = read_lines(path)
    try:
        documents = [(path.name, json.loads("\n".join(lines)))]
    except (ValueError, RecursionError):
        documents = list(_by_line(path, lines))
    claims: list[AssignedClaim] = []
    for place, document in documents:
        try:
            claims.extend(_claims(document))
        except AuditInputError as error:
            raise AuditInputError(f"{place}: {error}") from None
    if not claims:
        raise AuditInputError(f"{path.name}: holds no Claim resource; send a Bundle with Claim and DocumentReference")
    return claims


def _by_line(path: Path, lines: list[str]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield f"{path.name}:{number}", json.loads(line)
            except (ValueError, RecursionError):
                raise AuditInputError(
                    f"{path.name}:{number}: not valid JSON; write one bundle, or one a line"
                ) from None


def _claims(document: object) -> Iterator[AssignedClaim]:
    resources = list(_resources(document))
    claims = [resource for resource in resources if resource.get("resourceType") == "Claim"]
    for number, claim in enumerate(claims, start=1):
        known = _Known([*_objects(claim, "contained", "Claim"), *resources])
        name = claim.get("id")
        identifier = name if isinstance(name, str) and name else f"claim-{number}"
        try:
            yield _claim(claim, identifier, known, alone=len(claims) == 1)
        except AuditInputError as error:
            raise error if len(claims) == 1 else AuditInputError(f"claim {number}: {error}") from None


def _resources(document: object) -> Iterator[Resource]:
    if not isinstance(document, Mapping) or document.get("resourceType") not in ("Bundle", "Claim"):
        raise wrong("resourceType", "Bundle or Claim")
    if document["resourceType"] == "Claim":
        yield document
        return
    for place, entry in enumerate(_objects(document, "entry", "Bundle")):
        resource = entry.get("resource")
        if not isinstance(resource, Mapping):
            raise wrong(f"Bundle.entry[{place}].resource", "a resource")
        yield {**resource, "_full_url": entry.get("fullUrl")}


class _Known:
    """Resources by the references that lead to them."""

    def __init__(self, resources: list[Resource]) -> None:
        self.all = resources
        self._by_reference: dict[str, Resource] = {}
        for resource in resources:
            kind, name, url = resource.get("resourceType"), resource.get("id"), resource.get("_full_url")
            for reference in (f"{kind}/{name}", f"#{name}", url):
                if isinstance(reference, str):
                    self._by_reference.setdefault(reference, resource)

    def get(self, reference: object) -> Resource | None:
        """Returns the resource that a Reference, or the URL of an attachment, leads to."""
        target = reference.get("reference") if isinstance(reference, Mapping) else reference
        return self._by_reference.get(target) if isinstance(target, str) else None


def _claim(claim: Resource, identifier: str, known: _Known, *, alone: bool) -> AssignedClaim:
    kind = _codes(claim.get("type"))
    period = claim.get("billablePeriod") or {}
    if not isinstance(period, Mapping):
        raise wrong("Claim.billablePeriod", "a period")
    facility, stay = "institutional" in kind, bool(_INPATIENT & _codes(claim.get("subType")))
    start = to_day(period.get("start") or claim.get("created"), "Claim.billablePeriod.start")
    end = to_day(period.get("end"), "Claim.billablePeriod.end")
    record = {
        "setting": Setting.INPATIENT if stay else Setting.OUTPATIENT,
        "claim": Claim.FACILITY if facility else Claim.PROFESSIONAL,
        "patient": _patient(known.get(claim.get("patient")), start),
        "date_of_service": start.isoformat() if start else None,
        "admission": start.isoformat() if stay and start else None,
        "discharge": end.isoformat() if stay and end else None,
    }
    notes = tuple(_notes(claim, known, alone=alone))
    if not notes:
        raise AuditInputError(f"Claim {identifier}: no note was found; name it in supportingInfo, or bundle one claim")
    lines = [*_diagnoses(claim, known), *_procedures(claim), *_items(claim)]
    encounter = checked(to_encounter(record, identifier, notes))
    return AssignedClaim(CodedSet(encounter, diagnoses_first(lines)), coder=_coder(claim))


def _patient(patient: Resource | None, day: date | None) -> dict[str, Any]:
    if patient is None:
        return {}
    born = to_day(patient.get("birthDate"), "Patient.birthDate")
    age = round((day - born).days / _DAYS_IN_YEAR, 1) if born and day and day >= born else None
    return {"age": age, "sex": _SEX.get(str(patient.get("gender")), "unknown")}


def _coder(claim: Resource) -> str:
    for role in ("enterer", "provider"):
        reference = claim.get(role)
        if isinstance(reference, Mapping):
            name = reference.get("display") or reference.get("reference")
            if isinstance(name, str):
                return name
    return ""


def _diagnoses(claim: Resource, known: _Known) -> Iterator[CodedLine]:
    items = list(enumerate(_objects(claim, "diagnosis", "Claim")))
    for place, item in sorted(items, key=lambda pair: (_number(pair[1].get("sequence")), pair[0])):
        field = f"Claim.diagnosis[{place}]"
        condition = known.get(item.get("diagnosisReference")) or {}
        concept = item.get("diagnosisCodeableConcept") or condition.get("code")
        _system, code = _coding(concept, field, (System.ICD10CM,))
        poa = next(iter(_codes(item.get("onAdmission")) - {"clmunk"}), "").upper()
        yield CodedLine(to_code(code, System.ICD10CM, field), poa=to_poa(poa, f"{field}.onAdmission"))


def _procedures(claim: Resource) -> Iterator[CodedLine]:
    for place, item in enumerate(_objects(claim, "procedure", "Claim")):
        field = f"Claim.procedure[{place}].procedureCodeableConcept"
        system, code = _coding(item.get("procedureCodeableConcept"), field, (System.ICD10PCS, System.CPT, System.HCPCS))
        yield to_line({"system": system or System.ICD10PCS, "code": code}, field)


def _items(claim: Resource) -> Iterator[CodedLine]:
    for place, item in enumerate(_objects(claim, "item", "Claim")):
        field = f"Claim.item[{place}]"
        system, code = _coding(item.get("productOrService"), f"{field}.productOrService", (System.CPT, System.HCPCS))
        guessed = System.CPT if code[:1].isdigit() else System.HCPCS
        modifiers = [code for concept in _objects(item, "modifier", field) for code in sorted(_codes(concept))]
        quantity = item.get("quantity")
        units = quantity.get("value") if isinstance(quantity, Mapping) else None
        whole = int(units) if isinstance(units, float) and units.is_integer() else units
        record = {
            "system": system or guessed,
            "code": code,
            "modifiers": modifiers,
            "units": to_units(whole, f"{field}.quantity.value"),
            "pointers": item.get("diagnosisSequence"),
        }
        yield to_line(record, field)


def _coding(concept: object, field: str, wanted: Sequence[System]) -> tuple[System | None, str]:
    """Returns system and code of the first coding of a wanted system, else of the first."""
    found = [
        (_SYSTEMS.get(str(c.get("system"))), c["code"]) for c in _codings(concept) if isinstance(c.get("code"), str)
    ]
    for system, code in found:
        if system in wanted:
            return system, code
    if not found:
        raise wrong(field, "a concept with a coding, or a Condition of the same bundle that has one")
    return found[0]


def _codes(concept: object) -> frozenset[str]:
    found = [coding.get("code") for coding in _codings(concept)]
    return frozenset(code for code in found if isinstance(code, str))


def _codings(concept: object) -> list[Mapping[str, Any]]:
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    return [coding for coding in codings if isinstance(coding, Mapping)] if isinstance(codings, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _notes(claim: Resource, known: _Known, *, alone: bool) -> Iterator[Note]:
    named = [known.get(info.get("valueReference")) for info in _objects(claim, "supportingInfo", "Claim")]
    sources = [resource for resource in named if resource and str(resource.get("resourceType")) in _READERS]
    if not sources and alone:
        documents = [resource for resource in known.all if resource.get("resourceType") == "DocumentReference"]
        sources = documents or [resource for resource in known.all if resource.get("resourceType") == "Binary"]
    for number, resource in enumerate(sources, start=1):
        identifier = resource.get("id")
        name = identifier if isinstance(identifier, str) and identifier else f"note-{number}"
        texts = list(_READERS[resource["resourceType"]](resource, known))
        if texts:
            yield Note(name, "\n\n".join(texts), date=to_day(resource.get("date"), "DocumentReference.date"))


def _document(resource: Resource, known: _Known) -> Iterator[str]:
    for place, content in enumerate(_objects(resource, "content", "DocumentReference")):
        attachment = content.get("attachment")
        if not isinstance(attachment, Mapping):
            raise wrong(f"DocumentReference.content[{place}].attachment", "an attachment")
        inner = attachment
        if "data" not in attachment:
            contained = {f"#{r.get('id')}": r for r in _objects(resource, "contained", "DocumentReference")}
            url = attachment.get("url")
            found = contained.get(str(url)) or known.get(url)
            if found is None:
                raise wrong(f"DocumentReference.content[{place}].attachment", "data, or a Binary of the same bundle")
            inner = found
        yield _decoded(inner, "DocumentReference.content.attachment.data")


def _binary(resource: Resource, _known: _Known) -> Iterator[str]:
    yield _decoded(resource, "Binary.data")


_READERS = {"DocumentReference": _document, "Binary": _binary}


def _decoded(attachment: Resource, field: str) -> str:
    kind = attachment.get("contentType", "text/plain")
    try:
        data = base64.b64decode(str(attachment.get("data", "")), validate=True)
        return read_note(data, media_type=str(kind), note_id=field)
    except ValueError:
        raise wrong(field, "data in base64") from None
    except DocumentError as error:
        raise AuditInputError(f"field '{field}': {error}") from None


def _objects(resource: Resource, key: str, where: str) -> list[Mapping[str, Any]]:
    value = resource.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise wrong(f"{where}.{key}", "a list of objects")
    return value
