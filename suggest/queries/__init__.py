"""Provider queries: non-leading questions about what the documentation leaves open."""

from suggest.queries.draft import MOST, queries

__all__ = ["MOST", "queries"]
