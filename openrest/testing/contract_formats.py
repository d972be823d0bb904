"""The formats that openrest answers and schemathesis does not know.

Their answers are then checked against the document, as those in JSON are.
"""

from __future__ import annotations

from typing import Any

import msgspec
import schemathesis

from openrest.views import CsvResponse, MessagePackResponse, NdjsonResponse

__all__ = ["register"]


def register() -> None:
    """Tell schemathesis of them; more than once does nothing more."""

    @schemathesis.deserializer(MessagePackResponse.media_type)
    def message_pack(context: Any, response: Any) -> Any:
        return msgspec.msgpack.decode(response.content)

    @schemathesis.deserializer(NdjsonResponse.media_type, CsvResponse.media_type)
    def text(context: Any, response: Any) -> Any:
        return response.content.decode()
