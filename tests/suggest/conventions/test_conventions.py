"""What several facts of an encounter make of its codes."""

from __future__ import annotations

from datetime import date

import pytest

from suggest.conventions.dated import dated
from suggest.conventions.diabetes import of_documented_type
from suggest.conventions.examinations import examinations
from suggest.conventions.families import all_families, families_of, prefixes_of
from suggest.conventions.maternal import maternal
from suggest.conventions.perinatal import perinatal
from suggest.conventions.present import Present, instead
from suggest.edges import Edge
from suggest.lexicon import Source
from suggest.records import Encounter, Mention, Note, Patient
from suggest.setting_context import EncounterFacts


def edge(index, code, mention=0, status=0, source=Source.TITLE, quality=1.0):
    return Edge(index.row(code), mention, int(source), quality, 5.0, 1.0, 0, 0, 0, status, -1)


class Reading:
    """What the conventions look at of a note."""

    def __init__(self, text):
        self.number = 0
        self.note = Note("n", text)


def mention_of(text, words, section="none"):
    start = text.index(words)
    return Mention(0, start, start + len(words), 0, 1, 0, section)


def codes_of(index, found):
    return {index.code(combination.row): {index.code(row) for row in combination.replaces} for combination in found}


class TestPresent:
    def test_what_counts(self, index):
        rows = [
            edge(index, "I10"),
            edge(index, "E03.9", status=1),
            edge(index, "Z79.4", source=Source.DRUG),
            edge(index, "J45.909", source=Source.COVERAGE, quality=0.6),
            edge(index, "K21.9", source=Source.LEARNT, quality=0.8),
            Edge(len(index) + 2, 0, 0, 1.0, 5.0, 1.0, 0, 0, 0, 0, -1),
        ]
        present = Present(index, rows)
        assert set(present.categories) == {"I10", "K21"}
        assert present.has("I1")
        assert present.has("X", "I10")
        assert not present.has("E03")
        assert not present.has()
        assert list(present.codes("K21.9")) == ["K21.9"]

    def test_what_is_named(self, index):
        rows = [edge(index, "I10"), edge(index, "K21.9", source=Source.COMBINATION)]
        present = Present(index, rows)
        assert present.is_named("I10")
        assert not present.is_named("K21.9")

    def test_codes_that_cannot_be_billed_are_not_made(self, index):
        assert instead(index, "E11.3", [edge(index, "E11.9")]) is None
        assert instead(index, "E11.777", [edge(index, "E11.9")]) is None


