"""Which lines are headings, and of what."""

from __future__ import annotations

import pytest

from suggest.sections import find_sections


def outline(text: str) -> list[tuple[str, str]]:
    """The family and the first two words of every section."""
    return [(s.family, " ".join(text[s.body : s.end].split()[:2])) for s in find_sections(text)]


# One heading line a row; the section below it has the family.
HEADINGS = """
CC:|cc
Chief Complaint:|cc
CHIEF COMPLAINT|cc
Chief Complaint(s):|cc
Reason for visit:|cc
REASON FOR CONSULTATION:|cc
Presenting problem -|cc
HPI:|hpi
HPI|hpi
History of Present Illness|hpi
HISTORY OF PRESENT ILLNESS (per patient and wife):|hpi
H.P.I.:|hpi
Hx:|hpi
Interval History:|interval_history
INTERVAL HX:|interval_history
Overnight events:|interval_history
ROS:|ros
Review of Systems|ros
REVIEW OF SYSTEMS (10 point):|ros
10-point ROS:|ros
PMH:|pmh
PMHx:|pmh
PMHX|pmh
Past Medical History|pmh
PAST MEDICAL HX:|pmh
PMH/PSH:|pmh
Past Medical/Surgical History:|pmh
Medical history:|pmh
Comorbidities:|pmh
PSHx:|psh
PSH:|psh
Past Surgical History:|psh
Surgical Hx:|psh
Problem List|problem_list
ACTIVE PROBLEMS:|problem_list
FHx:|family
FH:|family
Family Hx:|family
FAMILY HISTORY|family
SHx:|social
SH:|social
Soc Hx:|social
Social History:|social
Habits:|social
FHx/SHx:|family_social
Family and Social History:|family_social
FAMILY HISTORY/SOCIAL HISTORY:|family_social
ALL:|allergies
Allergies:|allergies
ALLERGIES (reviewed 3/10):|allergies
Drug Allergies:|allergies
Adverse Reactions:|allergies
Meds:|medications
MEDS|medications
Current Medications:|medications
Home meds:|medications
Rx:|medications
Outpatient Medications|medications
Medications and Allergies:|medications
Allergies & Medications:|medications
PTA Meds:|medications
DISCHARGE MEDICATIONS:|discharge_medications
D/C meds:|discharge_medications
Immunizations:|immunizations
Vaccines:|immunizations
OB History:|obstetric
OBHx:|obstetric
Prenatal course:|obstetric
Gyn Hx:|gyn_history
Menstrual history:|gyn_history
Birth History:|birth_history
Developmental history:|developmental
VS:|vitals
Vitals:|vitals
VITAL SIGNS|vitals
PE:|exam
P.E.:|exam
O/E:|exam
Physical Exam|exam
PHYSICAL EXAMINATION:|exam
Exam (limited, video):|exam
Gen:|exam
HEENT:|exam
Neurological Exam:|exam
MSE:|mental_status
Mental Status Exam:|mental_status
Labs:|labs
LABS (03/10):|labs
Labs 03/10/2025:|labs
RECENT LABS:|labs
Laboratory Data|labs
LABS/STUDIES:|labs
CBC:|labs
Imaging:|imaging
CXR:|imaging
CT Abdomen/Pelvis:|imaging
MRI Lumbar Spine:|imaging
ECHO:|imaging
EKG:|ekg
12-lead ECG:|ekg
Pathology:|pathology
Gross description:|pathology
Procedure:|procedure
PROCEDURE(S) PERFORMED:|procedure
Title of Operation:|procedure
DESCRIPTION OF PROCEDURE:|procedure_details
Details of the procedure:|procedure_details
Indications for Procedure:|procedure_indication
PREOPERATIVE DIAGNOSIS:|preop_diagnosis
Pre-op Dx:|preop_diagnosis
PREOPERATIVE DIAGNOSIS (ES):|preop_diagnosis
Post-operative diagnoses:|postop_diagnosis
POSTOP DX:|postop_diagnosis
Operative Findings:|operative_findings
Anesthesia:|anesthesia
COMPLICATIONS:|complications
Specimens:|specimens
EBL:|ebl
Estimated blood loss:|ebl
Implants:|implants
Disposition:|disposition
Dispo:|disposition
Condition at discharge:|condition
Informed consent:|consent
A:|assessment
Assessment:|assessment
ASSESSMENT|assessment
**Assessment**|assessment
Visit Diagnoses:|assessment
P:|plan
Plan|plan
## Plan|plan
[Plan]|plan
Recommendations:|plan
Plan of care:|plan
A/P:|assessment_plan
A/P|assessment_plan
A&P:|assessment_plan
Assessment & Plan|assessment_plan
ASSESSMENT AND PLAN:|assessment_plan
Assessment/Plan -|assessment_plan
Imp/Plan:|assessment_plan
Impression and Plan:|assessment_plan
### A/P by problem|assessment_plan
Impression:|impression
IMP:|impression
FINAL IMPRESSION:|impression
Dx:|diagnosis
Diagnoses:|diagnosis
Final Diagnosis:|final_diagnosis
ED Diagnosis:|final_diagnosis
DISCHARGE DIAGNOSES:|discharge_diagnosis
Admitting Diagnosis:|admission_diagnosis
Principal Diagnosis:|principal_diagnosis
Secondary diagnoses:|secondary_diagnosis
HOSPITAL COURSE:|hospital_course
Brief Hospital Course by Problem:|hospital_course
ED Course:|ed_course
MDM:|mdm
Medical Decision Making|mdm
Consults:|consults
DDx:|differential
Differential diagnosis:|differential
Discussion:|discussion
Return precautions:|return_precautions
Patient Instructions:|patient_instructions
Follow-up:|follow_up
F/U:|follow_up
Counseling:|counseling
Time spent:|time_statement
Electronically signed by:|signature
Attestation:|attestation
ADDENDUM:|addendum
Addendum 3/12/2025:|addendum
Functional Status:|functional_status
Wound assessment:|wound_assessment
Braden score:|pressure_injury
Nutrition:|nutrition
Short-term goals:|goals
Prognosis:|prognosis
PHQ-9:|screening
Health Maintenance:|health_maintenance
Advance directives:|advance_directives
Code Status:|code_status
Indication:|indication
CLINICAL HISTORY:|indication
Technique:|technique
COMPARISON:|comparison
FINDINGS:|findings
Coronary Angiographic Findings:|findings
Critical Care Time:|critical_care
Triage note:|triage
Nursing Notes:|nursing_notes
Cardiac risk factors:|risk_factors
Substance use:|substance_use
Past Psychiatric History:|psychiatric_history
Sleep history:|sleep_history
Legal:|legal
Safety:|safety
CPT codes:|billing
Orders:|orders
Referrals:|referrals
S:|subjective
SUBJECTIVE|subjective
O:|objective
Objective:|objective
Treatment:|therapy_treatment
Travel history:|travel_exposure
Date of admission:|demographics
1. Chief Complaint:|cc
IV. PLAN|plan
> HPI:|hpi
- Allergies:|allergies
SPIRITUAL ASSESSMENT OF NEEDS:|other
Spiritual Needs:|other
## Spiritual Needs|other
__Spiritual Needs__|other
"""


