"""What the routes of sign-in, users, keys and models answer."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.permissions import Permission
from store.tables import Role


class MeUserOut(BaseModel):
    """Whoever asks."""

    id: str
    name: str
    roles: list[Role]


class MeOut(BaseModel):
    """Who asks, and what they may do."""

    mode: str = Field(description="single-user: whoever reaches the service may do all; or accounts.")
    user: MeUserOut | None = Field(description="Null when nobody is signed in.")
    permissions: list[Permission]
    via: str | None = Field(description="single-user, session, key, token, or null.")
    expires_at: datetime | None = Field(description="When the session ends at the latest.")


class UserOut(BaseModel):
    """A user."""

    id: str
    name: str
    roles: list[Role]
    active: bool
    has_password: bool
    created_at: datetime


class UsersOut(BaseModel):
    """All users by name."""

    items: list[UserOut]


class KeyOut(BaseModel):
    """An API key without its secret."""

    id: str
    user_id: str
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class KeysOut(BaseModel):
    """All API keys, oldest first."""

    items: list[KeyOut]


class NewKeyOut(KeyOut):
    """An API key that was just made."""

    key: str = Field(description="The key itself; it cannot be read again.")


class ModelOut(BaseModel):
    """A bundle."""

    name: str
    active: bool = Field(description="Whether it is the promoted one.")
    created: str | None
    policy: str | None
    problem: str = Field(description="Why it cannot be read, else empty.")


class ModelsOut(BaseModel):
    """The bundles and what serves."""

    serving: str | None = Field(description="Name and digest of the model that answers now.")
    problem: str = Field(description="Why the promoted bundle does not serve, else empty.")
    items: list[ModelOut]
