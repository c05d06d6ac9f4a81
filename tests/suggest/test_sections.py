from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.nlp import make_nlp, read
from suggest.sections import families_of_tokens, find_sections, mark_sections


def outline(text: str) -> list[tuple[str, str]]:
    """The family and the first two words of every section."""
    return [(s.family, " ".join(text[s.body : s.end].split()[:2])) for s in find_sections(text)]


def family_of(text: str, words: str) -> str:
    """The family of the section that holds ``words``."""
    at = text.index(words)
    return next(s.family for s in find_sections(text) if s.start <= at < s.end)


CLINIC = """\
CC: cough x 3 d

HPI
45M with cough. The plan: rest at home did not help.

PMHx: HTN, DM2
Mother: alive
MEDS - lisinopril 10
ALLERGIES
NKDA
FHx: father MI 50
SPIRITUAL NEEDS:
none voiced
Vitals: BP 130/80 HR: 80 BMI: 31
PE
HEENT: clear
Lungs: rhonchi
Skin: dry
Labs (03/10):
WBC 11
CXR: no infiltrate
EKG: sinus
A&P
1. Acute bronchitis
   Labs: none
   Plan: fluids
2. HTN - stable
   Meds: lisinopril
3. DM2
   A1c: 7.1
Follow-up: 3 months
Time spent: 25 min
Electronically signed by: J. Doe
"""

