"""The options that are about who may do what, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openrest.authentication.option import read_authentication
from openrest.authorization import read_authorization
from openrest.checking.resource import Shown, is_store
from openrest.datastore.scoped import read_scope
from openrest.field_access import read_field_access
from openrest.models import shapes as s
from openrest.ratelimit.option import read_ratelimit

__all__ = ["guarding_parts"]


def guarding_parts(
    options: Mapping[str, Any],
    resource_name: Any,
    shape: Shown | None,
    key: s.Member | None,
    store: Any,
    list_verbs: tuple[str, ...],
    unique_verbs: tuple[str, ...],
    mistakes: list[str],
) -> tuple[dict[str, Any], Shown | None]:
    """The parts of a definition that guard it, by their names there, and what they mark.

    That is the shape, in which each field is marked that not everybody may read or set.
    """
    authentication, unknown = read_authentication(options)
    permissions, unallowed = read_authorization(options, list_verbs, unique_verbs)
    scope, fields = None, None
    if shape is not None and key is not None:
        fields, unfit = read_field_access(options, shape, key)
        mistakes.extend(unfit)
        if fields is not None:
            shape = fields.marked(shape)
        if is_store(store):
            scope, unfit = read_scope(options, shape, key, store, permissions)
            mistakes.extend(unfit)
    limits, unlimited = read_ratelimit(options, resource_name, list_verbs, unique_verbs)
    mistakes.extend([*unknown, *unallowed, *unlimited])
    parts = {
        "authentication": authentication, "permissions": permissions or {}, "scope": scope,
        "fields": fields, "limits": limits,
    }  # fmt: skip
    return parts, shape
