"""The thread that shuts the connections of databases that do not answer."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from openrest.datastore.sql.silence import Line, Silence

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair()
    for each in (one, other):
        each.settimeout(10)
    yield one, other
    for each in (one, other):
        each.close()


def ask(line: Line, one: socket.socket, seconds: float) -> bytes:
    """What comes on a socket within so many seconds."""
    line.until = time.monotonic() + seconds
    with line:
        return one.recv(10)


def test_a_call_that_is_late_ends(pair: Pair) -> None:
    one, _ = pair
    begun = time.monotonic()
    with pytest.raises(Silence):
        ask(Line(one.fileno()), one, 0.2)
    assert 0.2 <= time.monotonic() - begun < 2


def test_one_that_is_due_sooner_than_those_before_ends_in_time(pair: Pair) -> None:
    one, other = pair
    thread = threading.Thread(target=ask, args=(Line(one.fileno()), one, 60))
    thread.start()
    time.sleep(0.1)
    with pytest.raises(Silence):
        ask(Line(other.fileno()), other, 0.1)
    thread.join(5)
    assert not thread.is_alive()


def test_one_that_has_ended_is_left_alone(pair: Pair) -> None:
    one, other = pair
    line = Line(one.fileno())
    for _ in range(3):
        other.send(b"x")
        assert ask(line, one, 0.1) == b"x"
        time.sleep(0.15)
    other.send(b"y")
    assert one.recv(10) == b"y"


def test_what_has_the_number_of_a_socket_after_it_is_left_alone(pair: Pair) -> None:
    gone = socket.socket()
    line = Line(gone.fileno())
    one, other = pair
    os.dup2(one.fileno(), gone.fileno())  # as when it is closed, and another one opened
    line.shut()
    other.send(b"x")
    assert one.recv(10) == b"x"
    gone.close()
    line.shut()


def test_an_error_of_another_kind_stays_what_it_is(pair: Pair) -> None:
    line = Line(pair[0].fileno())
    line.until = time.monotonic()
    with pytest.raises(KeyboardInterrupt), line:
        time.sleep(0.2)
        raise KeyboardInterrupt


def test_where_there_is_no_socket_nothing_is_shut() -> None:
    line = Line(None)
    line.until = time.monotonic()
    with line:
        time.sleep(0.05)
    assert not line.is_shut


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_has_a_thread_of_its_own(pair: Pair) -> None:
    one, other = pair
    with pytest.raises(Silence):
        ask(Line(one.fileno()), one, 0.05)
    child = os.fork()
    if not child:
        line = Line(other.fileno())
        line.until = time.monotonic() + 0.05
        try:
            with line:
                time.sleep(0.5)
        except Silence:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
