"""ICD-10-PCS codes composed from words: what phrases lead to, what they leave open, and what leads to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from typing import cast

import numpy as np
import pytest
from spacy.attrs import IDX

from suggest.code_sets.icd10pcs import PcsIndex, open_pcs, shipped_pcs_edition
from suggest.errors import ResourceError
from suggest.keys import token_keys
from suggest.mentions import Hits
from suggest.nlp import make_nlp, read
from suggest.procedures.found import Found, Origin
from suggest.procedures.pcs import PcsComposer
from suggest.procedures.pcs.checks import dead_rows
from suggest.procedures.pcs.numbers import stated_counts, stated_hours, ventilated_hours
from suggest.procedures.pcs.tables import Knowledge, knowledge, read_procedures, read_sites, read_values
from suggest.reading import NoteReading
from suggest.records import Note, System

Compose = Callable[..., list[Found]]

PHRASES = [
    ("Laparoscopic cholecystectomy with intraoperative cholangiogram", "0FT44ZZ"),
    ("Open right hemicolectomy with ileocolic anastomosis", "0DTF0ZZ"),
    ("Laparoscopic appendectomy for perforated appendicitis", "0DTJ4ZZ"),
    ("ex lap, small bowel resection with primary anastomosis", "0DB80ZZ"),
    ("Open Hartmann procedure, end descending colostomy", "0D1M0Z4"),
    ("Laparoscopic sleeve gastrectomy", "0DB64Z3"),
    ("PEG tube placement", "0DH63UZ"),
    ("EGD with antral biopsies", "0DB78ZX"),
    ("EGD with banding of esophageal varices", "06L38CZ"),
    ("EGD: duodenal ulcer with visible vessel, epi injection and 2 hemoclips, hemostasis", "0W3P8ZZ"),
    ("Colonoscopy with hot snare polypectomy of sigmoid polyp", "0DBN8ZZ"),
    ("Screening colonoscopy, normal to cecum", "0DJD8ZZ"),
    ("ERCP with balloon sweep, CBD stone extracted", "0FC98ZZ"),
    ("ERCP with biliary stent placement", "0F798DZ"),
    ("CT guided core biopsy of liver mass", "0FB03ZX"),
    ("Diagnostic paracentesis, fluid sent for cell count", "0W9G3ZX"),
    ("Therapeutic paracentesis, 5.4 L removed", "0W9G3ZZ"),
    ("Left inguinal hernia repair with mesh, open", "0YU60JZ"),
    ("Laparoscopic ventral hernia repair with mesh", "0WUF4JZ"),
    ("ORIF left distal radius fracture with volar locking plate", "0PSJ04Z"),
    ("ORIF right bimalleolar ankle fracture", "0QSG04Z"),
    ("CRPP right supracondylar humerus fracture", "0PSF34Z"),
    ("Percutaneous cephalomedullary nail for right intertrochanteric fracture", "0QS636Z"),
    ("Closed reduction of right shoulder dislocation", "0RSJXZZ"),
    ("Right total knee arthroplasty, cemented", "0SRC0J9"),
    ("Left THA, uncemented, ceramic on polyethylene", "0SRB04A"),
    ("Left cemented bipolar hemiarthroplasty of hip", "0SRS0J9"),
    ("Right reverse total shoulder arthroplasty", "0RRJ00Z"),
    ("Arthroscopic partial medial meniscectomy right knee", "0SBC4ZZ"),
    ("Excisional debridement of left heel ulcer down to calcaneus bone", "0QBM0ZZ"),
    ("Excisional debridement of sacral ulcer including subcutaneous tissue and fascia", "0JB90ZZ"),
    ("right below-knee amputation, tibia divided at proximal third", "0Y6H0Z1"),
    ("Right great toe amputation at the MTP joint", "0Y6P0Z0"),
    ("L4-L5 TLIF with interbody cage", "0SG00AJ"),
    ("C5-C7 ACDF with PEEK cages", "0RG20A0"),
    ("T4-T12 posterior spinal fusion with local autograft", "0RG8071"),
    ("L5-S1 microdiscectomy", "0SB40ZZ"),
    ("L3-L5 decompressive laminectomy", "00NY0ZZ"),
    ("CABG x4: LIMA to LAD, SVG to OM1, SVG to diagonal, SVG to PDA", "02100Z9"),
    ("CABG x4: LIMA to LAD, SVG to OM1, SVG to diagonal, SVG to PDA", "021209W"),
    ("SVG harvested endoscopically from right leg", "06BP4ZZ"),
    ("PCI with two drug-eluting stents to LAD and RCA, 2 vessels", "027134Z"),
    ("Left heart cath with LVEDP", "4A023N7"),
    ("Right heart catheterization", "4A023N6"),
    ("coronary angiography, left and right injected, iohexol", "B2111ZZ"),
    ("TAVR via transfemoral approach", "02RF38Z"),
    ("Dual chamber pacemaker implanted, left chest pocket", "0JH606Z"),
    ("IABP placed via right femoral artery", "5A02210"),
    ("Right IJ triple lumen CVC, tip in SVC", "02HV33Z"),
    ("IVC filter placed", "06H03DZ"),
    ("Right carotid endarterectomy with bovine pericardial patch", "03CK0ZZ"),
    ("Mechanical thrombectomy of left MCA with stent retriever", "03CG3Z7"),
    ("Left femoral to popliteal bypass with PTFE", "041L0JL"),
    ("2 u PRBC transfused via peripheral IV", "30233N1"),
    ("2 u PRBC transfused via port", "30243N1"),
    ("Tenecteplase IV bolus for stroke", "3E03317"),
    ("TPN started 3/19", "3E0436Z"),
    ("Hep B vaccine IM given", "3E0234Z"),
    ("mechanical ventilation for 62 hours", "5A1945Z"),
    ("intubated 3/13 1820, extubated 3/19 1500", "5A1955Z"),
    ("intubated, extubated 19 h later", "5A1935Z"),
    ("BiPAP for 30 hours", "5A09457"),
    ("high-flow nasal cannula from 3/9 1400 to 3/11 0800", "5A0945A"),
    ("intermittent hemodialysis MWF", "5A1D70Z"),
    ("CRRT (CVVHD) for 3 days", "5A1D90Z"),
    ("orally intubated in the ED", "0BH17EZ"),
    ("Percutaneous tracheostomy at bedside", "0B113F4"),
    ("Right upper lobe VATS lobectomy", "0BTC4ZZ"),
    ("R chest tube 28F placed for pneumothorax", "0W9930Z"),
    ("Left thoracentesis, fluid sent for cytology", "0W9B3ZX"),
    ("Bronchoscopy with BAL of right lower lobe", "0B9F8ZX"),
    ("Lumbar puncture", "009U3ZX"),
    ("Craniotomy for evacuation of left subdural hematoma", "00C40ZZ"),
    ("EVD placed in right frontal horn", "009630Z"),
    ("Continuous EEG monitoring", "4A10X4Z"),
    ("Cystoscopy, R double-J ureteral stent placed", "0T768DZ"),
    ("Left nephrostomy tube placed percutaneously", "0T9430Z"),
    ("Laparoscopic right radical nephrectomy", "0TT04ZZ"),
    ("TURBT of bladder tumor", "0TBB8ZZ"),
    ("Robotic radical prostatectomy", "0VT04ZZ"),
    ("Robotic radical prostatectomy", "8E0W4CZ"),
    ("circumcision with Gomco", "0VTTXZZ"),
    ("Repeat low transverse cesarean", "10D00Z1"),
    ("Classical cesarean section", "10D00Z0"),
    ("vacuum assisted vaginal delivery, Kiwi x2 pulls", "10D07Z6"),
    ("Spontaneous vaginal delivery of a liveborn", "10E0XZZ"),
    ("2nd degree perineal laceration repaired", "0KQM0ZZ"),
    ("Bilateral salpingectomy, open", "0UT70ZZ"),
    ("TAH BSO", "0UT90ZZ"),
    ("Right modified radical mastectomy", "0HTT0ZZ"),
    ("Scalp laceration closed with staples", "0HQ0XZZ"),
    ("Left forearm laceration sutured", "0HQEXZZ"),
    ("I&D of left thigh abscess", "0J9M0ZZ"),
    ("Split thickness skin graft to right lower leg", "0HRKX74"),
    ("Phacoemulsification with IOL, right eye", "08RJ3JZ"),
    ("Right hemithyroidectomy, open", "0GTH0ZZ"),
    ("Bone marrow biopsy, posterior iliac crest", "07DR3ZX"),
    ("plasmapheresis x5", "6A551Z3"),
    ("CIWA detox protocol completed", "HZ2ZZZZ"),
    ("CT abdomen and pelvis with iohexol", "BW211ZZ"),
    ("MRI brain with gadolinium", "B030YZZ"),
    ("TEE", "B246ZZ4"),
]

OPEN = [
    ("Cholecystectomy", "0FT44ZZ", ("approach",)),
    ("Cholecystectomy", "0FT40ZZ", ("approach",)),
    ("Appendectomy", "0DTJ4ZZ", ("approach",)),
    ("Left BKA for gangrene", "0Y6J0Z1", ("qualifier",)),
    ("Nephrectomy", "0TT00ZZ", ("body part", "approach")),
    ("Nephrectomy", "0TT10ZZ", ("body part", "approach")),
    ("CT head", "BW28ZZZ", ("contrast",)),
    ("Mechanical ventilation", "5A1945Z", ("duration",)),
    ("Left total hip arthroplasty", "0SRB0JZ", ("device", "qualifier")),
    ("CABG", "021009W", ("body part", "device", "qualifier")),
    ("lumbar fusion", "0SG0071", ("body part", "device")),
]

NOTHING = [
    "Abdominal pain for 3 days",
    "Follow up in clinic in two weeks",
    "Left chest wall mass",
    "Heart regular, lungs clear, abdomen soft",
    "Continue lisinopril 10 mg daily",
    "Family history of colon cancer",
    "",
    "Patient is a 54 year old woman with diabetes",
]


@pytest.fixture(scope="module")
def pcs(home: object) -> PcsIndex:
    from pathlib import Path

    return open_pcs(cast("Path", home), shipped_pcs_edition().name)


@pytest.fixture(scope="module")
def composer(pcs: PcsIndex) -> PcsComposer:
    return PcsComposer(pcs)


@pytest.fixture(scope="module")
def reading() -> Callable[[str], NoteReading]:
    nlp = make_nlp()

    def make(text: str) -> NoteReading:
        """Reads only what the composer needs: tokens, offsets and sentences."""
        with nlp.memory_zone():
            doc = read(nlp, text)
            tokens = token_keys(doc)
            offsets = np.append(doc.to_array([IDX]).astype(np.int64).reshape(-1), len(text))
        starts = np.append(np.flatnonzero(np.diff(tokens.sentence, prepend=-1)), len(offsets) - 1)
        none = np.zeros(0, np.int64)
        return NoteReading(
            number=0,
            note=Note("n", text),
            sections=[],
            mentions=[],
            hits=Hits(**{field.name: none for field in fields(Hits)}),
            hit_mention=none,
            tokens=tokens,
            offsets=offsets,
            sentence_start=starts,
            sentence_words={},
            words=none.astype(np.int32),
            word_token=none,
            word_sided=none.astype(np.bool_),
            line=none,
        )

    return make


@pytest.fixture(scope="module")
def compose(composer: PcsComposer, reading: Callable[[str], NoteReading]) -> Compose:
    return lambda text, **options: composer.compose([reading(text)], **options)


@pytest.mark.parametrize(("phrase", "code"), PHRASES)
def test_phrase_leads_to_code(compose: Compose, phrase: str, code: str) -> None:
    assert code in {found.code for found in compose(phrase)}


@pytest.mark.parametrize(("phrase", "code", "axes"), OPEN)
def test_what_is_unsaid_is_left_open(compose: Compose, phrase: str, code: str, axes: tuple[str, ...]) -> None:
    assert {found.code: found.open_axes for found in compose(phrase)}[code] == axes


@pytest.mark.parametrize("phrase", NOTHING)
def test_no_procedure_gives_nothing(compose: Compose, phrase: str) -> None:
    assert compose(phrase) == []


def test_the_usual_value_is_surer_than_the_alternative(compose: Compose) -> None:
    quality = {found.code: found.quality for found in compose("Cholecystectomy")}
    assert quality["0FT44ZZ"] > quality["0FT40ZZ"]


def test_an_approach_said_elsewhere_closes_the_axis(compose: Compose) -> None:
    text = "Cholecystectomy was done.\n\nTITLE: laparoscopic cholecystectomy"
    assert {found.code for found in compose(text)} == {"0FT44ZZ"}


def test_conversion_is_open_with_an_endoscopic_inspection(compose: Compose) -> None:
    codes = {found.code for found in compose("Laparoscopic cholecystectomy converted to open")}
    assert "0FT40ZZ" in codes
    assert "0FT44ZZ" not in codes
    assert codes & {"0WJG4ZZ", "0FJ44ZZ"}


def test_inspection_is_integral_to_what_was_done(compose: Compose) -> None:
    alone = {found.code: found.quality for found in compose("EGD")}
    within = {found.code: found.quality for found in compose("EGD with antral biopsy")}
    assert within["0DJ08ZZ"] < alone["0DJ08ZZ"] / 2


def test_listed_body_parts_take_a_code_each(compose: Compose) -> None:
    codes = {found.code for found in compose("EGD with biopsies of the duodenum and gastric body")}
    assert {"0DB98ZX", "0DB68ZX"} <= codes


def test_access_is_no_site(compose: Compose) -> None:
    found = compose("Mechanical thrombectomy via right femoral artery of left MCA with stent retriever")
    assert [item.code for item in found if item.code[2] == "C"] == ["03CG3Z7"]


def test_the_side_of_access_is_not_that_of_the_heart(compose: Compose) -> None:
    codes = {found.code for found in compose("Cardiac catheterization through the right radial artery")}
    assert "4A023N7" in codes
    assert "4A023N6" not in codes


def test_a_device_belongs_to_the_nearest_vessel(compose: Compose) -> None:
    text = "Left leg: popliteal w/ drug-coated balloon, anterior tibial w/ plain 2.5 mm balloon"
    codes = {found.code for found in compose(text)}
    assert {"047N3Z1", "047Q3ZZ"} <= codes


def test_a_side_comes_from_the_sentence_that_names_the_body_part(compose: Compose) -> None:
    text = "L lower leg 7 cm laceration.\n\nRight chest tube placed.\nLeg lac sutured skin and subq in ED."
    assert "0JQP0ZZ" in {found.code for found in compose(text)}


def test_right_and_left_are_both_coded(compose: Compose) -> None:
    codes = {found.code for found in compose("Right and left chest tubes placed")}
    assert {"0W9930Z", "0W9B30Z"} <= codes


def test_site_of_another_sentence_counts_less(compose: Compose) -> None:
    near = {f.code: f.quality for f in compose("IM nail of left femoral shaft fracture, percutaneous")}
    far = {f.code: f.quality for f in compose("Left femoral shaft fracture.\nTreated with percutaneous IM nail.")}
    assert far["0QS936Z"] < near["0QS936Z"]


def test_spans_tell_where_the_words_stand(compose: Compose, reading: Callable[[str], NoteReading]) -> None:
    text = "Under anesthesia a laparoscopic cholecystectomy was done"
    found = next(item for item in compose(text) if item.code == "0FT44ZZ")
    offsets = reading(text).offsets
    assert text[offsets[found.first] : offsets[found.last]].strip() == "laparoscopic cholecystectomy"
    assert found.origin is Origin.COMPOSED
    assert found.system is System.ICD10PCS
    assert any(text[offsets[a] : offsets[b]].strip() == "laparoscopic" for a, b in found.further)


def test_mentions_are_cut_where_the_rest_is_unsaid(compose: Compose) -> None:
    codes = {found.code for found in compose("An abdominal CT scan was requested", mentioned=True)}
    assert "BW20" in codes
    assert "BW40ZZZ" in {found.code for found in compose("abdominal ultrasound", mentioned=True)}
    assert all(len(found.code) == 7 for found in compose("An abdominal CT scan was requested"))


def test_only_codes_of_the_edition_come_out(compose: Compose, pcs: PcsIndex) -> None:
    codes = {found.code for phrase, _ in PHRASES for found in compose(phrase)}
    assert all(code in pcs for code in codes)
    assert len(codes) > 100


def test_every_row_of_the_tables_leads_to_a_code(pcs: PcsIndex) -> None:
    assert dead_rows(knowledge(), pcs.values) == []


def test_dead_rows_are_named(pcs: PcsIndex) -> None:
    header = "#code\tterms\tsites\taxes\twhen\tsource\tquality\n"
    row = "0FT49ZZ\tgall removal\t\t\t\tB3.8\t\n"
    tables = Knowledge(read_procedures(header + row, "p.tsv"), (), ())
    assert dead_rows(tables, pcs.values) == ["p.tsv:2: pattern 0FT49ZZ leads to no code"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0FT4\tword here\t\t\t\t\t", "no pattern of 7 characters"),
        ("0FT4aZZ\tword here\t\t\t\t\t", r"axes \[\] do not fit pattern 0FT4aZZ"),
        ("0FT44ZZ\tword here\t\ta=4\t\t\t", "do not fit pattern 0FT44ZZ"),
        ("0FT4aZZ\tword here\t\ta=\t\t\t", "axis 'a=': expected"),
        ("0FTp4ZZ\tword here\tleft\t\t\t\t", "expected from:SYSTEM"),
        ("0sT44ZZ\tword here\t\t\t\t\t", "do not fit pattern 0sT44ZZ"),
        ("0FT44ZZ\tthe\t\t\t\t\t", "term 'the': expected 1 to 7 content words"),
        ("0FT44ZZ\tword|word\t\t\t\t\t", "a term stands twice"),
        ("0FT44ZZ\tword here\t\t\tif:x\t\t", "condition 'if:x': expected"),
        ("0FT44ZZ\tword here\t\t\tany:,\t\t", "holds no word"),
        ("0FT44ZZ\tword here\t\t\t\t\t2", "quality '2': expected a number above 0"),
        ("0FT44ZZ\tword here\t\t\t\t\tx", "quality 'x': expected a number above 0"),
    ],
)
def test_bad_rows_of_procedures_are_named(row: str, message: str) -> None:
    with pytest.raises(ResourceError, match=f"p.tsv:2: .*{message}"):
        read_procedures(f"#code\tterms\tsites\taxes\twhen\tsource\tquality\n{row}\n", "p.tsv")


def test_tables_are_sorted() -> None:
    rows = "0FT44ZZ\tword here\t\t\t\t\t\n0FT40ZZ\tword here\t\t\t\t\t\n"
    with pytest.raises(ResourceError, match=r"p\.tsv:3: not sorted"):
        read_procedures(f"#code\tterms\tsites\taxes\twhen\tsource\tquality\n{rows}", "p.tsv")


def test_bad_rows_of_sites_and_values_are_named() -> None:
    with pytest.raises(ResourceError, match=r"s\.tsv:2: expected a system of 2 characters"):
        read_sites("#system\tright\tleft\tboth\tnone\tlabel\tterms\n0F\t.\t.\t.\t.\tX\tliver\n", "s.tsv")
    with pytest.raises(ResourceError, match=r"v\.tsv:2: expected one character as the value, got '44'"):
        read_values("#set\tvalue\tterms\napproach\t44\tlaparoscopic\n", "v.tsv")


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("vent ~62 h", 62),
        ("approx 141 hours of 24 hours a day", 141),
        ("from 3/9 1400 to 3/11 0800", 42),
        ("12/31 1200 to 1/2 1200", 48),
        ("3 days", 72),
        ("admitted 3/9", None),
        ("13/45 to 14/50", None),
    ],
)
def test_hours(text: str, hours: float | None) -> None:
    found = stated_hours(text)
    assert (found.number if found else None) == hours


def test_hours_on_a_ventilator_from_two_sentences() -> None:
    found = ventilated_hours("Orally intubated by the ED 2/18 @ 0230. Rough night.\nExtubated 2/22 @ 1430, did well.")
    assert found is not None
    assert found.number == 108
    assert ventilated_hours("Intubated 2/18. Died.") is None


@pytest.mark.parametrize(
    ("text", "counts"),
    [("CABG x3", [3]), ("two vessels", [2]), ("3 drug-eluting stents", [3]), ("ECT x 6", [6]), ("stent to LAD", [])],
)
def test_counts(text: str, counts: list[int]) -> None:
    assert [stated.number for stated in stated_counts(text)] == counts


def test_odd_text_takes_linear_time(composer: PcsComposer, reading: Callable[[str], NoteReading]) -> None:
    unit = "left CABG x3 LIMA LAD SVG OM intubated ventilator fusion L4-L5 TLIF biopsy of right lung via ORIF fracture "
    spent = []
    for count in (50, 400):
        note = reading(unit * count)
        begin = time.process_time()
        composer.compose([note])
        spent.append(time.process_time() - begin)
    assert spent[1] < 30 * spent[0]


def test_a_note_of_two_pages_takes_milliseconds(composer: PcsComposer, reading: Callable[[str], NoteReading]) -> None:
    text = "\n".join(phrase for phrase, _ in PHRASES[:20]) + "\nThe patient did well after surgery and went home. " * 20
    note = reading(text[:2000])
    composer.compose([note])
    begin = time.process_time()
    for _ in range(20):
        composer.compose([note])
    assert (time.process_time() - begin) / 20 < 0.02  # some 3 ms on a quiet machine