CHARTS = {
    "clinic": (
        CLINIC,
        [
            ("cc", "cough x"),
            ("hpi", "45M with"),
            ("pmh", "HTN, DM2"),
            ("medications", "lisinopril 10"),
            ("allergies", "NKDA"),
            ("family", "father MI"),
            ("other", "none voiced"),
            ("vitals", "BP 130/80"),
            ("exam", "HEENT: clear"),
            ("labs", "WBC 11"),
            ("assessment_plan", "1. Acute"),
            ("labs", "none"),
            ("plan", "fluids"),
            ("assessment_plan", "2. HTN"),
            ("medications", "lisinopril"),
            ("assessment_plan", "3. DM2"),
            ("follow_up", "3 months"),
            ("time_statement", "25 min"),
            ("signature", "J. Doe"),
        ],
    ),
    "run-on dictation": (
        "SUBJECTIVE:,  Itchy plaques.,PAST MEDICAL HISTORY: , Significant for asthma.,ALLERGIES:,  None.,"
        "PHYSICAL EXAMINATION: ,GENERAL:  Well.,SKIN:  Plaques.,ASSESSMENT AND PLAN:,1.  Psoriasis.",
        [
            ("subjective", "Itchy plaques.,"),
            ("pmh", "Significant for"),
            ("allergies", "None.,"),
            ("exam", "GENERAL: Well.,SKIN:"),
            ("assessment_plan", "1. Psoriasis."),
        ],
    ),
    "lost line breaks": (
        "PREOPERATIVE DIAGNOSES,1.  Hernia.,POSTOPERATIVE DIAGNOSES,1.  Hernia.,PROCEDURE: , Repair.",
        [("preop_diagnosis", "1. Hernia.,"), ("postop_diagnosis", "1. Hernia.,"), ("procedure", "Repair.")],
    ),
    "bare abbreviations": (
        "45M here for cough. PMH HTN on HCTZ. Meds lisinopril. FH noncontrib. ALL NKDA.\nCough is dry.\n"
        "PSH none. Soc lives alone.",
        [
            ("none", "45M here"),
            ("pmh", "HTN on"),
            ("medications", "lisinopril."),
            ("family", "noncontrib."),
            ("allergies", "NKDA."),
            ("none", "Cough is"),
            ("psh", "none."),
            ("social", "lives alone."),
        ],
    ),
    "lower case": (
        "cc: cough\npmh htn\nfhx neg\nexam: lungs clear\nassessment: bronchitis. plan: rest",
        [
            ("cc", "cough"),
            ("pmh", "htn"),
            ("family", "neg"),
            ("exam", "lungs clear"),
            ("assessment", "bronchitis."),
            ("plan", "rest"),
        ],
    ),
    "SOAP on one line": (
        "S: sore throat 2 d. O: T 99, P: 80, tonsils red. A: pharyngitis. P: 1. salt water",
        [
            ("subjective", "sore throat"),
            ("objective", "T 99,"),
            ("assessment", "pharyngitis."),
            ("plan", "1. salt"),
        ],
    ),
    "all capitals": (
        "CHIEF COMPLAINT: COUGH\nPAST MEDICAL HISTORY\nALLERGIES IN SPRING\nMS\nRIGHT KNEE PAIN ON EXAM\n"
        "FAMILY HISTORY\nFATHER: CAD\nPLAN\nSTOP SMOKING.",
        [("cc", "COUGH"), ("pmh", "ALLERGIES IN"), ("family", "FATHER: CAD"), ("plan", "STOP SMOKING.")],
    ),
    "markdown": (
        "# Visit note\n\n## Subjective\nTired.\n\n**PMH:** anemia\n\n### Assessment & Plan\n# Anemia\niron\n"
        "# Fatigue\n**Sleep apnea**\nCPAP",
        [("none", "# Visit"), ("subjective", "Tired."), ("pmh", "anemia"), ("assessment_plan", "# Anemia")],
    ),
    "line ends and tabs": (
        "CC:\tcough\r\n\r\nPMH\tHTN\r\nPLAN:\r\n\trest\r\n",
        [("cc", "cough"), ("pmh", "HTN"), ("plan", "rest")],
    ),
    "old line ends": ("CC: cough\rPLAN\rrest", [("cc", "cough"), ("plan", "rest")]),
    "operative report": (
        "PREOPERATIVE DIAGNOSIS: Cataract.\nPOSTOPERATIVE DIAGNOSIS: Same.\nPROCEDURE: Extraction.\n"
        "ANESTHESIA: Topical. COMPLICATIONS: None.\nINDICATIONS FOR SURGERY: Glare.\n"
        "DESCRIPTION OF PROCEDURE: The lens was removed.\nDISPOSITION: Home.",
        [
            ("preop_diagnosis", "Cataract."),
            ("postop_diagnosis", "Same."),
            ("procedure", "Extraction."),
            ("anesthesia", "Topical."),
            ("complications", "None."),
            ("procedure_indication", "Glare."),
            ("procedure_details", "The lens"),
            ("disposition", "Home."),
        ],
    ),
    "imaging report": (
        "EXAM: CT head\nINDICATION: fall\nTECHNIQUE: axial\nCOMPARISON: none\nFINDINGS:\nBRAIN: no bleed\n"
        "SINUSES: clear\nHEART: not seen\nIMPRESSION:\n1. No bleed.",
        [
            ("exam", "CT head"),
            ("indication", "fall"),
            ("technique", "axial"),
            ("comparison", "none"),
            ("findings", "BRAIN: no"),
            ("impression", "1. No"),
        ],
    ),
    "numbered headings": (
        "1. CC: cough\n2. HPI: 3 days\n3. Assessment: bronchitis\n4. Plan: rest\n5. Follow-up: none",
        [
            ("cc", "cough"),
            ("hpi", "3 days"),
            ("assessment", "bronchitis"),
            ("plan", "rest"),
            ("follow_up", "none"),
        ],
    ),
    "plan by problem": (
        "ASSESSMENT AND PLAN:\nDIABETES:\n- labs: A1c\nHYPERTENSION:\nControlled.\nPulm: COPD, inhaler\n"
        "Diet: low salt\nCKD 3a.\nDISPOSITION: home",
        [
            ("assessment_plan", "DIABETES: -"),
            ("nutrition", "low salt"),
            ("assessment_plan", "CKD 3a."),
            ("disposition", "home"),
        ],
    ),
    "history by system": (
        "PMH:\nCardiac: CAD\nGI: GERD\nPSYCHIATRIC: depression\nGEN: NAD\nCardiac: RRR",
        [("pmh", "Cardiac: CAD"), ("exam", "NAD Cardiac:")],
    ),
    "headings on one line": (
        "the chart was read REVIEW OF SYSTEMS: fever. Neck: stiff. Assessment: meningitis; PLAN: admit",
        [("none", "the chart"), ("ros", "fever. Neck:"), ("assessment", "meningitis;"), ("plan", "admit")],
    ),
    "combined and copied forward": (
        "Allergies/Medications: PCN, lisinopril\nPMH/FHx/SHx: reviewed\nPMH (from 3/2):\nHTN\nPMH:\nHTN",
        [
            ("medications", "PCN, lisinopril"),
            ("family_social", "reviewed"),
            ("pmh", "HTN"),
            ("pmh", "HTN"),
        ],
    ),
    "non-ASCII": (
        "Pati\u00ebnt \u2265 65 \u00e5r.\nPlan\u00a0:\u00a0repos\n\u2022 Labs: none",
        [("none", "Pati\u00ebnt \u2265"), ("plan", "repos \u2022")],
    ),
}


