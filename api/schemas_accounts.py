"""What requests about sign-in, users and keys may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from api.permissions import Permission
from api.schemas import Identifier, StrictModel
from store.tables import Role
from store.users import MAX_PASSWORD, MIN_PASSWORD

MAX_KEY_DAYS = 366

# Where a password is compared only, any length passes: what rules it was made under is not told.
GivenPassword = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]
NewPassword = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{1,64}$")]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]


class SignIn(StrictModel):
    """Name and password."""

    name: UserName
    password: GivenPassword


class PasswordChange(StrictModel):
    """A new password for whoever is signed in."""

    old: GivenPassword
    new: NewPassword


class UserIn(StrictModel):
    """A user to add."""

    name: UserName
    roles: Roles
    password: NewPassword | None = Field(default=None, description="Null for a user who only has API keys.")


class UserChange(StrictModel):
    """What to change of a user; fields that are left out stay."""

    roles: Roles | None = None
    active: bool | None = Field(default=None, strict=True)
    password: NewPassword | None = None


class KeyIn(StrictModel):
    """An API key to make."""

    user_id: Identifier
    label: Identifier = Field(description="What the key is for.")
    scopes: Annotated[list[Permission], Field(min_length=1, max_length=len(Permission))] = Field(
        description="Permissions of the key; it never has more than its user."
    )
    days: int = Field(default=90, ge=1, le=MAX_KEY_DAYS, strict=True, description="Days until it expires.")
