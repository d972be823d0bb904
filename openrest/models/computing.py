"""marshmallow's Method and Function fields: members that are made from the whole record."""

from __future__ import annotations

from typing import Any

from marshmallow import fields as ma

from openrest.models import shapes as s
from openrest.models.kinds import annotated_shape

__all__ = ["computed"]


class Row(dict[str, Any]):
    """A record whose values are also attributes, as functions written for objects expect."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError as missing:
            raise AttributeError(f"the record has no {name!r}") from missing
        return Row(value) if type(value) is dict else value


def computed(field: ma.Field[Any]) -> s.Computed | None:
    """What makes the member that a Method or Function field shows; None for other fields.

    Its shape is what the function's annotation says that it returns: any value, without one.
    """
    match field:
        case ma.Method(serialize_method_name=str(name)):
            function = getattr(field.parent, name)
        case ma.Function(serialize_func=function) if function:
            pass
        case _:
            return None
    return s.Computed(make=lambda record: function(Row(record)), shape=annotated_shape(function))
