"""Policies: their files and which one an encounter comes under."""

from __future__ import annotations

from itertools import product

import pytest

from suggest.errors import PolicyError
from suggest.policy import all_policies, parse_policy, policy_for
from suggest.records import Claim, Encounter, Note, Setting
from suggest.resources import read_text

TEXT = read_text("policies/professional.toml")


def encounter(**options):
    return Encounter("e", (Note("n", "x"),), **options)


@pytest.mark.parametrize(("claim", "setting"), list(product(Claim, Setting)))
def test_every_claim_and_setting_has_a_policy(claim, setting):
    policy = policy_for(encounter(claim=claim, setting=setting))
    assert claim in policy.claims
    assert setting in policy.settings


@pytest.mark.parametrize(
    ("claim", "setting", "name"),
    [
        ("facility", "inpatient", "facility-inpatient"),
        ("facility", "ed", "facility-outpatient"),
        ("professional", "inpatient", "professional"),
        ("professional", "outpatient", "professional"),
    ],
)
def test_which_policy(claim, setting, name):
    assert policy_for(encounter(claim=Claim(claim), setting=Setting(setting))).name == name


@pytest.mark.parametrize(
    ("name", "uncertain", "principal", "poa"),
    [
        ("professional", "not-coded", "first-listed", False),
        ("facility-outpatient", "not-coded", "first-listed", False),
        ("facility-inpatient", "final-statement", "principal", True),
        ("benchmark-codiesp", "coded", "first-listed", False),
    ],
)
def test_what_policies_say(name, uncertain, principal, poa):
    policy = all_policies()[name]
    assert (policy.uncertain_diagnoses, policy.principal, policy.poa) == (uncertain, principal, poa)


def test_a_named_policy_comes_first():
    assert policy_for(encounter(policy="benchmark-codiesp")).name == "benchmark-codiesp"


def test_an_unknown_policy_is_refused_with_the_known_ones():
    with pytest.raises(PolicyError, match="facility-inpatient"):
        policy_for(encounter(policy="nonsense"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT + "\n[", "not valid TOML"),
        (TEXT + '\nextra = "x"\n', "extra"),
        ("", "uncertain_diagnoses"),
        (TEXT.replace('"not-coded"', '"sometimes"'), "uncertain_diagnoses"),
        (TEXT.replace('"step-back"', '"sometimes"'), "integral_symptoms"),
    ],
)
def test_malformed_policies_are_refused(text, reason):
    with pytest.raises(PolicyError, match=reason):
        parse_policy("mine", text)


def test_the_hash_follows_the_text():
    assert parse_policy("a", TEXT).hash == parse_policy("b", TEXT).hash
    assert parse_policy("a", TEXT + "# more\n").hash != parse_policy("a", TEXT).hash
