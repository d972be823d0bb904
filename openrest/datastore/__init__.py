"""Where data lives: one store a module, all behind `openrest.interfaces.DataStore`."""

from openrest.datastore.lists import PythonListDataStore
from openrest.datastore.sqlite import SQLiteDataStore
from openrest.datastore.validators import UniqueTogether
from openrest.interfaces import DataStore

__all__ = ["DataStore", "PythonListDataStore", "SQLiteDataStore", "UniqueTogether"]
