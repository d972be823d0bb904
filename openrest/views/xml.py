"""XML that says of each element what it is."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree  # nosec B405  # it writes, and parses nothing

from openrest.views.json import JsonResponse

__all__ = ["XmlResponse"]

#: The names that are elements as they are (Namespaces in XML, NCName; of ASCII alone): those that
#: begin with "xml" are reserved.
_NAME = re.compile(r"(?![Xx][Mm][Ll])[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
#: What no XML 1.0 can have (section 2.2), and the carriage return, which readers take for another.
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlResponse:
    """``application/xml``: an element a member, whose attribute `type` says what its value is.

    The types are ``object``, ``array`` (of elements called ``item``), ``number``, ``boolean`` and
    ``null``; without one it is text. Text with characters that XML cannot have is of the type
    ``json``: a string as in JSON. A name that is none in XML stands in the attribute `name` of an
    element called ``member``, or in `json-name` where XML cannot have its characters.
    """

    media_type = "application/xml"

    @staticmethod
    def encode(value: Any) -> bytes:
        """The wire value as an element called ``answer``."""
        root = ElementTree.Element("answer")
        _fill(root, value)
        text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return text


def _fill(element: ElementTree.Element, value: Any) -> None:
    match value:
        case dict():
            element.set("type", "object")
            for name, inner in value.items():
                _fill(_member(element, name), inner)
        case list() | tuple():
            element.set("type", "array")
            for inner in value:
                _fill(ElementTree.SubElement(element, "item"), inner)
        case str():
            if _NOT_IN_XML.search(value):
                element.set("type", "json")
                value = _json(value)
            element.text = value
        case None:
            element.set("type", "null")
        case bool():
            element.set("type", "boolean")
            element.text = "true" if value else "false"
        case _:
            element.set("type", "number")
            element.text = JsonResponse.encode(value).decode()


def _member(element: ElementTree.Element, name: str) -> ElementTree.Element:
    if _NAME.fullmatch(name):
        return ElementTree.SubElement(element, name)
    if _NOT_IN_XML.search(name):
        return ElementTree.SubElement(element, "member", {"json-name": _json(name)})
    return ElementTree.SubElement(element, "member", {"name": name})


def _json(text: str) -> str:
    """The text as a string of JSON, in which nothing is left that XML cannot have."""
    return _NOT_IN_XML.sub(
        lambda found: f"\\u{ord(found[0]):04x}", JsonResponse.encode(text).decode()
    )
