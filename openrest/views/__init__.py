"""How records are shown: response classes (formats) and formatters."""

from openrest.views.csv import CsvResponse
from openrest.views.formatters import AddResourceUri, formatter
from openrest.views.json import JsonResponse
from openrest.views.msgpack import MessagePackResponse
from openrest.views.ndjson import NdjsonResponse
from openrest.views.xml import XmlResponse
from openrest.views.yaml import YamlResponse

__all__ = [
    "AddResourceUri",
    "CsvResponse",
    "JsonResponse",
    "MessagePackResponse",
    "NdjsonResponse",
    "XmlResponse",
    "YamlResponse",
    "formatter",
]
