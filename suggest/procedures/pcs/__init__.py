"""Composes ICD-10-PCS codes from the words of a chart, axis by axis, for facility inpatient claims.

What words mean is data in ``resources/pcs``: ``procedures.tsv`` (what was done, with the pattern of its codes),
``sites.tsv`` (body parts and regions) and ``values.tsv`` (approach, device, qualifier, counts and durations).
"""

from suggest.procedures.pcs.composer import PcsComposer

__all__ = ["PcsComposer"]
