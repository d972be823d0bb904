"""The handlers of a controller: which operation each is, and what it calls."""

from __future__ import annotations

__all__ = ["BUILT_IN", "HOOKS", "MANY"]

#: method of the controller, HTTP method, whether it is about one object, prefix of the id
BUILT_IN = (
    ("get_list", "GET", False, "list"),
    ("create", "POST", False, "create"),
    ("get", "GET", True, "get"),
    ("update", "PUT", True, "update"),
    ("patch", "PATCH", True, "patch"),
    ("delete", "DELETE", True, "delete"),
    ("patch_many", "PATCH", False, "patch_many"),
    ("delete_many", "DELETE", False, "delete_many"),
)
#: The hooks that each of them calls inside the change.
HOOKS = {
    "create": ("before_create",),
    "update": ("before_update",),
    "patch": ("before_update",),
    "delete": ("before_delete",),
    "patch_many": ("before_update",),
    "delete_many": ("before_delete",),
}
#: What does to many objects what another handler does to one.
MANY = {"create": "create_many", "patch": "patch_many", "delete": "delete_many"}
