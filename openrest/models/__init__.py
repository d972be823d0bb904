"""Models: marshmallow schemas that mean at run time what the document says."""

from openrest.models.derive import model_shape, schema_shape
from openrest.models.fields import (
    BooleanField,
    DateField,
    DateTimeField,
    DecimalField,
    EnumField,
    FloatField,
    IntegerField,
    ListField,
    PkField,
    ShapedField,
    StringField,
    StringPkField,
    TimestampField,
    UUIDField,
    UUIDPkField,
)
from openrest.models.model import Model

__all__ = [
    "BooleanField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "EnumField",
    "FloatField",
    "IntegerField",
    "ListField",
    "Model",
    "PkField",
    "ShapedField",
    "StringField",
    "StringPkField",
    "TimestampField",
    "UUIDField",
    "UUIDPkField",
    "model_shape",
    "schema_shape",
]
