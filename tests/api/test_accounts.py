"""Sign-in, sessions, throttling, users, keys, and single-user mode."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from api.auth import LOCAL_USER, accounts_exist
from api.settings import Settings, SettingsError
from api.throttle import LONGEST_WAIT, SignInThrottle
from store import api_keys, audit, users
from store.tables import Role

PASSWORD = "seven-pale-herons-wade"
NEW_PASSWORD = "nine-brown-otters-dive"


@pytest.fixture
def anna(client, add_user):
    """The id of a coder; from now on everyone signs in."""
    return add_user(client, "anna")


@pytest.fixture
def travel(client):
    """Moves the clock of the database on."""
    real, gone = client.database.now, timedelta()

    def move(**duration):
        nonlocal gone
        gone += timedelta(**duration)
        client.database.now = lambda: real() + gone

    return move


def sign_in(client, name="anna", password=PASSWORD):
    return client.post("/v1/session", {"name": name, "password": password})


def actions(client):
    return [event.action for event in audit.events(client.database)]


# Single-user mode


def test_without_accounts_whoever_comes_is_the_one_user(client):
    me = client.get("/v1/me").json()
    assert (me["mode"], me["via"], me["user"]["name"]) == ("single-user", "single-user", LOCAL_USER)
    assert "users:write" in me["permissions"]
    assert client.get("/v1/me").json() == me
    assert [user.name for user in users.all_users(client.database)] == [LOCAL_USER]


def test_the_first_account_ends_single_user_mode_at_once(client, assert_problem):
    client.store()
    added = client.post("/v1/users", {"name": "Anna", "roles": ["administrator"], "password": PASSWORD})
    assert added.status_code == 201
    assert_problem(client.get("/v1/encounters/e1"), 401, "unauthorized")
    me = client.get("/v1/me").json()
    assert me == {"mode": "accounts", "user": None, "permissions": [], "via": None, "expires_at": None}
    assert client.signed_in("anna").get("/v1/users").status_code == 200


def test_it_does_not_come_back_when_all_accounts_are_shut_out(client, anna, assert_problem):
    users.deactivate(client.database, anna, actor=None)
    assert_problem(client.get("/v1/encounters"), 401, "unauthorized")


def test_the_one_user_can_be_shut_out(client, assert_problem):
    local = client.get("/v1/me").json()["user"]["id"]
    users.deactivate(client.database, local, actor=None)
    assert_problem(client.get("/v1/encounters"), 401, "unauthorized")


def test_there_is_no_single_user_where_tokens_are_set(make_client, assert_problem):
    client = make_client(api_tokens=("x" * 40,))
    assert_problem(client.get("/v1/encounters"), 401, "unauthorized")


def test_there_is_no_single_user_on_a_network_address(make_client, assert_problem):
    client = make_client(host="192.168.1.5")
    assert_problem(client.get("/v1/encounters"), 401, "unauthorized")


def test_two_processes_that_start_at_once_agree_on_the_one_user(make_client, monkeypatch):
    first = make_client()
    second = make_client(home=first.app.state.settings.home)
    looked_up = []
    find = users.find

    def find_late(database, name):
        looked_up.append(name)
        if len(looked_up) == 1:
            assert first.get("/v1/me").status_code == 200
            return None
        return find(database, name)

    monkeypatch.setattr(users, "find", find_late)
    assert second.get("/v1/me").json()["user"] == first.get("/v1/me").json()["user"]


# The address


def test_a_network_address_needs_an_account_or_a_token(client):
    settings = Settings(host="0.0.0.0", home=client.app.state.settings.home)
    client.get("/v1/me")
    assert not accounts_exist(client.database)
    with pytest.raises(SettingsError, match="chartcoder users add"):
        settings.check_exposure()
    users.create(client.database, "anna", roles=[Role.CODER], password=PASSWORD, actor=None)
    settings.check_exposure()


# Sessions


def test_a_user_signs_in_works_and_signs_out(client, anna, assert_problem):
    answer = sign_in(client)
    assert answer.status_code == 200
    me = answer.json()
    assert (me["mode"], me["via"], me["user"]) == (
        "accounts",
        "session",
        {"id": anna, "name": "anna", "roles": ["coder"]},
    )
    assert client.get("/v1/me").json() == me
    assert client.get("/v1/encounters").status_code == 200
    kept = httpx.Cookies(client.cookies)
    assert client.delete("/v1/session").status_code == 204
    assert_problem(client.get("/v1/encounters"), 401, "unauthorized")
    # The session is over, not merely forgotten by the browser.
    client.cookies = kept
    assert_problem(client.get("/v1/encounters"), 401, "unauthorized")
    assert [action for action in actions(client) if action.startswith("sign")] == ["signed-in", "signed-out"]


def test_the_cookie_is_kept_from_scripts_and_other_sites(client, anna):
    cookie = sign_in(client).headers["set-cookie"]
    assert cookie.startswith("chartcoder-session=chartcoder_")
    assert cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Strict"]
    assert client.delete("/v1/session").headers["set-cookie"].endswith("; Max-Age=0")


def test_under_another_name_than_loopback_the_cookie_needs_tls(make_client, add_user):
    client = make_client(allowed_hosts=("coder.example",))
    add_user(client, "anna")
    client.base_url = "https://coder.example"
    cookie = sign_in(client).headers["set-cookie"]
    assert cookie.startswith("__Host-chartcoder-session=")
    assert cookie.endswith("; Secure")
    assert client.get("/v1/encounters").status_code == 200
    client.base_url = "http://coder.example"
    assert client.get("/v1/encounters").status_code == 401


def test_the_database_holds_no_session_that_could_be_used(client, anna):
    sign_in(client)
    (key,) = api_keys.all_keys(client.database)
    secret = client.cookies["chartcoder-session"].rpartition("_")[2]
    path = client.app.state.settings.home / "chartcoder.db"
    stored = path.read_bytes() + path.with_name("chartcoder.db-wal").read_bytes()
    assert key.id.encode() in stored
    assert secret.encode() not in stored
    assert PASSWORD.encode() not in stored


def test_a_session_ends_when_nothing_is_asked_for(client, anna, travel):
    sign_in(client)
    travel(minutes=29)
    assert client.get("/v1/encounters").status_code == 200
    travel(minutes=31)
    assert client.get("/v1/encounters").status_code == 401


def test_a_session_in_use_goes_on_until_its_end(client, anna, travel):
    ends_at = sign_in(client).json()["expires_at"]
    tokens = set()
    for _ in range(35):
        travel(minutes=20)
        answer = client.get("/v1/me").json()
        assert answer["expires_at"] == ends_at
        tokens.add(client.cookies["chartcoder-session"])
    assert len(tokens) == 35
    travel(minutes=30)
    assert client.get("/v1/me").json()["user"] is None


def test_requests_at_once_prolong_a_session_once(client, anna, travel):
    sign_in(client)
    first = httpx.Cookies(client.cookies)
    travel(minutes=10)
    renewed = client.get("/v1/me").headers
    assert "set-cookie" in renewed
    client.cookies = first
    again = client.get("/v1/me")
    assert again.json()["user"]["name"] == "anna"
    assert "set-cookie" not in again.headers


def test_signing_out_ends_all_keys_of_the_session(client, anna, travel):
    sign_in(client)
    first = httpx.Cookies(client.cookies)
    travel(minutes=10)
    client.get("/v1/me")
    client.delete("/v1/session")
    client.cookies = first
    assert client.get("/v1/me").json()["user"] is None


@pytest.mark.parametrize("cookie", ["", "x", "chartcoder_0123456789abcdef_" + "a" * 43, "\u00e9"])
def test_a_made_up_cookie_opens_nothing(client, anna, cookie):
    header = f"chartcoder-session={cookie}".encode("latin-1")
    assert client.get("/v1/encounters", headers={"Cookie": header}).status_code == 401


def test_a_session_is_no_api_key_and_a_key_no_session(client, anna, add_key):
    key = add_key(client, anna, "encounters:read")
    token = key.headers["Authorization"].removeprefix("Bearer ")
    assert key.get("/v1/encounters").status_code == 200
    assert client.get("/v1/encounters", headers={"Cookie": f"chartcoder-session={token}"}).status_code == 401
    sign_in(client)
    session = client.cookies["chartcoder-session"]
    stranger = client.other(Authorization=f"Bearer {session}")
    assert stranger.get("/v1/encounters").status_code == 401


def test_a_bad_header_is_not_made_up_for_by_a_cookie(client, anna):
    sign_in(client)
    assert client.get("/v1/encounters", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong-password-here"), ("nobody", PASSWORD), ("robot", PASSWORD), ("gone", PASSWORD)],
)
def test_whatever_does_not_fit_is_refused_alike(client, anna, add_user, assert_problem, name, password):
    add_user(client, "robot", password=None)
    users.deactivate(client.database, add_user(client, "gone"), actor=None)
    problem = assert_problem(sign_in(client, name, password), 401, "wrong-password")
    assert problem == assert_problem(sign_in(client, "other", password), 401, "wrong-password")
    failed = [event for event in audit.events(client.database) if event.action == "sign-in-failed"]
    assert [(event.actor, event.detail) for event in failed] == [(None, {})] * 2
    assert not client.cookies


def test_capitals_of_a_name_do_not_matter(client, anna):
    assert sign_in(client, "ANNA").status_code == 200


# Throttling


def test_wrong_passwords_cost_waits(client, anna, assert_problem, monkeypatch):
    at = 0.0
    monkeypatch.setattr(client.app.state.auth._throttle, "_clock", lambda: at)
    for _ in range(6):
        assert_problem(sign_in(client, password="wrong"), 401, "wrong-password")
    refused = sign_in(client)
    assert_problem(refused, 429, "too-many-attempts")
    assert refused.headers["retry-after"] == "2"
    # The wait is that of the name: others sign in, and so does the user when it is over.
    assert_problem(sign_in(client, "nobody"), 401, "wrong-password")
    at = 2.5
    assert sign_in(client).status_code == 200


def test_waits_double_up_to_a_limit_and_end_with_success():
    at = 0.0
    throttle = SignInThrottle(clock=lambda: at)
    waits = []
    for _ in range(16):
        throttle.failed("Anna")
        waits.append(throttle._failures["anna"][1])
    assert waits == [0] * 5 + [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert max(waits) == LONGEST_WAIT
    throttle.succeeded("ANNA")
    with throttle.attempt("anna"):
        pass


def test_made_up_names_do_not_fill_the_memory():
    throttle = SignInThrottle()
    for number in range(10_050):
        throttle.failed(f"name{number}")
    assert len(throttle._failures) == 10_000
    assert "name10049" in throttle._failures


def test_few_passwords_are_compared_at_once(monkeypatch):
    monkeypatch.setattr("api.throttle._LONGEST_QUEUE", 0.01)
    throttle = SignInThrottle()
    with throttle.attempt("a"), throttle.attempt("b"):
        with pytest.raises(Exception, match="429") as caught, throttle.attempt("c"):
            pass
        assert caught.value.name == "too-many-attempts"
    with throttle.attempt("c"):
        pass


# Passwords


def test_a_new_password_ends_the_other_sessions(client, anna, assert_problem):
    elsewhere = client.signed_in("anna")
    sign_in(client)
    body = {"old": "wrong-password-here", "new": NEW_PASSWORD}
    assert_problem(client.post("/v1/me/password", body), 401, "wrong-password")
    assert client.post("/v1/me/password", {**body, "old": PASSWORD}).status_code == 204
    assert client.get("/v1/me").json()["user"]["name"] == "anna"
    assert elsewhere.get("/v1/me").json()["user"] is None
    assert_problem(sign_in(client.other()), 401, "wrong-password")
    assert sign_in(client.other(), password=NEW_PASSWORD).status_code == 200


def test_only_a_session_changes_its_password(client, anna, add_key, assert_problem):
    body = {"old": PASSWORD, "new": NEW_PASSWORD}
    for sender in (client, add_key(client, anna, "suggest")):
        assert_problem(sender.post("/v1/me/password", body), 401, "unauthorized")


def test_a_short_password_is_refused_without_being_repeated(client, anna, assert_problem):
    sign_in(client)
    problem = assert_problem(
        client.post("/v1/me/password", {"old": PASSWORD, "new": "zebrafish"}), 422, "invalid-request"
    )
    assert "15 characters" in str(problem["errors"])
    assert "zebrafish" not in str(problem)


# Users and keys


@pytest.fixture
def admin(client, add_user):
    add_user(client, "adam", Role.ADMINISTRATOR)
    return client.signed_in("adam")


def test_an_administrator_adds_changes_and_shuts_out(admin, assert_problem):
    added = admin.post("/v1/users", {"name": "Anna", "roles": ["coder"], "password": PASSWORD}).json()
    assert (added["name"], added["roles"], added["active"], added["has_password"]) == ("anna", ["coder"], True, True)
    assert "password_hash" not in added
    anna = admin.signed_in("anna")
    path = f"/v1/users/{added['id']}"
    assert admin.patch(path, {"roles": ["lead", "coder"]}).json()["roles"] == ["coder", "lead"]
    assert "encounters:assign" in anna.get("/v1/me").json()["permissions"]
    assert not admin.patch(path, {"active": False}).json()["active"]
    assert anna.get("/v1/me").json()["user"] is None
    assert admin.patch(path, {"active": True}).json()["active"]
    assert anna.get("/v1/me").json()["user"] is None
    anna = admin.signed_in("anna")
    admin.patch(path, {"password": NEW_PASSWORD})
    assert anna.get("/v1/me").json()["user"] is None
    assert sign_in(admin.other(), password=NEW_PASSWORD).status_code == 200
    assert [user["name"] for user in admin.get("/v1/users").json()["items"]] == ["adam", "anna"]


@pytest.mark.parametrize(
    ("fields", "status", "name"),
    [
        ({"name": "adam"}, 409, "already-exists"),
        ({"name": "a b"}, 422, "invalid-request"),
        ({"roles": []}, 422, "invalid-request"),
        ({"roles": ["king"]}, 422, "invalid-request"),
        ({"password": "short"}, 422, "invalid-request"),
    ],
)
def test_bad_users_are_refused(admin, assert_problem, fields, status, name):
    body = {"name": "anna", "roles": ["coder"], "password": PASSWORD, **fields}
    assert_problem(admin.post("/v1/users", body), status, name)


def test_a_user_who_is_not_there_is_not_changed(admin, assert_problem):
    assert_problem(admin.patch("/v1/users/none", {}), 404, "unknown-record")
    assert_problem(admin.delete("/v1/keys/none"), 404, "unknown-record")
    body = {"user_id": "none", "label": "x", "scopes": ["suggest"]}
    assert_problem(admin.post("/v1/keys", body), 404, "unknown-record")


def test_a_key_is_shown_once_works_and_is_revoked(admin, assert_problem):
    feed = admin.post("/v1/users", {"name": "feed", "roles": ["service"]}).json()["id"]
    body = {"user_id": feed, "label": "ehr", "scopes": ["encounters:write", "suggest"], "days": 30}
    made = admin.post("/v1/keys", body)
    assert made.status_code == 201
    key = made.json().pop("key")
    listed = {field: value for field, value in made.json().items() if field != "key"}
    # The session of the administrator is a key of the store, but none of the list.
    assert admin.get("/v1/keys").json()["items"] == [listed]
    robot = admin.other(Authorization=f"Bearer {key}")
    me = robot.get("/v1/me").json()
    assert (me["via"], me["user"]["name"], me["permissions"]) == ("key", "feed", ["encounters:write", "suggest"])
    assert robot.store()["notes"][0]["id"] == "n1"
    assert admin.delete(f"/v1/keys/{listed['id']}").json()["revoked_at"] is not None
    assert_problem(robot.get("/v1/encounters"), 401, "unauthorized")


def test_a_key_expires(client, anna, add_key, travel):
    key = add_key(client, anna, "encounters:read", days=2)
    travel(days=1, hours=23)
    assert key.get("/v1/encounters").status_code == 200
    travel(hours=2)
    assert key.get("/v1/encounters").status_code == 401


def test_a_key_is_worth_nothing_when_its_user_is_shut_out(client, anna, add_key):
    key = add_key(client, anna, "encounters:read")
    users.deactivate(client.database, anna, actor=None)
    assert key.get("/v1/encounters").status_code == 401


@pytest.mark.parametrize("scopes", [[], ["session"], ["king"]])
def test_a_scope_is_a_permission(admin, assert_problem, scopes):
    body = {"user_id": "x", "label": "x", "scopes": scopes}
    assert_problem(admin.post("/v1/keys", body), 422, "invalid-request")