@pytest.mark.parametrize("name", CHARTS)
def test_chart(name):
    text, expected = CHARTS[name]
    assert outline(text) == expected


@pytest.mark.parametrize("name", CHARTS)
def test_windows_line_ends_change_nothing(name):
    text, expected = CHARTS[name]
    if "\r" not in text:
        assert outline(text.replace("\n", "\r\n")) == expected


@pytest.mark.parametrize(
    ("text", "words", "family"),
    [
        ("PE:\nHEENT: nl\nLungs: clear\nCardiac: RRR", "RRR", "exam"),
        ("ROS:\nConstitutional: no fever\nSkin: no rash", "rash", "ros"),
        ("Lungs: clear\nSkin: rash", "rash", "exam"),
        ("FHx: father CAD\nSpiritual Needs:\nhypertension", "hypertension", "other"),
        ("FHx: father CAD\nDIABETES: aunt", "aunt", "family"),
        ("A/P:\n# CHF\nLabs: BNP\n# COPD\ninhaler", "COPD", "assessment_plan"),
        ("A/P:\n1. CHF\nMedications: 1. lasix\n2. metoprolol", "metoprolol", "medications"),
        ("Assessment:\n1. CHF\nMedications:\n1. lasix\n2. metoprolol", "metoprolol", "medications"),
        ("HPI: cough. CXR: clear\nstill coughing", "still", "hpi"),
        (
            "HPI: tired. PMH long list of diseases that fills this one line up to its end and\ngoes on",
            "goes",
            "pmh",
        ),
        ("Plan: rest\nSleep: poor\nreturn", "return", "plan"),
        ("PMH:\nPE\nAllergies\nHTN", "HTN", "pmh"),
        ("PMH:\nPE\n\nAllergies\nHTN", "HTN", "allergies"),
        ("HPI: cough\nPE\nlungs clear", "lungs", "exam"),
        ("HPI: cough\nAllergies\npollen", "pollen", "allergies"),
        ("## Plan\nrest\n**Sleep Apnea**\nCPAP", "CPAP", "plan"),
        ("## Plan\nrest\n## Home Needs\nchair", "chair", "other"),
    ],
)
def test_where_words_belong(text, words, family):
    assert family_of(text, words) == family


def check_tiling(text: str) -> None:
    sections = find_sections(text)
    assert [s.start for s in sections] == [0, *(s.end for s in sections[:-1])][: len(sections)]
    assert (sections[-1].end if sections else 0) == len(text)
    assert all(s.start <= s.body <= s.end and s.start < s.end for s in sections)


