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

    @staticmethod
    def decode(data: bytes, max_depth: int) -> Any:
        """The wire value, by the core schema of YAML 1.2; without anchors, aliases and tags."""
        from openrest.strict_yaml import read_yaml

        return read_yaml(data, max_depth)
