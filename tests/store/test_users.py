from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from store_charts import SQLITE_ONLY

from store import api_keys, audit, users
from store.errors import AlreadyExistsError, InvalidValueError, NotFoundError
from store.tables import Role

PASSWORD = "correct horse battery"
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def ann(database):
    return users.create(database, "Ann@clinic", roles=[Role.CODER, Role.LEAD], password=PASSWORD, actor=None)


def test_a_user_signs_in_with_name_and_password(database, ann):
    assert users.verify_password(database, "ann@CLINIC", PASSWORD) == ann
    assert (ann.name, ann.roles, ann.active) == ("ann@clinic", {Role.CODER, Role.LEAD}, True)
    assert users.get(database, ann.id) == users.find(database, "ANN@clinic") == ann
    assert users.all_users(database) == [ann]
    assert users.verify_password(database, "ann@clinic", PASSWORD + ".") is None
    assert users.verify_password(database, "bob", PASSWORD) is None
    assert users.find(database, "bob") is None


def test_only_a_hash_is_kept(database, ann):
    with database.reading() as session:
        stored = session.scalar(text("SELECT password_hash FROM users"))
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_an_unknown_name_is_hashed_as_a_known_one(database, ann, monkeypatch):
    verified = []
    monkeypatch.setattr(users, "_verify", lambda hashed, _password: bool(verified.append(hashed)))
    users.verify_password(database, "ann@clinic", "wrong")
    users.verify_password(database, "bob", "wrong")
    assert len(verified) == 2
    assert all(hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for hashed in verified)


def test_the_same_characters_in_another_form_are_the_same_password(database):
    users.create(database, "zoe", roles=[Role.CODER], password="café au lait, 2 mg", actor=None)
    assert users.verify_password(database, "zoe", "cafe\u0301 au lait, 2 mg")


def test_a_weaker_hash_is_renewed(database, ann, monkeypatch):
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(users, "_HASHER", weak)
    users.set_password(database, ann.id, PASSWORD, actor=ann.id)
    monkeypatch.undo()
    assert users.verify_password(database, "ann@clinic", PASSWORD)
    with database.reading() as session:
        assert "m=65536,t=3,p=4" in session.scalar(text("SELECT password_hash FROM users"))
    assert users.verify_password(database, "ann@clinic", PASSWORD)


def test_deactivated_users_and_users_without_password_do_not_sign_in(database, ann):
    users.deactivate(database, ann.id, actor=None)
    assert users.verify_password(database, "ann@clinic", PASSWORD) is None
    users.activate(database, ann.id, actor=None)
    assert users.verify_password(database, "ann@clinic", PASSWORD)
    users.set_password(database, ann.id, None, actor=None)
    assert users.verify_password(database, "ann@clinic", PASSWORD) is None
    assert not users.get(database, ann.id).has_password
    assert [event.action for event in audit.events(database)] == [
        "user-created", "user-deactivated", "user-activated", "password-set",
    ]  # fmt: skip


@SQLITE_ONLY
@pytest.mark.parametrize(
    ("name", "roles", "password"),
    [
        ("two words", [Role.CODER], PASSWORD),
        ("", [Role.CODER], PASSWORD),
        ("x" * 65, [Role.CODER], PASSWORD),
        ("bob", [], PASSWORD),
        ("bob", [Role.CODER], "x" * 14),
        ("bob", [Role.CODER], "x" * 257),
        ("bob", [Role.CODER], "\ud800" * 20),
    ],
)
def test_malformed_users_are_refused(database, name, roles, password):
    with pytest.raises(InvalidValueError) as caught:
        users.create(database, name, roles=roles, password=password, actor=None)
    assert password not in str(caught.value)
    assert users.all_users(database) == []


def test_names_are_taken_once(database, ann):
    with pytest.raises(AlreadyExistsError):
        users.create(database, "ANN@clinic", roles=[Role.CODER], actor=None)


def test_roles_are_replaced(database, ann):
    assert users.set_roles(database, ann.id, [Role.AUDITOR], actor=None).roles == {Role.AUDITOR}
    assert users.get(database, ann.id).roles == {Role.AUDITOR}
    with pytest.raises(NotFoundError):
        users.set_roles(database, "nobody", [Role.AUDITOR], actor=None)


def issue(database, user, **fields):
    options = {"label": "ehr", "scopes": ["suggest", "codes:read"], "expires_at": NEXT_YEAR, "actor": None}
    return api_keys.issue(database, user.id, **{**options, **fields})


def test_a_key_is_known_by_its_token_alone(database, ann):
    key, token = issue(database, ann)
    other, _ = issue(database, ann, label="second")
    assert api_keys.verify(database, token) == (ann, key)
    assert key.scopes == {"suggest", "codes:read"}
    assert api_keys.all_keys(database, user_id=ann.id) == [key, other]
    assert api_keys.all_keys(database, user_id="nobody") == []
    end = "A" if token[-1] != "A" else "B"
    wrong = [token[:-1] + end, token + "A", token.replace(key.id, other.id), token.replace(key.id, "0" * 16), "", "é"]
    assert [api_keys.verify(database, item) for item in wrong] == [None] * len(wrong)
    with database.reading() as session:
        for row in session.execute(text("SELECT secret_hash FROM api_keys")):
            assert token.encode() not in bytes(row[0])
            assert len(row[0]) == 32


def test_expired_and_revoked_keys_and_keys_of_deactivated_users_are_refused(database, ann, clock):
    key, token = issue(database, ann)
    _, brief = issue(database, ann, expires_at=clock() + timedelta(minutes=1))
    assert api_keys.verify(database, brief)
    clock.at += timedelta(minutes=1)
    assert api_keys.verify(database, brief) is None
    users.deactivate(database, ann.id, actor=None)
    assert api_keys.verify(database, token) is None
    users.activate(database, ann.id, actor=None)
    revoked = api_keys.revoke(database, key.id, actor=ann.id)
    assert api_keys.verify(database, token) is None
    assert api_keys.revoke(database, key.id, actor=ann.id) == revoked
    assert [event.action for event in audit.events(database, actor=ann.id)] == ["api-key-revoked"]
    with pytest.raises(NotFoundError):
        api_keys.revoke(database, "unknown", actor=None)


@SQLITE_ONLY
@pytest.mark.parametrize(
    "fields",
    [
        {"label": "two words"},
        {"scopes": []},
        {"scopes": ["Suggest"]},
        {"expires_at": datetime(2025, 1, 1, tzinfo=UTC)},
        {"expires_at": datetime(2027, 1, 1)},
    ],
)
def test_malformed_keys_are_refused(database, ann, fields):
    with pytest.raises(InvalidValueError):
        issue(database, ann, **fields)
    assert api_keys.all_keys(database) == []
