"""The model of an entry in an audit trail, which any datastore can keep."""

from __future__ import annotations

from typing import Final

from marshmallow import validate

from openrest.models import DateTimeField, DictField, Model, PkField, StringField

__all__ = ["ACTIONS", "AuditEntry"]

#: What can become of a record.
ACTIONS: Final = ("create", "update", "delete")


class AuditEntry(Model):
    """One write to one record. A subclass may have more members, which have a default."""

    id = PkField()
    time = DateTimeField(
        required=True, metadata={"description": "When the record was written, in UTC"}
    )
    user = StringField(
        required=True, allow_none=True, metadata={"description": "The id of who wrote it"}
    )
    action = StringField(required=True, validate=validate.OneOf(ACTIONS))
    resource = StringField(required=True)
    key = StringField(required=True, metadata={"description": "The key of the record, as text"})
    operation = StringField(
        required=True,
        allow_none=True,
        metadata={"description": "The operation that was asked for; null outside of a request"},
    )
    request_id = StringField(required=True, allow_none=True)
    trace_id = StringField(required=True, allow_none=True)
    before = DictField(
        required=True, allow_none=True, metadata={"description": "The record as it was"}
    )
    after = DictField(
        required=True, allow_none=True, metadata={"description": "The record as it is now"}
    )