class TestMaternal:
    def codes(self, index, facts, *codes, sections=()):
        rows = [edge(index, code, mention=i) for i, code in enumerate(codes)]
        names = dict(enumerate(sections))
        mentions = [Mention(0, 5 * i, 5 * i + 4, i, i + 1, 0, names.get(i, "none")) for i in range(len(codes))]
        return codes_of(index, maternal(Present(index, rows), [], mentions, facts))

    @pytest.mark.parametrize(
        ("period", "trimester", "code"),
        [("pregnancy", 1, "O99.281"), ("pregnancy", 0, "O99.280"), ("childbirth", 3, "O99.284"),
         ("puerperium", 0, "O99.285")],
    )  # fmt: skip
    def test_the_leaf_is_that_of_the_period(self, index, period, trimester, code):
        assert set(self.codes(index, EncounterFacts(trimester=trimester, period=period), "E03.9")) == {code}

    @pytest.mark.parametrize(
        ("condition", "code"),
        [("D50.9", "O99.013"), ("E66.812", "O99.213"), ("E10.9", "O24.013"), ("E11.22", "O24.113"),
         ("I10", "O10.013"), ("I12.9", "O10.213"), ("J45.20", "O99.513"), ("F41.1", "O99.343"),
         ("F17.210", "O99.333"), ("F11.20", "O99.323"), ("F10.20", "O99.313"), ("N39.0", "O23.43"),
         ("A56.01", "O98.313"), ("B20", "O98.713"), ("Z22.330", "O99.820"), ("Z67.11", "O26.893"),
         ("K76.0", "O26.613"), ("D25.9", "O34.13"), ("S52.501A", "O9A.213")],
    )  # fmt: skip
    def test_conditions(self, index, condition, code):
        assert code in self.codes(index, EncounterFacts(trimester=3, period="pregnancy"), condition)

    def test_essential_hypertension_is_replaced(self, index):
        found = self.codes(index, EncounterFacts(trimester=2, period="pregnancy"), "I10", "E03.9")
        assert found == {"O10.012": {"I10"}, "O99.282": set()}

    @pytest.mark.parametrize(
        ("named", "period", "trimester", "code"),
        [("O24.414", "childbirth", 3, "O24.424"), ("O09.529", "pregnancy", 1, "O09.521"),
         ("O40.9XX0", "pregnancy", 3, "O40.3XX0"), ("O13.9", "puerperium", 0, "O13.5"),
         ("O14.10", "childbirth", 3, "O14.14"), ("O36.60X0", "childbirth", 3, "O36.63X0"),
         ("Z34.80", "pregnancy", 2, "Z34.82"), ("O99.820", "childbirth", 3, "O99.824")],
    )  # fmt: skip
    def test_leaves_move_to_the_period(self, index, named, period, trimester, code):
        facts = EncounterFacts(trimester=trimester, period=period)
        assert self.codes(index, facts, named)[code] == {named}

    def test_a_named_trimester_stays(self, index):
        assert self.codes(index, EncounterFacts(trimester=3, period="pregnancy"), "O14.12") == {}

    def test_signs_in_the_examination_do_not_complicate(self, index):
        facts = EncounterFacts(trimester=3, period="pregnancy")
        assert self.codes(index, facts, "L53.9", sections=["exam"]) == {}


class TestFamilies:
    def codes(self, index, text, *named):
        rows = [edge(index, code, mention=i) for i, (code, _words) in enumerate(named)]
        mentions = [mention_of(text, words) for _code, words in named]
        return set(codes_of(index, families_of(Present(index, rows), mentions, [Reading(text)])))

    def test_each_eye_has_its_own_stage(self, index):
        text = "R eye moderate NPDR w/ DME, L eye severe NPDR, no DME"
        named = [("E11.3391", "moderate NPDR"), ("E11.3492", "severe NPDR")]
        assert self.codes(index, text, *named) == {"E11.3311", "E11.3492"}

    def test_stones_of_both_sites(self, index):
        text = "1. choledocholithiasis w/ obstruction\n2. acute cholecystitis w/ cholelithiasis"
        found = self.codes(index, text, ("K80.50", "choledocholithiasis"), ("K80.00", "cholelithiasis"))
        assert found == {"K80.62", "K80.63"}

    def test_dementia_of_a_disease_with_each_disturbance(self, index):
        text = "Severe Alzheimer dementia.\nAgitated at night, wandering. No hallucinations."
        found = self.codes(index, text, ("G30.9", "Alzheimer"), ("F03.C0", "dementia"))
        assert found == {"F02.C11", "F02.C18"}

    def test_nothing_without_an_anchor(self, index):
        assert self.codes(index, "severe persistent asthma", ("I10", "severe")) == set()

    def test_families_have_leaves_and_known_needs(self, index):
        for family in all_families():
            assert family.axes, family.name
            assert all(index.row(target) is not None for target in family.targets), family.name

    def test_needs_are_groups_of_prefixes(self):
        assert prefixes_of("A|B + C") == (("A", "B"), ("C",))


