"""Passwords verified once in a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from openrest.authentication.passwords import Scrypt, hash_password, verify_password
from openrest.authentication.verifying import VerificationLimit, Verifier
from openrest.errors import StoreUnavailable

CHEAP = Scrypt(4, 8, 1)
HASH, OTHER = hash_password("secret", CHEAP), hash_password("secret", CHEAP)


class Verified(list[str]):
    """Verifies as ever, and notes the hashes."""

    def __call__(self, hash: str, password: str) -> bool:
        self.append(hash)
        return verify_password(hash, password)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def verifier(
    seconds: float = 60,
    size: int = 10,
    limit: VerificationLimit | None = None,
    clock: Callable[[], float] = time.monotonic,
    verify: Callable[[str, str], bool] = verify_password,
) -> Verifier:
    return Verifier(seconds, size, limit or VerificationLimit(), clock, verify)


def test_what_was_right_is_remembered_for_a_while() -> None:
    verified = Verified()
    clock = Clock()
    one = verifier(clock=clock, verify=verified)
    assert one.verify("ada", "secret", HASH) and one.verify("ada", "secret", HASH)
    clock.now = 59.9
    assert one.verify("ada", "secret", HASH)
    assert verified == [HASH]
    clock.now = 60
    assert one.verify("ada", "secret", HASH)
    assert verified == [HASH, HASH]


def test_what_was_wrong_is_not_remembered() -> None:
    verified = Verified()
    one = verifier(verify=verified)
    assert not one.verify("ada", "wrong", HASH) and not one.verify("ada", "wrong", HASH)
    assert verified == [HASH, HASH]


def test_it_is_remembered_of_this_name_password_and_hash_alone() -> None:
    verified = Verified()
    one = verifier(verify=verified)
    assert one.verify("ada", "secret", HASH)
    assert not one.verify("ada", "wrong", HASH)
    assert one.verify("bob", "secret", HASH) and one.verify("ada", "secret", OTHER)
    assert not one.verify("adas", "ecret", HASH)
    assert verified == [HASH, HASH, HASH, OTHER, HASH]


def test_the_oldest_is_forgotten_for_the_newest() -> None:
    verified = Verified()
    one = verifier(size=2, verify=verified)
    for name in ("ada", "bob", "cyd", "bob", "cyd", "ada"):
        assert one.verify(name, "secret", HASH)
    assert len(verified) == 4


@pytest.mark.parametrize(("seconds", "size"), [(0, 10), (60, 0)])
def test_nothing_need_be_remembered(seconds: float, size: int) -> None:
    verified = Verified()
    one = verifier(seconds, size, verify=verified)
    assert one.verify("ada", "secret", HASH) and one.verify("ada", "secret", HASH)
    assert len(verified) == 2


@pytest.mark.parametrize(("password", "right"), [("secret", True), ("wrong", False)])
def test_equal_ones_at_the_same_time_are_verified_once(password: str, right: bool) -> None:
    verified = Verified()
    limit = VerificationLimit(1, 30)
    one = verifier(limit=limit, verify=verified)
    arrived = threading.Barrier(9)

    def ask() -> bool:
        arrived.wait(30)
        return one.verify("ada", password, HASH)

    with ThreadPoolExecutor(8) as pool:
        # Nobody's turn comes before all of them are there.
        with limit.turn():
            asked = [pool.submit(ask) for _ in range(8)]
            arrived.wait(30)
            time.sleep(0.3)
        assert [each.result() for each in asked] == [right] * 8
    assert len(verified) == 1


def test_no_more_are_verified_at_once_than_the_limit_says() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def verify(hash: str, password: str) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return True

    limit = VerificationLimit(2, 30)
    both = verifier(limit=limit, verify=verify), verifier(limit=limit, verify=verify)
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(both[i % 2].verify, f"u{i}", "x", HASH) for i in range(16)]:
            assert each.result()
    assert most == 2


def test_whoever_waits_too_long_is_told_so() -> None:
    limit = VerificationLimit(1, 0.05)
    one = verifier(limit=limit)
    assert one.verify("ada", "secret", HASH)
    with limit.turn():
        # What is remembered needs no turn.
        assert one.verify("ada", "secret", HASH)
        for _ in range(2):
            with pytest.raises(StoreUnavailable) as away:
                one.verify("bob", "secret", HASH)
            assert str(away.value) == (
                "passwords: 1 are being verified, and none was done within 0.05 s"
            )
    assert one.verify("bob", "secret", HASH)


def test_whoever_waits_for_an_equal_one_that_fails_is_told_so() -> None:
    limit = VerificationLimit(1, 0.3)
    one = verifier(limit=limit)

    def ask() -> str:
        with pytest.raises(StoreUnavailable) as away:
            one.verify("ada", "secret", HASH)
        return str(away.value)

    with ThreadPoolExecutor(2) as pool, limit.turn():
        said = sorted(each.result() for each in [pool.submit(ask), pool.submit(ask)])
    assert said == [
        "passwords: 1 are being verified, and none was done within 0.3 s",
        "passwords: the same one is being verified, which takes long",
    ]
    assert one.verify("ada", "secret", HASH)


@pytest.mark.parametrize(("at_once", "seconds"), [(0, 1), (1, -1), (1, float("nan")), (1, 3601)])
def test_a_limit_that_makes_no_sense_is_refused(at_once: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="1 or more at once, and 0 to 3600 seconds"):
        VerificationLimit(at_once, seconds)
