"""Sign-in, users and API keys."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response

from api import responses_accounts as out
from api import sessions
from api.auth import Authenticator, Principal, Via
from api.body import JsonRoute
from api.charts import database_of
from api.errors import Problem
from api.examples import body_examples
from api.examples_accounts import (
    KEY_EXAMPLES,
    KEY_RESPONSES,
    KEYS_RESPONSES,
    ME_RESPONSES,
    NEW_USER_EXAMPLES,
    NEW_USER_RESPONSES,
    PASSWORD_EXAMPLES,
    PASSWORD_RESPONSES,
    REVOKE_RESPONSES,
    SIGN_IN_EXAMPLES,
    SIGN_IN_RESPONSES,
    SIGN_OUT_RESPONSES,
    USER_CHANGE_EXAMPLES,
    USER_CHANGE_RESPONSES,
    USERS_RESPONSES,
)
from api.permissions import Permission, principal, requires
from api.responses import no_store
from api.schemas import Identifier
from api.schemas_accounts import KeyIn, PasswordChange, SignIn, UserChange, UserIn
from store import api_keys, users
from store.api_keys import ApiKey
from store.users import User

router = APIRouter(prefix="/v1", tags=["accounts"], route_class=JsonRoute, dependencies=[Depends(no_store)])


@router.post(
    "/session",
    dependencies=[requires(Permission.PUBLIC)],
    responses=SIGN_IN_RESPONSES,
    openapi_extra=body_examples(SIGN_IN_EXAMPLES),
)
def sign_in(request: Request, body: SignIn) -> out.MeOut:
    """Signs a user in and sets the cookie of the session."""
    return _me(_auth(request).sign_in(request, body.name, body.password))


@router.delete("/session", status_code=204, dependencies=[requires(Permission.PUBLIC)], responses=SIGN_OUT_RESPONSES)
def sign_out(request: Request) -> Response:
    """Ends the session, if there is one."""
    _auth(request).sign_out(request)
    return Response(status_code=204)


@router.get("/me", dependencies=[requires(Permission.PUBLIC)], responses=ME_RESPONSES)
def me(request: Request) -> out.MeOut:
    """Says who asks and what they may do; also to somebody who is not signed in."""
    return _me(_auth(request).identify(request))


@router.post(
    "/me/password",
    status_code=204,
    dependencies=[requires(Permission.PUBLIC)],
    responses=PASSWORD_RESPONSES,
    openapi_extra=body_examples(PASSWORD_EXAMPLES),
)
def change_password(request: Request, body: PasswordChange) -> Response:
    """Changes the password of whoever is signed in; their other sessions end."""
    auth = _auth(request)
    who = auth.identify(request)
    if who is None or who.user is None or who.via is not Via.SESSION:
        raise Problem("unauthorized", "sign in first: POST /v1/session")
    auth.check_password(who.user.name, body.old)
    database = database_of(request)
    users.set_password(database, who.user.id, body.new, actor=who.user.id)
    sessions.end(database, who.user.id, but=who.family)
    return Response(status_code=204)


@router.get("/users", dependencies=[requires(Permission.USERS_READ)], responses=USERS_RESPONSES)
def list_users(request: Request) -> out.UsersOut:
    """Lists all users by name."""
    return out.UsersOut(items=[_user(user) for user in users.all_users(database_of(request))])


@router.post(
    "/users",
    status_code=201,
    dependencies=[requires(Permission.USERS_WRITE)],
    responses=NEW_USER_RESPONSES,
    openapi_extra=body_examples(NEW_USER_EXAMPLES),
)
def add_user(request: Request, body: UserIn) -> out.UserOut:
    """Adds a user. The first one ends single-user mode."""
    actor = principal(request).user_id
    user = users.create(database_of(request), body.name, roles=body.roles, password=body.password, actor=actor)
    return _user(user)


@router.patch(
    "/users/{user_id}",
    dependencies=[requires(Permission.USERS_WRITE)],
    responses=USER_CHANGE_RESPONSES,
    openapi_extra=body_examples(USER_CHANGE_EXAMPLES),
)
def change_user(request: Request, user_id: Identifier, body: UserChange) -> out.UserOut:
    """Changes roles or password, shuts a user out or lets one in again.

    A new password or being shut out ends all sessions of the user.
    """
    database, actor = database_of(request), principal(request).user_id
    users.get(database, user_id)
    if body.roles is not None:
        users.set_roles(database, user_id, body.roles, actor=actor)
    if body.password is not None:
        users.set_password(database, user_id, body.password, actor=actor)
    if body.active is not None:
        (users.activate if body.active else users.deactivate)(database, user_id, actor=actor)
    if body.password is not None or body.active is False:
        sessions.end(database, user_id)
    return _user(users.get(database, user_id))


@router.get("/keys", dependencies=[requires(Permission.USERS_WRITE)], responses=KEYS_RESPONSES)
def list_keys(request: Request) -> out.KeysOut:
    """Lists all API keys, without their secrets, oldest first."""
    keys = api_keys.all_keys(database_of(request))
    return out.KeysOut(items=[_key(key) for key in keys if not sessions.is_session(key)])


@router.post(
    "/keys",
    status_code=201,
    dependencies=[requires(Permission.USERS_WRITE)],
    responses=KEY_RESPONSES,
    openapi_extra=body_examples(KEY_EXAMPLES),
)
def add_key(request: Request, body: KeyIn) -> out.NewKeyOut:
    """Makes an API key for a user; the key itself is shown this once."""
    database = database_of(request)
    key, secret = api_keys.issue(
        database,
        body.user_id,
        label=body.label,
        scopes=[scope.value for scope in body.scopes],
        expires_at=database.now() + timedelta(days=body.days),
        actor=principal(request).user_id,
    )
    return out.NewKeyOut(**_key(key).model_dump(), key=secret)


@router.delete("/keys/{key_id}", dependencies=[requires(Permission.USERS_WRITE)], responses=REVOKE_RESPONSES)
def revoke_key(request: Request, key_id: Identifier) -> out.KeyOut:
    """Revokes an API key; it is refused from now on."""
    return _key(api_keys.revoke(database_of(request), key_id, actor=principal(request).user_id))


def _auth(request: Request) -> Authenticator:
    auth: Authenticator = request.app.state.auth
    return auth


def _me(who: Principal | None) -> out.MeOut:
    user = None if who is None else who.user
    return out.MeOut(
        mode="single-user" if who is not None and who.via is Via.SINGLE_USER else "accounts",
        user=None if user is None else out.MeUserOut(id=user.id, name=user.name, roles=sorted(user.roles)),
        permissions=[] if who is None else sorted(who.permissions),
        via=None if who is None else who.via,
        expires_at=None if who is None else who.expires_at,
    )


def _user(user: User) -> out.UserOut:
    return out.UserOut(
        id=user.id,
        name=user.name,
        roles=sorted(user.roles),
        active=user.active,
        has_password=user.has_password,
        created_at=user.created_at,
    )


def _key(key: ApiKey) -> out.KeyOut:
    return out.KeyOut(
        id=key.id,
        user_id=key.user_id,
        label=key.label,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )
