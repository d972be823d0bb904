"""YAML."""

from __future__ import annotations

from typing import Any

from openrest.interfaces import Described

__all__ = ["YamlResponse"]


class YamlResponse:
    """``application/yaml`` (RFC 9512): what JSON has, without anchors and tags."""

    media_type = "application/yaml"
    described: Described = "value"

    @staticmethod
    def encode(value: Any) -> bytes:
        """The wire value as YAML that versions 1.1 and 1.2 read alike."""
        # Here, because at every start it would cost 15 ms for what few ask for.
        from openrest.yaml_text import to_yaml

        return to_yaml(value)
