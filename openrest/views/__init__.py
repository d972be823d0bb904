"""How records are shown: response classes (formats) and formatters."""

from openrest.views.formatters import AddResourceUri, formatter
from openrest.views.json import JsonResponse

__all__ = ["AddResourceUri", "JsonResponse", "formatter"]
