"""Codes composed of cues: what each family says and leaves unsaid."""

from __future__ import annotations

import re

import numpy as np
import pytest

from suggest.composition import Composer
from suggest.composition.alcohol_level import level_code
from suggest.composition.burns import extent_code
from suggest.composition.cues import CueTable, NoteCues
from suggest.keys import token_keys
from suggest.nlp import make_nlp, read
from suggest.resources import list_tables, read_table

STEM = re.compile(r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?")


@pytest.fixture(scope="module")
def nlp():
    return make_nlp()


@pytest.fixture(scope="module")
def table():
    return CueTable()


@pytest.fixture(scope="module")
def composer(index):
    return Composer(index)


@pytest.fixture(scope="module")
def composed(nlp, table, composer):
    """Codes that a text composes, without terms of the terminology around."""

    def compose(text, age=None):
        with nlp.memory_zone():
            doc = read(nlp, text)
            tokens = token_keys(doc)
            offsets = np.array([token.idx for token in doc] + [len(text)], dtype=np.int64)
            ends = np.array([token.idx + len(token) for token in doc], dtype=np.int64)
            cues = NoteCues(text, offsets, ends, tokens, table.find(tokens), {}, age)
            return {item.code for item, _row in composer.compose(cues)}

    return compose


@pytest.fixture(scope="module")
def cues_of(nlp, table):
    """Kind and words of the cues of a text."""

    def find(text):
        with nlp.memory_zone():
            doc = read(nlp, text)
            found = table.find(token_keys(doc))
            return [(cue.kind, doc[cue.first : cue.last].text) for cues in found.values() for cue in cues]

    return find


def test_the_longest_cue_of_a_kind_counts(cues_of):
    assert [words for kind, words in cues_of("insulin glargine") if kind == "drug"] == ["insulin glargine"]


def test_cues_do_not_cross_sentences(cues_of):
    assert ("short", "ran out\nof") not in cues_of("He ran out\n\nof lisinopril")
    assert ("short", "ran out of") in cues_of("He ran out of lisinopril")


def test_cues_see_other_forms_of_a_word(cues_of):
    assert ("drug", "Statins") in cues_of("Statins")
    assert ("degree", "3rd-degree") in cues_of("3rd-degree")


def test_the_words_of_cues_are_left_alone_by_the_speller(table):
    keys = table.keys()
    assert len(keys) > 1000
    assert (np.diff(keys.astype(object)) > 0).all()


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("intentional overdose of gabapentin and zolpidem", {"T42.6X2"}),
        ("Fentanyl overdose, then given naloxone", {"T40.411"}),
        ("oxycodone overdose, denies suicide attempt", {"T40.2X1"}),
        ("ingested his mother's lisinopril, intent undetermined", {"T46.4X4"}),
        ("adverse effect of ciprofloxacin", {"T36.AX5"}),
        ("digoxin toxicity", {"T46.0X5"}),
        ("latanoprost 1 gtt OD", set()),
        ("metoprolol 25 mg daily", set()),
        ("ran out of lisinopril", {"T46.4X6", "Z91.138"}),
        ("self-discontinued lisinopril", {"T46.4X6", "Z91.148"}),
        ("off lisinopril", set()),
        ("off lisinopril, could not afford it", {"T46.4X6", "Z91.120"}),
        ("stopped lisinopril on his own", {"T46.4X6", "Z91.128"}),
        ("mother forgets to give prednisolone", {"T38.0X6", "Z91.A3"}),
    ],
)
def test_drug_and_intent(composed, text, codes):
    assert composed(text) == codes


def test_a_child_does_not_choose_what_it_takes(composed):
    assert composed("ran out of albuterol", age=6) == {"T48.6X6", "Z91.A3"}
    assert composed("ran out of albuterol", age=60) == {"T48.6X6", "Z91.138"}


