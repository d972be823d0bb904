"""OpenAPI-first, auto-documented REST APIs: a document that cannot lie."""

__version__ = "0.1.0"
