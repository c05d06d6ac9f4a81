"""Evaluation and management (E/M) services: category and level of a visit with what they rest on.

Rules after the CPT E/M guidelines of 2023 (table of medical decision making) and 2024 (minutes), and CMS where
Medicare differs; clinical words are data in ``suggest/resources/em``.
"""

from suggest.em.records import LEVELS, NotCounted, Visit, VisitElement
from suggest.em.visits import visits

__all__ = ["LEVELS", "NotCounted", "Visit", "VisitElement", "visits"]
