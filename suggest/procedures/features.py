"""Features of (encounter, procedure): what the ranker of procedures learns from.

As for diagnoses they say how a code was reached, what speaks for its having been done, and how it stands against
other members of its family; none says which code it is, and none knows of money.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from suggest.code_sets.service_table import OPERATIVE
from suggest.code_sets.services import ServiceCode
from suggest.feature_names import COUNTED, ROLES, role_number
from suggest.policy import Policy
from suggest.procedures.candidates import ProcedureCandidates, Sighting
from suggest.procedures.doing import KINDS
from suggest.procedures.feature_names import CONDITIONS, FAMILIES, NOTES, PROCEDURE_FEATURES, SECTIONS
from suggest.procedures.found import Origin
from suggest.procedures.terms import Catalogue
from suggest.reading import NoteReading
from suggest.records import AssertionStatus, Claim, Encounter, Setting, System
from suggest.terminology import Terminology

_SURGICAL = OPERATIVE - {"maternity"}
_POSITION = {name: number for number, name in enumerate(PROCEDURE_FEATURES)}
_GLOBAL = {"000": 1.0, "010": 2.0, "090": 3.0, "MMM": 4.0, "ZZZ": 5.0, "XXX": 0.0}
_PCS_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_MOST = 30
_KINDS_OF_NOTES = {
    "operative": r"(?:pre|post)-?op(?:erative)? (?:diagnosis|dx)|operative (?:report|note)|op note|blood loss|surgeon",
    "imaging": r"technique|comparison|radiologist|radiology report|exam(?:ination)?: ?(?:CT|MRI|US|XR)",
    "anesthetic": r"anesthesia record|CRNA|anesthesiologist|ASA (?:class|[1-5I])",
    "visit": r"HPI|ROS|assessment|A/P|subjective|chief complaint|MDM",
}
_NOTE_PATTERNS = {kind: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for kind, words in _KINDS_OF_NOTES.items()}


@dataclass(frozen=True, slots=True)
class ProcedureTable:
    """The feature table of one encounter: codes rising, one row of ``PROCEDURE_FEATURES`` for each."""

    codes: tuple[str, ...]
    values: NDArray[np.float32]


class _Words:
    """Vocabulary numbers of the words of a note that terms of services hold, by place."""

    def __init__(self, reading: NoteReading, terms: Terminology) -> None:
        token, number = terms.expand(reading.tokens.keys)
        self._numbers = number
        self._sentence, self._line = reading.tokens.sentence, reading.line
        self._of_sentence, self._of_line = self._sentence[token], self._line[token]
        self._cache: dict[tuple[str, int], frozenset[int]] = {}
        self.whole = frozenset(number.tolist())

    def sentence(self, token: int) -> frozenset[int]:
        """Returns the words of the sentence of a token."""
        return self._within("sentence", self._of_sentence, int(self._sentence[token]))

    def line(self, token: int) -> frozenset[int]:
        """Returns the words of the line of a token."""
        return self._within("line", self._of_line, int(self._line[token]))

    def _within(self, kind: str, groups: NDArray[np.integer], wanted: int) -> frozenset[int]:
        if (kind, wanted) not in self._cache:
            self._cache[kind, wanted] = frozenset(self._numbers[groups == wanted].tolist())
        return self._cache[kind, wanted]


class ProcedureFeatures:
    """Computes feature tables of procedures."""

    def __init__(self, catalogue: Catalogue, terms: Terminology, prior: Mapping[str, float], unseen: float) -> None:
        """Prepares what does not depend on the encounter.

        Args:
            catalogue: The services.
            terms: Their compiled terms, for the words of labels.
            prior: Log frequency in training of each code that it has seen.
            unseen: Log frequency given to every other code.
        """
        self._catalogue = catalogue
        self._terms = terms
        self._prior = prior
        self._unseen = unseen
        self._row = {code.code: row for row, code in enumerate(catalogue.rows)}
        self._asked = lru_cache(maxsize=10_000)(self._read_asked)

    def table(self, candidates: ProcedureCandidates, encounter: Encounter, policy: Policy) -> ProcedureTable:
        """Returns the features of all candidate procedures of an encounter."""
        codes = tuple(candidates.by_code)
        x = np.zeros((len(codes), len(PROCEDURE_FEATURES)), np.float32)
        if not codes:
            return ProcedureTable(codes, x)
        notes = {reading.number: reading for reading in candidates.readings}
        words = {number: _Words(reading, self._terms) for number, reading in notes.items()}
        shared = _encounter_values(encounter, policy, candidates)
        for i, code in enumerate(codes):
            sightings = candidates.by_code[code]
            values = {
                **shared,
                **_sighting_values(sightings, notes),
                **self._label_values(code, sightings[0], words),
                **self._code_values(code, sightings[0].found.system),
            }
            for name, value in values.items():
                x[i, _POSITION[name]] = value
        self._compare(x, codes, candidates)
        return ProcedureTable(codes, x)

    def _label_values(self, code: str, best: Sighting, words: Mapping[int, _Words]) -> dict[str, float]:
        """How much of what tells a code's label from others is said in sentence, line and note."""
        row = self._row.get(code)
        if row is None:
            return {}
        asked, total = self._asked(row)
        said = words[best.found.note]
        first = best.found.first
        return {
            name: sum(weight for word, weight in asked if word in there) / total
            for name, there in (
                ("label_near", said.sentence(first)),
                ("label_line", said.line(first)),
                ("label_wide", said.whole),
            )
        }

    def _read_asked(self, row: int) -> tuple[list[tuple[int, float]], float]:
        """Returns the words of a label with their weights, and the sum of these."""
        numbers = self._terms.title_words(row)
        weights = self._terms.word_idf[numbers].tolist()
        return list(zip(numbers.tolist(), weights, strict=True)), sum(weights) or 1.0

    def _code_values(self, code: str, system: System) -> dict[str, float]:
        values = {"prior": self._prior.get(code, self._unseen)}
        if system is System.ICD10PCS:
            values["section_pcs"] = 1.0
            values["pcs_section"] = float(_PCS_DIGITS.index(code[0]))
            values["pcs_root"] = float(_PCS_DIGITS.index(code[2]))
            values["pcs_short"] = float(len(code) < 7)
            return values
        service = self._catalogue.get(code)
        if service is not None:
            values |= _service_values(service)
        return values

    def _compare(self, x: NDArray[np.float32], codes: Sequence[str], candidates: ProcedureCandidates) -> None:
        """How codes stand against others of the family, of the same words, and that contain them."""
        score = x[:, _POSITION["score"]]
        order = np.argsort(-score, kind="stable")
        x[order, _POSITION["score_rank"]] = np.minimum(np.arange(len(codes)), 100)
        families: defaultdict[str, list[int]] = defaultdict(list)
        for i, code in enumerate(codes):
            families[self._family(code)].append(i)
        for members in families.values():
            ranked = sorted(members, key=lambda i: -score[i])
            learnt = float(x[members, _POSITION["best_learnt"]].max())
            for place, i in enumerate(ranked):
                x[i, _POSITION["family_rank"]] = min(place, 20)
                x[i, _POSITION["family_size"]] = min(len(members), 20)
                x[i, _POSITION["family_gap"]] = score[ranked[0]] - score[i]
                x[i, _POSITION["family_learnt"]] = learnt
        self._compare_spans(x, codes, candidates)
        self._compare_contents(x, codes, score)

    def _compare_spans(self, x: NDArray[np.float32], codes: Sequence[str], candidates: ProcedureCandidates) -> None:
        """How much better the best code of the same words fits than this one, where that is least."""
        best: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        for sightings in candidates.by_code.values():
            for s in sightings:
                key = (s.found.note, s.found.first, s.found.last)
                best[key] = max(best[key], s.score)
        for i, code in enumerate(codes):
            gaps = (best[s.found.note, s.found.first, s.found.last] - s.score for s in candidates.by_code[code])
            x[i, _POSITION["span_gap"]] = min(gaps)

    def _compare_contents(self, x: NDArray[np.float32], codes: Sequence[str], score: NDArray[np.float32]) -> None:
        """The best score among codes that contain this one, and among those that this one contains."""
        place = {code: i for i, code in enumerate(codes)}
        surgical = np.flatnonzero((x[:, _POSITION["section_surgery"]] > 0) & (x[:, _POSITION["addon"]] == 0))
        base = float(score[surgical].max()) if len(surgical) else 0.0
        x[:, _POSITION["base_score"]] = base
        for i, code in enumerate(codes):
            service = self._catalogue.get(code)
            for other in service.includes if service else ():
                if other in place:
                    j = place[other]
                    x[j, _POSITION["included"]] = max(x[j, _POSITION["included"]], score[i])
                    x[i, _POSITION["includes"]] = max(x[i, _POSITION["includes"]], score[j])

    def _family(self, code: str) -> str:
        """Returns the family of a code; of ICD-10-PCS, section to root operation and body part."""
        service = self._catalogue.get(code)
        if service is not None:
            return service.family or code
        return code[:4]


