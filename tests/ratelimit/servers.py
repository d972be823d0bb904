"""The Redis of the tests: ``OPENREST_TEST_REDIS`` says where it is."""

from __future__ import annotations

import os

import redis

from tests.needs import missing

__all__ = ["redis_url"]

_URL = os.environ.get("OPENREST_TEST_REDIS", "redis://127.0.0.1:6379")


def redis_url() -> str:
    """Where it is; the test that asks is skipped where none runs, but fails in CI.

    With more patience than an API has: how busy the machine is must not matter.
    """
    with redis.Redis.from_url(_URL) as connection:
        try:
            connection.ping()
        except redis.ConnectionError as error:
            missing(f"no Redis at {_URL}, which OPENREST_TEST_REDIS may name: {error}")
    return f"{_URL}{'&' if '?' in _URL else '?'}socket_timeout=60&socket_connect_timeout=60"
