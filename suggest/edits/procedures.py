"""All edits of procedures but those that rest on tables of NCCI (``suggest.edits.ncci``)."""

from __future__ import annotations

from suggest.edits.procedures_claim import CLAIM_EDITS
from suggest.edits.procedures_modifiers import MODIFIER_EDITS
from suggest.edits.procedures_sides import SIDE_EDITS
from suggest.edits.procedures_visits import VISIT_EDITS
from suggest.edits.tables import Edit

PROCEDURE_EDITS: tuple[Edit, ...] = (*CLAIM_EDITS, *VISIT_EDITS, *MODIFIER_EDITS, *SIDE_EDITS)