def _service_values(service: ServiceCode) -> dict[str, float]:
    section = "surgery" if service.section in _SURGICAL else service.section
    if section not in SECTIONS:
        section = "supply" if section in ("equipment", "transport") else "service"
    return {
        f"section_{section}": 1.0,
        "known": 1.0,
        "addon": float("addon" in service.flags),
        "global_days": _GLOBAL.get(service.global_days, 0.0),
        "split": float("pctc" in service.flags),
        "sided": float("sided" in service.flags),
        "waived": float("clia" in service.flags),
    }


def _sighting_values(sightings: Sequence[Sighting], notes: Mapping[int, NoteReading]) -> dict[str, float]:
    """What the places say that lead to a code."""
    best = sightings[0]
    values: dict[str, float] = {"score": best.score}
    for origin in Origin:
        values[f"best_{origin.name.lower()}"] = max(
            (s.found.quality * (1.0 if _is_said(s) else 0.25) for s in sightings if s.found.origin is origin),
            default=0.0,
        )
    spans = {(s.found.note, s.found.first, s.found.last): s for s in reversed(sightings)}.values()
    for status in AssertionStatus:
        assert status.value in COUNTED
        values[f"n_{status.value}"] = min(sum(s.mention.assertion.status is status for s in spans), 20)
    values["n_mentions"] = min(len(spans), _MOST)
    values["share_present"] = values["n_present"] / len(spans)
    said = [s for s in sightings if _is_said(s)]
    for s in said:
        values[f"in_{ROLES[role_number(s.mention.section)]}"] = 1.0
        if s.mention.section in FAMILIES:
            values[f"in_family_{s.mention.section}"] = 1.0
    for number, kind in enumerate(KINDS):
        cues = [s.around[number] for s in said or sightings]
        values[f"said_{kind}"] = max(cues)
        values[f"never_{kind}"] = 1 - min(cues)
    values |= {name: min(getattr(best.found, name), 5) for name in CONDITIONS}
    values |= _learnt_values(sightings)
    values |= _place_values(said or sightings, notes)
    values["n_notes"] = len({s.found.note for s in sightings})
    values["n_origins"] = len({s.found.origin for s in sightings})
    values["open_axes"] = min(len(s.found.open_axes) for s in sightings)
    return values


