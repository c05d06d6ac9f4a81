"""Who may do what: declared permissions, tokens, host names, headers."""

from __future__ import annotations

import pytest

from api.permissions import Permission, PermissionCheck

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC = {"/", "/healthz", "/readyz", "/openapi.json", "/samples.json", "/static/{name}", "/problems/{name}"}


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


def test_health_and_page_need_no_token(guarded):
    for path in ("/", "/healthz", "/readyz", "/openapi.json"):
        assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]:8000", "[::1]"]
)
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


def test_other_origins_get_no_leave(client):
    response = client.request(
        "OPTIONS",
        "/v1/suggestions",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert response.status_code == 405
    posted = client.post(
        "/v1/suggestions", {"notes": [{"id": "n", "text": ""}]}, headers={"Origin": "https://evil.example"}
    )
    for answer in (response, posted):
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/v1/version", "/static/page.js"])
def test_security_headers_are_on_every_answer(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
