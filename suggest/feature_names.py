"""Names of the features, in the order of the columns of a feature table, and groups of them."""

from __future__ import annotations

from suggest.headings import families
from suggest.lexicon import ONTOLOGIES, Source

ROLES = ("assessment", "history", "subjective", "objective", "procedural", "administrative")
COUNTED = ("present", "negated", "possible", "historical", "family", "hypothetical", "allergy")
BEST = (
    Source.TITLE,
    Source.INCLUSION,
    Source.LEXICON,
    Source.COVERAGE,
    Source.LEARNT,
    Source.COMBINATION,
    Source.CONTEXT,
    Source.COMPOSITION,
)
ONTOLOGY_SOURCES = tuple(ONTOLOGIES.values())
RARE = (Source.DRUG, Source.ALLERGEN, Source.MEASUREMENT, Source.FAMILY_HISTORY, Source.PERSONAL_HISTORY)

# what the best code of the category has: says that some code of it applies, where siblings share the words
OF_CATEGORY = (
    "best_title",
    "best_inclusion",
    "best_lexicon",
    "best_coverage",
    "n_present",
    "in_assessment",
    "strength",
)

# in the order of FeatureMaker._code_facts
CODE_FACTS = (
    *("chapter", "depth", "billable", "unspecified", "residual", "sided", "seventh"),
    *("symptom", "status_z", "external", "chronic"),
)

FEATURES = (
    *(f"best_{source.name.lower()}" for source in BEST),
    "best_ontology",
    *(f"has_{source.name.lower()}" for source in RARE),
    *(f"n_{name}" for name in COUNTED),
    "share_present",
    *(f"in_{role}" for role in ROLES),
    "learnt_second",
    "learnt_noisy_or",
    "learnt_support",
    "learnt_marked",
    "best_weight",
    "best_fit",
    "best_matched",
    "all_defaulted",
    "best_side",
    "worst_side",
    "n_mentions",
    "n_notes",
    "n_sources",
    "first_position",
    "longest_span",
    "strength",
    "strength_rank",
    "category_rank",
    "category_gap",
    "category_size",
    "rival_learnt",
    "prior",
    *CODE_FACTS,
    "age_sex_misfit",
    "replaced",
    "integral",
    "more_specific",
    "benchmark",
    "inpatient",
    "emergency",
    "facility",
    "n_candidates",
    "length",
    "mention_gap",
    "stated_rank",
    "stated_position",
    "sentence_share",
    "begins_sentence",
    "title_near",
    "title_line",
    "title_wide",
    "title_missing",
    "title_denied",
    "title_gap",
    "title_rank",
    "title_outdone",
    *(f"category_{name}" for name in OF_CATEGORY),
)
GROUPS: dict[str, tuple[str, ...]] = {
    "sources": tuple(f for f in FEATURES if f.startswith(("best_", "has_")) and f not in ("best_fit", "best_side")),
    "assertion": tuple(f for f in FEATURES if f in {f"n_{name}" for name in COUNTED} or f == "share_present"),
    "section": tuple(f for f in FEATURES if f.startswith("in_")),
    "learnt": (
        "best_learnt",
        "learnt_second",
        "learnt_noisy_or",
        "learnt_support",
        "learnt_marked",
        "rival_learnt",
        "prior",
    ),
    "specificity": ("best_fit", "best_matched", "all_defaulted", "best_side", "worst_side", "more_specific"),
    "competition": ("strength_rank", "category_rank", "category_gap", "category_size", "rival_learnt", "mention_gap"),
    "statement": ("stated_rank", "stated_position", "sentence_share", "begins_sentence"),
    "code": tuple(fact for fact in CODE_FACTS if fact != "billable"),
    "title": tuple(f for f in FEATURES if f.startswith("title_")),
    "category": tuple(f"category_{name}" for name in OF_CATEGORY),
    "rules": ("age_sex_misfit", "replaced", "integral", "more_specific"),
    "encounter": ("benchmark", "inpatient", "emergency", "facility", "n_candidates", "length"),
}


def role_number(family: str) -> int:
    """Returns the number in ``ROLES`` of a section family's role."""
    return ROLES.index(families()[family].weight)