def _is_said(sighting: Sighting) -> bool:
    return sighting.mention.assertion.status in (AssertionStatus.PRESENT, AssertionStatus.POSSIBLE)


def _learnt_values(sightings: Sequence[Sighting]) -> dict[str, float]:
    """How the learnt phrases of a code add up."""
    learnt = [s for s in sightings if s.found.origin is Origin.LEARNT]
    if not learnt:
        return {}
    precision = sorted((s.found.quality * (1.0 if _is_said(s) else 0.25) for s in learnt), reverse=True)
    against = float(np.prod([1 - min(p, 0.98) for p in precision]))
    return {
        "learnt_second": next((p for p in precision if p < precision[0]), 0.0),
        "learnt_noisy_or": 1 - against,
        "learnt_support": float(np.log1p(max(s.found.support for s in learnt))),
        "learnt_marked": max(s.found.marked * (1.0 if _is_said(s) else 0.25) for s in learnt),
    }


def _place_values(sightings: Sequence[Sighting], notes: Mapping[int, NoteReading]) -> dict[str, float]:
    """Where a code is named: in the note, in its sentence, in a heading."""
    length = max(1, sum(len(reading.note.text) for reading in notes.values()))
    share, begins, heading = 0.0, 0.0, 0.0
    for s in sightings:
        reading, first, last = notes[s.found.note], s.found.first, s.found.last
        keys = reading.tokens.keys
        low, high = reading.sentence_start[s.mention.sentence : s.mention.sentence + 2].tolist()
        content = int(np.count_nonzero(keys[low:high]))
        share = max(share, int(np.count_nonzero(keys[first:last])) / max(content, 1))
        begins = max(begins, float(np.count_nonzero(keys[low:first]) <= 1))
        start = s.mention.start
        heading = max(heading, float(any(section.start <= start < section.body for section in reading.sections)))
    return {
        "first_position": min(s.mention.start for s in sightings) / length,
        "longest_span": min(max(s.found.last - s.found.first for s in sightings), _MOST),
        "sentence_share": share,
        "begins_sentence": begins,
        "in_heading": heading,
    }


def _encounter_values(encounter: Encounter, policy: Policy, candidates: ProcedureCandidates) -> dict[str, float]:
    """What is known of the encounter as a whole; the same for all its codes."""
    text = "\n".join(reading.note.text for reading in candidates.readings)
    return {
        "benchmark": float(not policy.status_transforms),
        "facility": float(encounter.claim is Claim.FACILITY),
        "inpatient": float(encounter.setting in (Setting.INPATIENT, Setting.PROFESSIONAL_INPATIENT)),
        "emergency": float(encounter.setting is Setting.ED),
        "surgery": float(encounter.setting is Setting.PROFESSIONAL_SURGERY),
        "age": -1.0 if encounter.patient.age is None else encounter.patient.age,
        "n_candidates": float(len(candidates.by_code)),
        "length": float(np.log1p(len(text))),
        **{f"note_{kind}": float(len(_NOTE_PATTERNS[kind].findall(text)[:5])) for kind in NOTES},
    }
