"""What grouping tells: categories and groups with the codes and the words that they rest on; no weights, no amounts."""

from __future__ import annotations

from dataclasses import dataclass

from suggest.records import Support


@dataclass(frozen=True, slots=True)
class PaymentHcc:
    """A category of the CMS-HCC model that coded diagnoses fall in.

    Attributes:
        number: Number of the category.
        label: Its name.
        codes: The diagnoses that fall in it, in the order of the claim.
        support: Words of the chart that those diagnoses rest on; empty where nobody gave them.
        dropped_for: Number of the category that takes its place in a hierarchy, ``None`` where it stands.
    """

    number: int
    label: str
    codes: tuple[str, ...]
    support: tuple[Support, ...] = ()
    dropped_for: int | None = None


@dataclass(frozen=True, slots=True)
class HccInfo:
    """The categories of a coded set.

    Attributes:
        model: Name of the model.
        model_year: The year of the model: that after the year of the service.
        categories: By number, those that a hierarchy drops among them.
        remarks: What to know of the result: assumptions, edits by age and sex, settings that do not count.
        unavailable: Why there is no result; empty where there is one.
    """

    model: str = "CMS-HCC V28"
    model_year: int | None = None
    categories: tuple[PaymentHcc, ...] = ()
    remarks: tuple[str, ...] = ()
    unavailable: str = ""

    @property
    def standing(self) -> tuple[PaymentHcc, ...]:
        """The categories that no hierarchy drops."""
        return tuple(category for category in self.categories if category.dropped_for is None)


@dataclass(frozen=True, slots=True)
class SecondaryDiagnosis:
    """What a secondary diagnosis does to the group.

    Attributes:
        code: The diagnosis.
        poa: Its present-on-admission indicator, as given.
        level: ``MCC``, ``CC`` or empty.
        removed_by: What keeps it from counting as such; empty where it counts or has no level.
        decides: Whether the grouper settled the group by it; others of the same level may stand ready.
    """

    code: str
    poa: str | None = None
    level: str = ""
    removed_by: str = ""
    decides: bool = False

    @property
    def counts(self) -> bool:
        """Whether it counts as a complication or comorbidity."""
        return bool(self.level) and not self.removed_by


@dataclass(frozen=True, slots=True)
class GroupedProcedure:
    """Whether the group rests on a procedure."""

    code: str
    decides: bool


@dataclass(frozen=True, slots=True)
class DrgInfo:
    """The MS-DRG of a stay.

    Attributes:
        version: Version of the MS-DRG definitions (``43.1``).
        drg: Number of the group after the rules on hospital-acquired conditions, ``None`` where no group forms.
        title: Its title.
        mdc: Major diagnostic category, 0 for groups before or beyond the categories, ``None`` where no group forms.
        mdc_title: Its title.
        type: ``surgical`` or ``medical``, empty where no group forms.
        severity: ``MCC``, ``CC`` or empty: the highest level among the secondary diagnoses that the group used.
        drg_before_hac: The group without the rules on hospital-acquired conditions where it is another one.
        principal: The principal diagnosis.
        secondary: The secondary diagnoses, in the order of the claim.
        procedures: The procedures, in the order of the claim.
        problem: Why no group forms; empty where one does.
        remarks: What was assumed because the encounter does not say it.
        unavailable: Why nothing was grouped; empty otherwise.
    """

    version: str = ""
    drg: int | None = None
    title: str = ""
    mdc: int | None = None
    mdc_title: str = ""
    type: str = ""
    severity: str = ""
    drg_before_hac: int | None = None
    principal: str = ""
    secondary: tuple[SecondaryDiagnosis, ...] = ()
    procedures: tuple[GroupedProcedure, ...] = ()
    problem: str = ""
    remarks: tuple[str, ...] = ()
    unavailable: str = ""