@pytest.mark.parametrize("row", HEADINGS.strip().splitlines())
def test_heading_line(row):
    line, _, family = row.rpartition("|")
    text = f"The first line of the note.\n\n{line}\ntext of the section\n"
    assert outline(text) == [("none", "The first"), (family, "text of")]


@pytest.mark.parametrize("line", [row.split("|")[0] for row in HEADINGS.strip().splitlines() if ":|" in row])
def test_text_may_follow_on_the_line(line):
    family = dict(row.rsplit("|", 1) for row in HEADINGS.strip().splitlines())[line]
    text = f"The first line of the note.\n\n{line} text of the section\n"
    found = outline(text)
    if family == "other":
        assert found == [("none", "The first")]
    else:
        assert found == [("none", "The first"), (family, "text of")]


@pytest.mark.parametrize(
    "separator", [": ", ":", " : ", " - ", " \u2013 ", " -- ", "\t", ":\t", "\uff1a", ":- ", "   "]
)
def test_separators(separator):
    text = f"Cough.\nAssessment{separator}bronchitis, acute\nPlan{separator}rest at home"
    assert outline(text) == [("none", "Cough."), ("assessment", "bronchitis, acute"), ("plan", "rest at")]


@pytest.mark.parametrize("rule", ["-----", "=====", "___", "~~~~", "  -------  "])
def test_underlined(rule):
    text = f"Cough.\nAssessment\n{rule}\nBronchitis, acute\nHome Situation Now\n{rule}\nLives alone."
    assert outline(text) == [
        ("none", "Cough."),
        ("assessment", "Bronchitis, acute"),
        ("other", "Lives alone."),
    ]


NO_HEADINGS = """
BMI: 31
HR: 80
BP: 120/80
P: 80
T: 98.6  P: 80  R: 16
Pain: 5/10
Pain 5/10 - worse at night
Time: 35 min
Right knee: swollen
RIGHT KNEE: swollen
Right Knee:
Left Lower Extremity:
EF: 55%
TSH: 2.1
Mother: breast cancer at 50
MOTHER:
Onset: 3 days ago
Severity: moderate
Associated symptoms: nausea
HTN: stable on lisinopril
DIABETES: diet
Seen at 10:30 today
Hepatitis A: immune
She has one plan: to quit
Explained the plan: continue
We agreed on a plan: continue metformin
the plan: continue
his family history: unclear to him
Reports labs: normal
NKDA
See http://example.org/plan: there
Allergic to bees
Meds were refilled
Meds and diet reviewed with her
Allergies are acting up
All labs normal
ALL EXTREMITIES WARM
Soc is fine
FH is negative
Medications reviewed with patient today
Assessment shows no change from last week
Plan to return in two weeks
Plan was discussed
Impression of a well child
Labs pending
Exam unchanged from before
labs
plan
Heart
Skin
Chest
Depression
Asthma
1. Allergies
- Allergies
PE ruled out
MS
S
A
Please note the following:
She takes the following medications:
He had CT: normal
Dr. Smith: agrees
Note: he drives
O2 sat: 98%
VITAMIN D: 22
L3-L4: mild stenosis
# HTN
1) Stable
concern for PE: CT ordered
10:45:12 seen
Follow the home plan - call us
e-mail - labs
"""


@pytest.mark.parametrize("line", NO_HEADINGS.strip("\n").splitlines())
def test_no_heading(line):
    text = f"The first line of the note\n{line}\nand its last line"
    assert {family for family, _ in outline(text)} == {"none"}, outline(text)


@pytest.mark.parametrize("line", NO_HEADINGS.strip("\n").splitlines())
def test_no_heading_within_a_plan(line):
    text = f"A/P:\nfirst line\n{line}\nlast line"
    assert outline(text) == [("assessment_plan", "first line")]