class TestDiabetes:
    def codes(self, index, text, *named):
        rows = [edge(index, code, mention=i) for i, (code, _words) in enumerate(named)]
        mentions = [mention_of(text, words) for _code, words in named]
        return codes_of(index, of_documented_type(Present(index, rows), [], mentions, [Reading(text)]))

    def test_complications_follow_the_documented_type(self, index):
        text = "T1DM. Diabetic neuropathy."
        found = self.codes(index, text, ("E10.9", "T1DM"), ("E11.40", "Diabetic neuropathy"))
        assert found == {"E10.40": {"E11.40"}}

    def test_type_2_that_is_documented_stays(self, index):
        text = "Type 2 DM with neuropathy, first called drug-induced diabetes"
        named = [("E11.40", "Type 2 DM with neuropathy"), ("E09.9", "drug-induced diabetes")]
        assert self.codes(index, text, *named) == {}

    def test_two_other_types_decide_nothing(self, index):
        text = "T1DM or MODY. Diabetic neuropathy."
        named = [("E10.9", "T1DM"), ("E13.9", "MODY"), ("E11.40", "Diabetic neuropathy")]
        assert self.codes(index, text, *named) == {}


class TestExaminations:
    def codes(self, index, text, code, age):
        encounter = Encounter("e", (Note("n", text),), patient=Patient(age))
        return codes_of(index, examinations(Present(index, [edge(index, code)]), [Reading(text)], encounter))

    @pytest.mark.parametrize(
        ("text", "code", "age", "expected"),
        [
            ("Annual physical", "Z00.00", 40, "Z00.00"),
            ("Annual physical without abnormal findings", "Z00.01", 40, "Z00.00"),
            ("Annual physical, uncontrolled hypertension", "Z00.00", 40, "Z00.01"),
            ("Annual physical. In no acute distress, no new problems", "Z00.00", 40, "Z00.00"),
            ("Annual physical. No acute distress. Acute bronchitis", "Z00.00", 40, "Z00.01"),
            ("Well child check", "Z00.129", 4, "Z00.129"),
            ("Well child check, new murmur", "Z00.129", 4, "Z00.121"),
            ("Physical", "Z00.00", 4, "Z00.129"),
            ("Well newborn", "Z00.129", 5 / 365, "Z00.110"),
            ("Well newborn", "Z00.110", 14 / 365, "Z00.111"),
            ("Well child", "Z00.129", None, "Z00.129"),
        ],
    )
    def test_age_and_findings(self, index, text, code, age, expected):
        assert set(self.codes(index, text, code, age)) == {expected}

    def test_no_examination(self, index):
        assert self.codes(index, "abnormal", "I10", 40) == {}


class TestPerinatal:
    @pytest.mark.parametrize(
        ("code", "age", "expected"),
        [("R17", 0, {"P59.9": {"R17"}}), ("E16.2", 0.07, {"P70.4": {"E16.2"}}), ("R17", 0.2, {}), ("R17", None, {})],
    )
    def test_conditions_of_a_newborn(self, index, code, age, expected):
        encounter = Encounter("e", (Note("n", "text"),), patient=Patient(age))
        assert codes_of(index, perinatal(Present(index, [edge(index, code)]), encounter)) == expected


class TestDated:
    def codes(self, index, text, words, code, service=None):
        encounter = Encounter("e", (Note("n", text),), date_of_service=service)
        present = Present(index, [edge(index, code)])
        return codes_of(index, dated(present, [mention_of(text, words)], [Reading(text)], encounter))

    def test_an_event_of_an_earlier_year(self, index):
        assert self.codes(index, "NSTEMI 2019", "NSTEMI", "I21.4") == {"I25.2": {"I21.4"}}
        assert self.codes(index, "TIA (3/2019)", "TIA", "G45.9", date(2026, 1, 2)) == {"Z86.73": {"G45.9"}}

    def test_an_event_of_this_year(self, index):
        assert self.codes(index, "NSTEMI 2026", "NSTEMI", "I21.4", date(2026, 3, 1)) == {}

    def test_a_disease_that_lasts(self, index):
        assert self.codes(index, "Diabetes 2019", "Diabetes", "E11.9") == {}
