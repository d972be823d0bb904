"""The formats that openrest reads and writes, for schemathesis, which does not know all of them.

Then they are generated, and checked against the document, as JSON is.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import schemathesis
import yaml

from openrest.compression import zstd
from openrest.views import CsvResponse, MessagePackResponse, NdjsonResponse, YamlResponse

__all__ = ["decoded", "register"]


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


def decoded(response: Any) -> Any:
    """The response with its content as it was before it was compressed."""
    [coding] = response.headers.get("content-encoding", ["identity"])
    if coding == "gzip":
        response.content = gzip.decompress(response.content)
    elif coding == "zstd" and zstd is not None:
        response.content = zstd.decompress(response.content)
    return response


def _encoded(cls: Any, value: Any) -> bytes:
    """The value in the format; what the format cannot have, as JSON, which is refused then."""
    try:
        data: bytes = cls.encode(value)
    except (TypeError, UnicodeError, yaml.YAMLError):
        return json.dumps(value, default=str).encode()
    return data
