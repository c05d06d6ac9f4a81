"""Policies: which guideline steps apply to an encounter, as data files chosen by claim and setting."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from suggest.errors import PolicyError
from suggest.records import Encounter
from suggest.resources import read_text


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy file.

    Attributes:
        name: File name without ending.
        hash: First 12 hex digits of the SHA-256 of the file.
        description: For people.
        claims: Claims that it applies to; empty for policies chosen only by name.
        settings: Settings that it applies to.
        uncertain_diagnoses: ``not-coded`` (guideline IV.H), ``final-statement`` (II.H, III.C: only where
            the final diagnostic statement of a stay names them) or ``coded``.
        integral_symptoms: ``step-back`` (I.B.5) or ``kept``.
        billable_only: Whether only billable codes are proposed.
        status_transforms: Whether family history, personal history and allergies become Z codes.
        poa: Whether diagnoses carry a present-on-admission indicator.
        principal: What the first code is called: ``principal`` or ``first-listed``.
    """

    name: str
    hash: str
    description: str
    claims: tuple[str, ...]
    settings: tuple[str, ...]
    uncertain_diagnoses: Literal["not-coded", "final-statement", "coded"]
    integral_symptoms: Literal["step-back", "kept"]
    billable_only: bool
    status_transforms: bool
    poa: bool
    principal: Literal["principal", "first-listed"]


_FIELDS = frozenset(Policy.__slots__) - {"name", "hash"}


def parse_policy(name: str, text: str) -> Policy:
    """Reads a policy from TOML.

    Raises:
        PolicyError: A field is missing, unknown or has a value that is not allowed.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"policy {name}: not valid TOML ({error})") from None
    if set(data) != _FIELDS:
        odd = sorted(set(data) ^ _FIELDS)
        raise PolicyError(f"policy {name}: missing or unknown fields: {', '.join(odd)}")
    if data["uncertain_diagnoses"] not in ("not-coded", "final-statement", "coded"):
        raise PolicyError(f"policy {name}: uncertain_diagnoses must be not-coded, final-statement or coded")
    if data["integral_symptoms"] not in ("step-back", "kept"):
        raise PolicyError(f"policy {name}: integral_symptoms must be step-back or kept")
    data["claims"], data["settings"] = tuple(data["claims"]), tuple(data["settings"])
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Policy(name=name, hash=digest, **data)


@lru_cache(maxsize=1)
def all_policies() -> dict[str, Policy]:
    """Returns the policies that ship, by name."""
    folder = files("suggest.resources") / "policies"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {name[:-5]: parse_policy(name[:-5], read_text(f"policies/{name}")) for name in names}


def policy_for(encounter: Encounter) -> Policy:
    """Chooses the policy of an encounter: the one it names, else by claim and setting.

    Raises:
        PolicyError: The named policy does not exist.
    """
    policies = all_policies()
    if encounter.policy is not None:
        if encounter.policy not in policies:
            raise PolicyError(f"unknown policy; expected one of {', '.join(sorted(policies))}")
        return policies[encounter.policy]
    for policy in policies.values():
        if encounter.claim in policy.claims and encounter.setting in policy.settings:
            return policy
    raise PolicyError(f"no policy for claim {encounter.claim} and setting {encounter.setting}")
