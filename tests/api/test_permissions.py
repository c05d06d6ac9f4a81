"""Who may do what: declared permissions, roles, scopes, tokens, host names, origins, headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.permissions import ALL_PERMISSIONS, ROLE_PERMISSIONS, Permission, PermissionCheck, permissions_of
from store.tables import Role

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC = {
    "/", "/healthz", "/readyz", "/openapi.json", "/samples.json", "/static/{name}", "/problems/{name}",
    "/v1/session", "/v1/me", "/v1/me/password",
    "/desk", "/desk/sign-in", "/desk/encounters/{encounter_id}", "/desk/encounters/{encounter_id}/finalised",
}  # fmt: skip


def routes_of(router):
    """All routes, whether the framework copies those of an included router or keeps the router."""
    for route in router.routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from routes_of(included)


def declared(route):
    calls = [dependency.call for dependency in getattr(route, "dependant", None).dependencies]
    return [call.permission for call in calls if isinstance(call, PermissionCheck)]


def test_every_route_declares_one_permission(client):
    routes = list(routes_of(client.app))
    assert {"/", "/v1/suggestions", "/v1/codes/search", "/static/{name}"} <= {route.path for route in routes}
    assert [route.path for route in routes if len(declared(route)) != 1] == []
    assert {route.path for route in routes if declared(route) == [Permission.PUBLIC]} == PUBLIC


@pytest.fixture
def guarded(make_client):
    return make_client(api_tokens=("another-token-that-is-long-enough", TOKEN))


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xe9"],
)
def test_with_tokens_set_a_request_needs_one(guarded, authorization, assert_problem):
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    guarded.headers = headers
    for response in (guarded.suggest(), guarded.get("/v1/version"), guarded.get("/v1/codes/ICD-10-CM/E11")):
        assert_problem(response, 401, "unauthorized")
        assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}"])
def test_a_token_lets_requests_pass(guarded, authorization):
    guarded.headers = {"Authorization": authorization}
    assert guarded.suggest().status_code == 200
    assert guarded.get("/v1/version").status_code == 200


def test_a_token_has_no_user_and_touches_no_encounter(guarded, assert_problem):
    guarded.headers = {"Authorization": f"Bearer {TOKEN}"}
    assert_problem(guarded.get("/v1/encounters"), 403, "forbidden")
    assert_problem(guarded.get("/v1/users"), 403, "forbidden")
    assert guarded.get("/v1/me").json() == {
        "mode": "accounts",
        "user": None,
        "permissions": ["codes:read", "suggest"],
        "via": "token",
        "expires_at": None,
    }


def walk(client):
    """Sends a request to every route that needs a permission; yields permission, method, path and answer."""
    for route in routes_of(client.app):
        (permission,) = declared(route)
        if permission is Permission.PUBLIC:
            continue
        path = re.sub(r"\{[a-z_]+\}", "1", route.path)
        for method in route.methods - {"HEAD"}:
            body = None if method == "GET" else {}
            yield permission, method, path, client.request(method, path, json=body)


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_the_routes_of_its_permissions_and_no_others(client, add_user, role):
    add_user(client, "somebody", role)
    somebody = client.signed_in("somebody")
    seen = set()
    for permission, method, path, answer in walk(somebody):
        allowed = permission in ROLE_PERMISSIONS[role]
        seen.add(permission)
        if allowed:
            assert answer.status_code not in {401, 403}, (method, path)
        else:
            assert answer.status_code == 403, (method, path)
            assert answer.json()["type"] == "/problems/forbidden"
            assert permission in answer.json()["detail"]
    # Assigning to others is looked at within a route.
    assert seen == ALL_PERMISSIONS - {Permission.ENCOUNTERS_ASSIGN}


@pytest.mark.parametrize("scope", sorted(ALL_PERMISSIONS))
def test_a_key_opens_the_routes_of_its_scopes_and_no_others(client, add_user, add_key, scope):
    user = add_user(client, "somebody", *Role)
    key = add_key(client, user, scope)
    for permission, method, path, answer in walk(key):
        assert (answer.status_code == 403) is (permission != scope), (method, path)


def test_without_signing_in_nothing_but_the_public_routes_answers(client, add_user):
    add_user(client, "somebody")
    for _, method, path, answer in walk(client):
        assert answer.status_code == 401, (method, path)
        assert answer.json()["type"] == "/problems/unauthorized"
        assert answer.headers["www-authenticate"] == 'Bearer realm="chartcoder"'


def test_in_single_user_mode_every_route_answers(client):
    assert all(answer.status_code not in {401, 403} for _, _, _, answer in walk(client))


def test_a_key_never_has_more_than_its_user(client, add_user, add_key, assert_problem):
    key = add_key(client, add_user(client, "anna", Role.CODER), "users:write", "suggest")
    assert key.get("/v1/me").json()["permissions"] == ["suggest"]
    assert_problem(key.get("/v1/keys"), 403, "forbidden")


def test_roles_add_up():
    assert permissions_of([Role.CODER, Role.ADMINISTRATOR]) == (
        ROLE_PERMISSIONS[Role.CODER] | ROLE_PERMISSIONS[Role.ADMINISTRATOR]
    )
    assert permissions_of([]) == frozenset()
    assert frozenset().union(*ROLE_PERMISSIONS.values()) == ALL_PERMISSIONS


def test_the_table_in_the_docs_is_that_of_the_program():
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    assert f"| permission | {' | '.join(Role)} |" in text
    for permission in ALL_PERMISSIONS:
        cells = "".join(" yes |" if permission in ROLE_PERMISSIONS[role] else " |" for role in Role)
        assert f"| `{permission}` |{cells}" in text


def test_health_and_page_need_no_token(guarded):
    for path in ("/", "/healthz", "/readyz", "/openapi.json"):
        assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_loopback_names_are_served(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "[::2]",
        "localhost@evil.example",
    ],
)
def test_other_host_names_are_refused(client, host, assert_problem):
    response = client.get("/", headers={"Host": host})
    assert_problem(response, 421, "host-not-allowed")
    assert "evil" not in response.text


def test_configured_host_names_are_served(make_client):
    client = make_client(allowed_hosts=("Coder.Example",))
    assert client.get("/healthz", headers={"Host": "coder.example:443"}).status_code == 200


SUGGESTION = {"notes": [{"id": "n", "text": "HTN"}]}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9000"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8000"},
    ],
)
def test_pages_of_other_sites_change_nothing(client, assert_problem, headers):
    stored = {"id": "e1", **SUGGESTION}
    for answer in (
        client.post("/v1/suggestions", SUGGESTION, headers=headers),
        client.post("/v1/encounters", stored, headers=headers),
        client.post("/v1/session", {"name": "a", "password": "b"}, headers=headers),
        client.delete("/v1/session", headers=headers),
        client.request("POST", "/v1/models/reload", headers=headers),
    ):
        assert_problem(answer, 403, "cross-origin")
        assert "evil" not in answer.text
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert client.get("/v1/encounters", headers=headers).json()["items"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8000"},
        {"Origin": "http://LOCALHOST:8000"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_its_own_pages_and_programs_may_send_changes(client, headers):
    assert client.post("/v1/suggestions", SUGGESTION, headers=headers).status_code == 200


def test_other_origins_get_no_leave(client):
    response = client.request(
        "OPTIONS",
        "/v1/suggestions",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_of_another_site_could_send_is_refused(client, assert_problem, media_type):
    answer = client.post("/v1/session", content=b'{"name": "a", "password": "b"}', headers={"Content-Type": media_type})
    assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/v1/version", "/static/page.js"])
def test_security_headers_are_on_every_answer(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
