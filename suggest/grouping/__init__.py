"""Payment groups of a coded set, told after coding: information for auditors that nothing else may look at.

No feature, order, threshold, query or edit depends on what stands here, and no weight or amount is shown. Nothing in
``suggest`` imports this package (a test holds that); the command line and the service may.
"""

from suggest.grouping.drg import drg_of
from suggest.grouping.hcc import hcc_of, support_of
from suggest.grouping.records import DrgInfo, GroupedProcedure, HccInfo, PaymentHcc, SecondaryDiagnosis

__all__ = [
    "DrgInfo",
    "GroupedProcedure",
    "HccInfo",
    "PaymentHcc",
    "SecondaryDiagnosis",
    "drg_of",
    "hcc_of",
    "support_of",
]
