"""Passwords as what is kept of them."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from openrest.authentication import passwords
from openrest.authentication.passwords import (
    Argon2id,
    Hasher,
    Scrypt,
    default_hasher,
    hash_password,
    hasher_of,
    needs_rehash,
    verify_password,
)
from tests.needs import missing

CHEAP = Scrypt(4, 8, 1)
SECRET = "grüße, secret:word"
#: Of "pleaseletmein" and the salt "SodiumChloride": the third vector of RFC 7914, section 12.
OF_THE_RFC = (
    "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$"
    "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
)


def needs_argon2() -> None:
    try:
        import argon2  # noqa: F401
    except ModuleNotFoundError:
        missing("argon2-cffi is not installed")


@pytest.fixture(params=["scrypt", "argon2id"])
def hasher(request: pytest.FixtureRequest) -> Hasher:
    if request.param == "scrypt":
        return CHEAP
    needs_argon2()
    return Argon2id(rounds=1, kib=64, lanes=2)


def test_a_hash_is_that_of_its_password_alone(hasher: Hasher) -> None:
    hash = hash_password(SECRET, hasher)
    assert verify_password(hash, SECRET)
    for other in ("", "x", SECRET + " ", SECRET[:-1], SECRET.upper(), SECRET + "\0", "\ud800"):
        assert not verify_password(hash, other)


def test_a_hash_says_how_it_was_made_and_not_of_what(hasher: Hasher) -> None:
    hash, again = hash_password(SECRET, hasher), hash_password(SECRET, hasher)
    expected = {
        "Scrypt": "$scrypt$ln=4,r=8,p=1$",
        "Argon2id": "$argon2id$v=19$m=64,t=1,p=2$",
    }[type(hasher).__name__]
    assert hash.startswith(expected) and hash != again
    assert SECRET not in hash and len(hash) < 250


def test_an_é_is_an_é_however_it_was_typed() -> None:
    assert verify_password(hash_password("caf\u00e9", CHEAP), "cafe\u0301")


def test_what_others_have_made_is_read() -> None:
    assert verify_password(OF_THE_RFC, "pleaseletmein")
    assert not verify_password(OF_THE_RFC, "pleaseletmeout")


def test_what_argon2_cffi_makes_is_read_and_it_reads_ours() -> None:
    needs_argon2()
    from argon2 import PasswordHasher

    theirs = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    assert verify_password(theirs.hash("secret"), "secret")
    assert not verify_password(theirs.hash("secret"), "other")
    assert theirs.verify(hash_password("secret", Argon2id(1, 64, 1)), "secret")


def test_a_hash_of_other_parameters_is_to_be_renewed(hasher: Hasher) -> None:
    hash = hash_password(SECRET, hasher)
    assert not needs_rehash(hash, hasher)
    assert needs_rehash(hash, Scrypt(5, 8, 1))
    assert needs_rehash(hash)
    assert needs_rehash("secret") and needs_rehash(hash[:-1] + "=", hasher)


def test_unless_told_argon2id_is_taken_where_it_is_installed() -> None:
    try:
        import argon2  # noqa: F401
    except ModuleNotFoundError:
        assert default_hasher() == Scrypt(log_n=17, block_size=8, lanes=1)
    else:
        assert default_hasher() == Argon2id(rounds=3, kib=65536, lanes=4)


UNKNOWN = [
    "",
    "secret",
    "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0",
    "$scrypt$ln=40,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz",
    "$scrypt$ln=0,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz",
    "$scrypt$ln=17,r=999,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz",
    "$scrypt$ln=16,r=1,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz",
    "$scrypt$ln=4,r=8,p=1$U29kaXVtQ2hsb3JpZGV$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz",
    "$scrypt$ln=٤,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz",
    OF_THE_RFC + "\n",
    OF_THE_RFC + "A" * 200,
    "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
    "$argon2id$v=19$m=9999999,t=1,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz",
]


@pytest.mark.parametrize("hash", UNKNOWN)
def test_a_hash_of_another_form_is_that_of_no_password(
    hash: str, caplog: pytest.LogCaptureFixture
) -> None:
    passwords._warn.cache_clear()
    with caplog.at_level(logging.ERROR, "openrest"):
        assert not verify_password(hash, "secret") and hasher_of(hash) is None
        assert not verify_password(hash, hash) and hasher_of(hash) is None
    assert len(caplog.records) == 1
    assert not hash or hash not in caplog.text


def test_what_is_no_text_is_no_hash() -> None:
    assert hasher_of(5) is None and hasher_of(b"x") is None
    assert hasher_of(OF_THE_RFC) == Scrypt(14, 8, 1)


@pytest.mark.parametrize("password", ["", "secret\ud800", "secret\0"])
def test_what_is_no_password_is_not_hashed(password: str) -> None:
    with pytest.raises(ValueError) as refused:
        hash_password(password, CHEAP)
    assert str(refused.value) == "A password is a text in Unicode without NUL that is not empty."
    assert refused.value.__context__ is None


@pytest.mark.parametrize(
    "parameters", [(0, 8, 1), (4, 0, 1), (4, 8, 0), (4, 8, 101), (21, 8, 1), (16, 1, 1), (99, 8, 1)]
)
def test_parameters_of_scrypt_that_make_no_sense_are_refused(
    parameters: tuple[int, int, int],
) -> None:
    with pytest.raises(ValueError, match="Scrypt"):
        Scrypt(*parameters)


@pytest.mark.parametrize(
    "parameters", [(0, 64, 1), (101, 64, 1), (1, 7, 1), (1, 64, 0), (1, 64, 9), (1, 2**21, 1)]
)
def test_parameters_of_argon2id_that_make_no_sense_are_refused(
    parameters: tuple[int, int, int],
) -> None:
    needs_argon2()
    with pytest.raises(ValueError, match="Argon2id"):
        Argon2id(*parameters)


WITHOUT = """
import sys
sys.modules["argon2"] = None
from openrest.authentication.passwords import *
assert type(default_hasher()) is Scrypt
hash = hash_password("secret", Scrypt(4, 8, 1))
assert verify_password(hash, "secret") and not verify_password(hash, "other")
of_argon2id = "$argon2id$v=19$m=64,t=1,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf043/2o+7qQTyYz"
assert not verify_password(of_argon2id, "secret") and needs_rehash(of_argon2id)
try:
    Argon2id()
except ValueError as error:
    assert str(error) == "Argon2id needs argon2-cffi: pip install 'openrest[passwords]'"
else:
    raise AssertionError
"""


def test_without_argon2_cffi_scrypt_is_taken() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "passwords: a hash is of argon2id, which needs argon2-cffi: pip install "
        "'openrest[passwords]', so that no password is right for it\n"
    )