PIECES = [
    *(
        "CC:",
        "HPI",
        "PMH",
        "FH",
        "ALL NKDA",
        "## Plan",
        "**A/P:**",
        "Labs (03/10):",
        "HEENT:",
        "S:",
        "P: 80",
        "CXR:",
    ),
    *(
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "\t",
        "  ",
        " ",
        ". ",
        ".,",
        ",",
        ": ",
        " - ",
        "-----",
        "1. ",
        "2) ",
        "# ",
        "- ",
        "\f",
    ),
    *("cough", "RIGHT KNEE", "Home Needs", "\u00e9", "\u2028", "\uff1a", "(", ")", "[", "*", "\U0001f600"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_sections_tile_texts_of_headings(text):
    check_tiling(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_sections_tile_any_text(text):
    check_tiling(text)


@pytest.mark.parametrize("text", ["", " ", "\n\n", ":", "::", "A", "Plan", "Plan:", "\n Plan:\n", "-----"])
def test_small_texts(text):
    check_tiling(text)


def test_no_text_has_no_sections():
    assert find_sections("") == []


def test_offsets_of_heading_and_body():
    text = "\n  Cough.\n  ## Plan:  \n rest"
    first, second = find_sections(text)
    assert (first.family, first.start, first.body, first.end) == ("none", 0, 0, text.index("##"))
    assert (second.start, second.body, second.end) == (text.index("##"), text.index("rest"), len(text))


def test_white_space_before_the_first_heading_belongs_to_it():
    (section,) = find_sections("\n\n  CC: cough")
    assert (section.family, section.start, section.body) == ("cc", 0, 8)


def test_mark_sections_covers_all_tokens():
    nlp = make_nlp()
    with nlp.memory_zone():
        doc = read(nlp, CLINIC)
        sections = find_sections(CLINIC)
        mark_sections(doc, sections)
        spans = doc.spans["sections"]
        assert [span.label_ for span in spans] == [section.family for section in sections]
        assert [span.start for span in spans] == [0, *(span.end for span in spans)][:-1]
        assert spans[-1].end == len(doc)
        assert spans[2].text.startswith("PMHx: HTN, DM2")


def test_families_of_tokens():
    text = "CC: cough\nPlan: rest"
    nlp = make_nlp()
    with nlp.memory_zone():
        doc = read(nlp, text)
        index = families_of_tokens(doc, find_sections(text))
        assert index.dtype == np.int64
        assert index.shape == (len(doc),)
        assert {token.text: int(i) for token, i in zip(doc, index, strict=True) if token.text.isalpha()} == {
            "CC": 0,
            "cough": 0,
            "Plan": 1,
            "rest": 1,
        }


def test_families_of_tokens_of_no_text():
    nlp = make_nlp()
    with nlp.memory_zone():
        doc = read(nlp, "")
        mark_sections(doc, [])
        assert families_of_tokens(doc, []).shape == (0,)
        assert len(doc.spans["sections"]) == 0


HOSTILE = {
    "spaces": " " * 1_000_000,
    "colons": ":" * 1_000_000,
    "spaced colons": "a: " * 333_333,
    "colons in words": "a:" * 500_000,
    "capitals": ("A" * 89 + ":") * 11_000,
    "capital words": "AB " * 333_333,
    "capital words and colons": ("AB " * 29 + "AB:") * 11_000,
    "nested brackets": "(" * 10_000 + "x" + ")" * 10_000 + "[(" * 400_000,
    "brackets and colons": ("(" * 88 + "x:") * 11_000,
    "one long line": "lorem ipsum, dolor " * 10_500,
    "line ends": "\n" * 1_000_000,
    "short lines": "a\n" * 500_000,
    "headings": "Plan:\n" * 160_000,
    "heading and spaces": "Plan" + " " * 999_990 + ":",
    "dashes": "-" * 1_000_000,
    "dashed": "A - " * 250_000,
    "sentence ends": ". " * 500_000,
    "commas": "A," * 500_000,
    "spaces in a line": "A" + " " * 999_998 + "b",
    "numbers": "1. a\n" * 200_000,
    "bare": "PMH a. " * 140_000,
    "rules": "a\n---\n" * 160_000,
    "blank lines": ("Plan: x" + "\n \n" * 30) * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name):
    text = HOSTILE[name][:1_000_000]
    start = time.process_time()
    sections = find_sections(text)
    # Generous: these take up to about two seconds where a quadratic pass takes hours.
    assert time.process_time() - start < 15
    assert sections[-1].end == len(text)


def test_a_million_characters_of_charts():
    text = (CLINIC * (1_000_000 // len(CLINIC) + 1))[:1_000_000]
    start = time.process_time()
    find_sections(text)
    assert time.process_time() - start < 6


@pytest.fixture(scope="module")
def transcriptions() -> list[str]:
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("CHARTCODER_DEV_DATA", default)) / "mtsamples" / "mtsamples.jsonl.gz"
    if not path.exists():
        pytest.skip("needs mtsamples in CHARTCODER_DEV_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


@pytest.mark.shared_data
def test_real_transcriptions(transcriptions):
    seen: dict[str, int] = {}
    for text in transcriptions:
        check_tiling(text)
        for section in find_sections(text):
            seen[section.family] = seen.get(section.family, 0) + 1
    total = sum(seen.values())
    assert len(seen) > 75
    assert seen.get("other", 0) < 0.005 * total
    assert min(seen[family] for family in ("hpi", "pmh", "family", "exam", "plan", "impression")) > 200


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("PMH: asthma. ALL: NKDA. Smokes 1/2 ppd\n", {"Smokes": "pmh"}),
        ("Allergies: none. Former smoker.\nFH: none", {"Former": "none", "FH": "family"}),
        ("Allergies: No known drug allergies. Smoker\n", {"Smoker": "none"}),
        ("Allergies: PCN (rash). Sulfa.\n", {"Sulfa": "allergies"}),
        ("Allergies: NKDA\nMeds: aspirin", {"NKDA": "allergies", "Meds": "medications"}),
        ("Allergies: nonsteroidals. Latex.", {"Latex": "allergies"}),
    ],
)
def test_where_no_allergy_is_known_the_section_ends_with_the_sentence(text, families):
    found = find_sections(text)
    for word, family in families.items():
        at = text.index(word)
        assert next(section.family for section in found if section.start <= at < section.end) == family
