"""Styles of pages of a list, a module each."""

from openrest.pagination.cursor import CursorPagination
from openrest.pagination.offset import Pagination
from openrest.pagination.page import PagePagination

__all__ = ["CursorPagination", "PagePagination", "Pagination"]
