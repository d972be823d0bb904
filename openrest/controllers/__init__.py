"""What a user subclasses and serves: `Controller` and `WSGIDispatcher`."""

from openrest.controllers.controller import Controller
from openrest.controllers.dispatcher import WSGIDispatcher
from openrest.operations import Call, Page, Result, declare, operation

__all__ = ["Call", "Controller", "Page", "Result", "WSGIDispatcher", "declare", "operation"]
