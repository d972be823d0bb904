"""The formats that openrest reads and writes, for schemathesis, which does not know all of them.

Then they are generated, and checked against the document, as JSON is.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import schemathesis
import yaml

from openrest.views import CsvResponse, MessagePackResponse, NdjsonResponse, YamlResponse

__all__ = ["register"]


def register() -> None:
    """Tell schemathesis of them; more than once does nothing more."""

    @schemathesis.deserializer(MessagePackResponse.media_type)
    def message_pack(context: Any, response: Any) -> Any:
        return msgspec.msgpack.decode(response.content)

    @schemathesis.serializer(MessagePackResponse.media_type)
    def packed(context: Any, value: Any) -> bytes:
        return value if isinstance(value, bytes) else _encoded(MessagePackResponse, value)

    @schemathesis.serializer(YamlResponse.media_type)
    def yaml_text(context: Any, value: Any) -> bytes:
        # Its own has anchors for what is there twice, and leaves texts such as 1e5 bare.
        return value if isinstance(value, bytes) else _encoded(YamlResponse, value)

    @schemathesis.deserializer(NdjsonResponse.media_type, CsvResponse.media_type)
    def text(context: Any, response: Any) -> Any:
        return response.content.decode()


def _encoded(cls: Any, value: Any) -> bytes:
    """The value in the format; what the format cannot have, as JSON, which is refused then."""
    try:
        data: bytes = cls.encode(value)
    except (TypeError, UnicodeError, yaml.YAMLError):
        return json.dumps(value, default=str).encode()
    return data
