"""Names of the features of procedures, in the order of the columns of a feature table."""

from __future__ import annotations

from suggest.feature_names import COUNTED, ROLES
from suggest.procedures.doing import KINDS
from suggest.procedures.found import Origin

CONDITIONS = ("met", "far", "unsaid", "missing", "broken")
FAMILIES = ("procedure", "procedure_details", "none", "other", "plan", "assessment_plan", "technique", "billing", "psh")
"""Families of sections that say by themselves whether what they name was done."""

SECTIONS = (
    *("em", "anesthesia", "surgery", "maternity", "radiology", "pathology", "medicine", "therapy", "psychiatry"),
    *("vaccine", "drug", "supply", "service", "pcs"),
)
NOTES = ("operative", "imaging", "anesthetic", "visit")

PROCEDURE_FEATURES = (
    *(f"best_{origin.name.lower()}" for origin in Origin),
    *(f"n_{name}" for name in COUNTED),
    "share_present",
    *(f"in_{role}" for role in ROLES),
    *(f"in_family_{family}" for family in FAMILIES),
    "in_heading",
    *(f"said_{kind}" for kind in KINDS),
    *(f"never_{kind}" for kind in KINDS),
    *CONDITIONS,
    "learnt_second",
    "learnt_noisy_or",
    "learnt_support",
    "learnt_marked",
    "label_near",
    "label_wide",
    "label_line",
    "score",
    "score_rank",
    "family_size",
    "family_rank",
    "family_gap",
    "family_learnt",
    "span_gap",
    "included",
    "includes",
    "base_score",
    "n_mentions",
    "n_notes",
    "n_origins",
    "first_position",
    "longest_span",
    "sentence_share",
    "begins_sentence",
    "prior",
    "known",
    *(f"section_{section}" for section in SECTIONS),
    "addon",
    "global_days",
    "split",
    "sided",
    "waived",
    "open_axes",
    "pcs_section",
    "pcs_root",
    "pcs_short",
    *(f"note_{kind}" for kind in NOTES),
    "benchmark",
    "facility",
    "inpatient",
    "emergency",
    "surgery",
    "age",
    "n_candidates",
    "length",
)
