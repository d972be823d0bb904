"""Who may: what an operation announces of it, and the problems of those who may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from openrest import messages as msg
from openrest.contract import Contribution, Header, ResponseSpec
from openrest.errors import CredentialsRefused, Forbidden, Mistake, Problem, Unauthorized
from openrest.interfaces import Authentication, Permission, User
from openrest.messages import Text, say
from openrest.models import shapes as s

__all__ = ["access", "demand", "refusal", "unauthorized"]


_INSUFFICIENT: Final = Header(
    name="WWW-Authenticate",
    shape=s.String(),
    description="The scopes that credentials need for it",
    required=False,
)


def demand(authentication: Authentication, permission: Permission, user: User | None) -> None:
    """See that the user has the permission.

    Raises Unauthorized (401) where it has to be known who they are, and Forbidden (403).
    """
    if permission.allows(user):
        return
    if user is None:
        raise unauthorized(authentication, None)
    challenges = _challenges(authentication, permission)
    headers = [("WWW-Authenticate", challenges)] if challenges else []
    raise Forbidden(say(msg.MAY_NOT), headers=headers)


def refusal(
    authentication: Authentication | None,
    user: User | None,
    said: Text,
    mistakes: Sequence[Mistake] = (),
) -> Problem:
    """The problem of a user who may not: Forbidden, where it is known who they are, or cannot be.

    Somebody else may turn out to be one who may: Unauthorized.
    """
    if user is None and authentication is not None:
        return unauthorized(authentication, None)
    return Forbidden(said, mistakes)


def _challenges(authentication: Authentication, permission: Permission) -> str:
    """What a 403 says of the scopes that are missing (RFC 9110, section 15.5.4)."""
    return ", ".join(authentication.insufficient(permission.scopes)) if permission.scopes else ""


def unauthorized(
    authentication: Authentication, refused: CredentialsRefused | None
) -> Unauthorized:
    """The problem of somebody who is not known, after credentials that were `refused` or none."""
    said = say(msg.WHO_IS_IT if refused is None else msg.WRONG_CREDENTIALS)
    challenges = ", ".join(authentication.challenges(refused))
    return Unauthorized(said, headers=[("WWW-Authenticate", challenges)])


def access(authentication: Authentication | None, permission: Permission | None) -> Contribution:
    """The statuses of who may not, or is not known."""
    if authentication is None or permission is None:
        return Contribution()
    unknown = ResponseSpec(
        status=401,
        description="The credentials are wrong"
        if permission.is_for_anyone
        else "It is not known who makes the request, or the credentials are wrong",
        headers=(
            Header(
                name="WWW-Authenticate",
                shape=s.String(),
                description="How to say who makes the request (RFC 9110, section 11.6.1)",
            ),
        ),
        example=Unauthorized(
            say(msg.WRONG_CREDENTIALS if permission.is_for_anyone else msg.WHO_IS_IT)
        ),
    )
    forbidden = ResponseSpec(
        status=403,
        description="Whoever makes the request may not",
        headers=(_INSUFFICIENT,) if _challenges(authentication, permission) else (),
        example=Forbidden(say(msg.MAY_NOT)),
    )
    return Contribution(
        description=permission.description,
        responses=(unknown, forbidden) if permission.may_forbid else (unknown,),
    )