def test_an_overdose_is_no_adverse_effect_elsewhere_in_the_note(composed):
    assert composed("Tylenol overdose.\n\nAcetaminophen toxicity") == {"T39.1X1"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("fell from ladder", {"W11"}),
        ("fell on the stairs", {"W10.9"}),
        ("fell beside the bed", set()),
        ("fell asleep in bed", set()),
        ("tripped over a rug", {"W01.0"}),
        ("tripped over a rug and struck head", {"W01.198"}),
        ("tripped and fell", {"W01.0"}),
        ("dog bite", {"W54.0"}),
        ("cut thumb with a knife", {"W26.0"}),
        ("suicide attempt, cut wrist with a knife", {"X78.1"}),
        ("denies suicide attempt, cut wrist with a knife", {"W26.0"}),
        ("assaulted, cut with a knife", {"X99.1"}),
        ("driver, T-boned by a van", {"V43.54"}),
        ("passenger, car hit a tree", {"V47.6"}),
        ("pedestrian struck by a bus", {"V04.10"}),
        ("fell in the kitchen of the nursing home", {"Y92.120"}),
        ("lives in a nursing home, likes the kitchen", set()),
        ("fell while playing tennis", {"Y93.73"}),
        ("plays tennis", set()),
        ("cut hand with knife, workers comp", {"W26.0", "Y99.0"}),
        ("cut hand with knife, not work related", {"W26.0"}),
        ("stress at work", set()),
    ],
)
def test_external_causes(composed, text, codes):
    assert composed(text) == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("old CVA with right hemiparesis", {"I69.351"}),
        ("old CVA with left hemiparesis", {"I69.354"}),
        ("old CVA with left hemiparesis, left-handed", {"I69.352"}),
        ("old CVA with right nondominant hemiparesis", {"I69.353"}),
        ("hemiparesis from old CVA", {"I69.35"}),
        ("dysphagia after stroke", {"I69.391"}),
        ("residual aphasia from ICH", {"I69.120"}),
        ("stroke with aphasia", set()),
        ("acute stroke. Aphasia due to stroke", set()),
        ("old CVA", set()),
    ],
)
def test_stroke_sequelae(composed, text, codes):
    assert composed(text) == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("BCC of left nasal ala", {"C44.311"}),
        ("melanoma in situ of cheek", {"D03.39"}),
        ("SCC of the lung, neck pain", set()),
        ("mets to liver, left lung and bone", {"C78.7", "C78.0", "C79.51"}),
        ("liver, lung and brain mets", {"C78.7", "C78.0", "C79.31"}),
        ("liver disease. Mets", set()),
        ("nevus simplex of eyelid", set()),
    ],
)
def test_neoplasms(composed, text, codes):
    assert composed(text) == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("stage 3 decubitus of sacrum", {"L89.153"}),
        ("DTI left heel", {"L89.626"}),
        ("unstageable pressure injury of right hip", {"L89.210"}),
        ("stage 2 pressure ulcers of both heels", {"L89.612", "L89.622"}),
        ("stage 4 CKD, sacral pressure ulcer stage 2", {"L89.152"}),
        ("pressure ulcer of left elbow", {"L89.029"}),
        ("right great toe ulcer, fat layer exposed", {"L97.512"}),
        ("ulcer of left calf without necrosis of muscle, fat layer exposed", {"L97.222"}),
        ("gastric ulcer", set()),
    ],
)
def test_ulcers(composed, text, codes):
    assert composed(text) == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("partial thickness burn of right palm", {"T23.25"}),
        ("chemical burn of forearm, second degree", {"T22.61"}),
        ("burn of thigh", {"T24.01"}),
        ("forearm burn, no full thickness", set()),
        ("burns, 25% TBSA, 12% third degree", {"T31.21"}),
        ("chemical burn, 4% BSA", {"T32.0"}),
        ("BSA 1.8 m2", set()),
    ],
)
def test_burns(composed, text, codes):
    assert composed(text) == codes


@pytest.mark.parametrize(
    ("total", "third", "code"),
    [(9.9, 0, "T31.0"), (10, 0, "T31.10"), (45, 22, "T31.42"), (95, 100, "T31.99"), (15, 40, "T31.11")],
)
def test_extent(total, third, code):
    assert extent_code("T31", total, third) == code


@pytest.mark.parametrize(
    ("level", "code"), [(0, "Y90.0"), (79, "Y90.3"), (168, "Y90.6"), (240, "Y90.8"), (410, "Y90.8")]
)
def test_alcohol_level(level, code):
    assert level_code(level) == code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("BAC 0.19", {"Y90.6"}),
        ("ETOH 12 beers", set()),
        ("ETOH 100 ml", set()),
        ("alcohol level 1200", set()),
        ("EtOH: 305", {"Y90.8"}),
    ],
)
def test_stated_alcohol_level(composed, text, codes):
    assert composed(text) == codes


def test_tables_name_codes_that_exist(index):
    known = {index.code(row) for row in range(len(index))}
    for name in [*list_tables("composition"), *list_tables("composition/cues")]:
        for row in read_table(name):
            for column in ("code", "result", "value"):
                for value in row.get(column, "").split("|"):
                    if STEM.fullmatch(value) and row.get("kind") not in ("drug", "unnamed_drug", "residence", "stroke"):
                        assert value in known, (name, value)


def test_drugs_have_a_code_for_every_intent(index):
    rows = [row for row in read_table("composition/cues/drugs.tsv") if row["value"]]
    assert len({row["phrase"] for row in rows}) >= 250
    for row in rows:
        digits = "1234" if row["value"] in ("T40.1X", "T40.8X", "T43.64") else "123456"
        for digit in digits:
            assert index.row(row["value"] + digit) is not None, row["phrase"]


def test_tables_are_sorted_and_unique():
    for name in [*list_tables("composition"), *list_tables("composition/cues")]:
        rows = [tuple(row.values()) for row in read_table(name)]
        assert len(set(rows)) == len(rows), name
        first = [row[0].lower() for row in rows]
        assert first == sorted(first), name
