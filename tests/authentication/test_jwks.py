"""Keys: which there are, where they are, and when they are fetched."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, OKPKey, RSAKey

from openrest.authentication.bearer import BearerAuthentication
from openrest.authentication.jwks import decoded, key_of_pem, key_of_secret, keys_of_set
from openrest.authentication.key_sources import JwksFile, JwksUrl, KeySource
from openrest.errors import CredentialsRefused, StoreUnavailable
from tests.authentication.issuing import (
    AUDIENCE,
    ISSUER,
    NOW,
    SECRET,
    Clock,
    KeyServer,
    bearer,
    dripping,
    key_set,
    pem,
    private,
    public,
    token,
)
from tests.datastore.rest.upstreams import served

KINDS = {"RSA": "RSA", "P-256": "EC", "P-521": "EC", "OKP": "OKP"}


def scheme(keys: Any, **options: Any) -> BearerAuthentication:
    chosen = {"algorithms": ["ES256"], "issuer": ISSUER, "audience": AUDIENCE, "clock": Clock(NOW)}
    return BearerAuthentication(keys, **{**chosen, **options})


def knows(one: BearerAuthentication, kid: str) -> bool:
    try:
        user = one.authenticate(bearer(token("ES256", private("P-256", kid), kid)))
    except CredentialsRefused:
        return False
    return user is not None and user["id"] == "ada"


def test_base64url_has_one_spelling() -> None:
    assert (decoded("YQ"), decoded("_-8")) == (b"a", b"\xff\xef")
    for text in ("", "YR", "YQ=", "YQ==", "Y", "+/8", "Y Q", "YQ\n", "é"):
        assert decoded(text) is None, text


@pytest.mark.parametrize(
    ("kind", "algorithms"),
    [
        ("RSA", {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ("P-256", {"ES256"}),
        ("P-521", {"ES512"}),
        ("OKP", {"EdDSA", "Ed25519"}),
    ],
)
def test_a_key_is_good_for_algorithms_of_its_kind(kind: str, algorithms: set[str]) -> None:
    (of_set,) = keys_of_set(public(kind), secrets=True)
    for key in (of_set, key_of_pem(pem(kind), KINDS[kind])):
        assert key.algorithms == algorithms
    assert not of_set.verifies("HS256", b"", b"")


def test_a_secret_is_as_long_as_the_hash() -> None:
    assert key_of_secret(b"x" * 32).algorithms == {"HS256"}
    assert key_of_secret(b"x" * 48).algorithms == {"HS256", "HS384"}
    assert key_of_secret(b"x" * 64).algorithms == {"HS256", "HS384", "HS512"}
    with pytest.raises(ValueError, match="at least 32 bytes"):
        key_of_secret(b"x" * 31)


@pytest.mark.parametrize("kind", KINDS)
def test_a_public_key_is_no_secret(kind: str) -> None:
    key = private(kind)
    spellings = [
        key.as_pem(private=False),
        key.as_pem(private=True),
        key.as_der(private=False),
        b"\n\n" + key.as_pem(private=False),
        b"Subject: x\n" + key.as_pem(private=False),
        json.dumps(key.as_dict(private=False)).encode(),
        json.dumps({"keys": [key.as_dict(private=False)]}, indent=1).encode(),
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS",
    ]
    for data in spellings:
        with pytest.raises(ValueError, match="of another kind, which is no secret"):
            key_of_secret(data)


def test_what_is_not_to_verify_with_is_left_out() -> None:
    good = public("P-256", "good")
    with pytest.warns(SecurityWarning):
        short = RSAKey.generate_key(1024).as_dict(private=False)
    bad: list[Any] = [
        None,
        5,
        {},
        {"kty": 5},
        {"kty": "new"},
        {"kty": ["EC"]},
        {**good, "kid": 5},
        {**good, "use": "enc"},
        {**good, "use": "other", "key_ops": ["verify"]},
        {**good, "key_ops": ["sign"]},
        {**good, "alg": "ES384"},
        {**good, "crv": "P-999"},
        {**good, "x": "AAAA"},
        {**good, "x": 5},
        {**good, "y": "é"},
        short,
        private("P-256").as_dict(private=True),
        OKPKey.generate_key("X25519").as_dict(private=False),
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "RSA", "n": "AQAB"},
        {"kty": "oct"},
        {"kty": "oct", "k": "c2hvcnQ"},
        {"kty": "oct", "k": 5},
    ]
    for each in bad:
        with pytest.raises(ValueError, match="it has no secret or public key"):
            keys_of_set({"keys": [each]}, secrets=True)
    assert [key.kid for key in keys_of_set({"keys": [*bad, good]}, secrets=True)] == ["good"]


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_key_is_none_though_it_can_be_read() -> None:
    short = RSAKey.generate_key(1024)
    with pytest.raises(ValueError, match="it has no public key"):
        keys_of_set(short.as_dict(private=False), secrets=False)
    with pytest.raises(ValueError, match="the key is too short"):
        key_of_pem(short.as_pem(private=False), "RSA")


def test_a_secret_is_in_no_set_that_is_public() -> None:
    secret = OctKey.import_key(SECRET).as_dict(private=True)
    assert len(keys_of_set(secret, secrets=True)) == 1
    with pytest.raises(ValueError, match="it has no public key"):
        keys_of_set(secret, secrets=False)


@pytest.mark.parametrize("value", [None, [], {}, {"keys": {}}, {"keys": "x"}, {"keys": [{}] * 101}])
def test_what_is_no_set_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        keys_of_set(value, secrets=True)


def test_a_repr_has_nothing_of_a_key() -> None:
    assert "native" not in repr(key_of_secret(SECRET.encode()))


def write(path: Path, value: Any) -> None:
    """In one step, as a file is replaced that others read."""
    new = path.with_suffix(".new")
    new.write_text(value if isinstance(value, str) else json.dumps(value))
    new.replace(path)


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    write(path, key_set("a"))
    one = scheme(path)
    assert (knows(one, "a"), knows(one, "b")) == (True, False)
    write(path, key_set("b"))
    assert (knows(one, "a"), knows(one, "b")) == (False, True)


def test_a_file_that_is_away_is_remembered_for_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock = tmp_path / "jwks.json", Clock()
    write(path, key_set("a"))
    one = scheme(JwksFile(path, max_stale=60, clock=clock))
    for lose in (lambda: path.rename(tmp_path / "away"), lambda: write(path, "{"), path.unlink):
        lose()
        assert knows(one, "a")
        clock.now += 59
        assert knows(one, "a")
        clock.now += 1
        with pytest.raises(StoreUnavailable, match=r"jwks\.json: "):
            knows(one, "a")
        if (tmp_path / "away").exists():
            # As it was, to the nanosecond.
            (tmp_path / "away").rename(path)
        else:
            write(path, key_set("a"))
        assert knows(one, "a")
    assert len(caplog.records) == 3


def test_a_file_is_there_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    with pytest.raises(ValueError, match="No such file"):
        scheme(path)
    for text, said in (("{", "no JWK set"), ("{}", "no JWK set"), ('{"keys": []}', "no secret")):
        path.write_text(text)
        with pytest.raises(ValueError, match=said):
            scheme(path)
    path.write_text(json.dumps(key_set("a")) + " " * 300_000)
    with pytest.raises(ValueError, match="more than 262144 bytes"):
        scheme(path)
    write(path, key_set("a"))
    with pytest.raises(ValueError, match="there is no key for RS256"):
        scheme(path, algorithms=["RS256"])


@pytest.fixture
def server() -> Iterator[tuple[KeyServer, str]]:
    app = KeyServer(key_set("a"))
    with served(app) as url:
        yield app, f"{url}/jwks?client=secret"


def test_keys_are_fetched_with_the_first_token_and_when_they_are_old(
    server: tuple[KeyServer, str],
) -> None:
    app, url = server
    clock = Clock()
    one = scheme(JwksUrl(url, max_age=600, clock=clock))
    assert one.can_be_away and app.asked == 0
    assert knows(one, "a") and knows(one, "a") and app.asked == 1
    app.keys = key_set("b")
    clock.now += 599
    assert knows(one, "a") and app.asked == 1
    clock.now += 1
    assert not knows(one, "a") and knows(one, "b") and app.asked == 2


def test_a_new_key_is_found(server: tuple[KeyServer, str]) -> None:
    app, url = server
    clock = Clock()
    one = scheme(JwksUrl(url, min_refetch=30, clock=clock))
    assert knows(one, "a")
    app.keys = key_set("a", "b")
    clock.now += 29
    assert not knows(one, "b") and app.asked == 1
    clock.now += 1
    assert knows(one, "b") and knows(one, "a") and app.asked == 2


def test_a_thousand_unknown_keys_from_threads_cause_one_fetch(
    server: tuple[KeyServer, str],
) -> None:
    app, url = server
    clock = Clock()
    one = scheme(JwksUrl(url, clock=clock))
    app.pause = 0.1
    made = token("ES256", private("P-256", "a"), "a")
    begin = threading.Barrier(20)
    answers: list[bool] = []

    def storm(number: int) -> None:
        begin.wait()
        for each in range(50):
            kid = f"{number}-{each}"
            try:
                one.authenticate(bearer(token("ES256", private("P-256", "a"), kid)))
            except CredentialsRefused as refused:
                answers.append(refused.description == "The key of the token is not known.")

    for fetches in (1, 2):
        threads = [threading.Thread(target=storm, args=[number]) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert app.asked == fetches
        assert answers == [True] * 1000 * fetches
        assert one.authenticate(bearer(made)) is not None
        clock.now += 30


@pytest.mark.parametrize("fault", ["500 Oops", "302 Found", "404 Not Found", "no JSON", "no keys"])
def test_the_keys_from_before_are_good_for_a_while(
    server: tuple[KeyServer, str], fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    app, url = server
    clock = Clock()
    one = scheme(JwksUrl(url, max_age=600, max_stale=3600, min_refetch=30, clock=clock))
    assert knows(one, "a")
    good = app.keys
    if fault[0].isdecimal():
        app.status, app.headers = fault, [("Location", "/elsewhere")]
    else:
        app.keys = b"<html>" if fault == "no JSON" else {"keys": []}
    clock.now += 600
    assert knows(one, "a") and knows(one, "a") and app.asked == 2
    clock.now += 3599
    assert knows(one, "a") and app.asked == 3
    clock.now += 1
    with pytest.raises(StoreUnavailable, match="there are no keys from it") as away:
        knows(one, "a")
    assert away.value.retry_after == 29
    clock.now += 29
    with pytest.raises(StoreUnavailable):
        knows(one, "a")
    assert app.asked == 4
    app.status, app.keys = "200 OK", good
    clock.now += 1
    assert knows(one, "a") and app.asked == 5
    assert "secret" not in caplog.text + str(away.value) and "/jwks: " in caplog.text


def test_nobody_waits_for_keys_who_has_some(server: tuple[KeyServer, str]) -> None:
    app, url = server
    clock = Clock()
    one = scheme(JwksUrl(url, max_age=600, clock=clock))
    assert knows(one, "a")
    clock.now += 600
    app.pause = 1
    fetching = threading.Thread(target=knows, args=[one, "a"])
    fetching.start()
    while app.asked == 1:
        time.sleep(0.001)
    assert knows(one, "a") and fetching.is_alive()
    fetching.join()


def test_one_fetch_at_a_time_however_long_it_takes(server: tuple[KeyServer, str]) -> None:
    app, url = server
    clock = Clock()
    one = scheme(JwksUrl(url, clock=clock, min_refetch=1))
    app.pause = 1
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(knows(one, "a"))) for _ in range(2)]
    threads[0].start()
    while app.asked == 0:
        time.sleep(0.001)
    clock.now += 2
    threads[1].start()
    for thread in threads:
        thread.join()
    assert answers == [True, True] and app.asked == 1


def test_a_server_that_never_was_there_is_asked_again_soon() -> None:
    clock = Clock()
    app = KeyServer(key_set("a"))
    with served(app) as url:
        pass
    one = scheme(JwksUrl(f"{url}/jwks", clock=clock))
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as away:
            knows(one, "a")
        assert away.value.retry_after == 1
    assert app.asked == 0


def test_a_set_that_is_huge_is_none(
    server: tuple[KeyServer, str], caplog: pytest.LogCaptureFixture
) -> None:
    app, url = server
    app.keys = json.dumps(key_set("a")).encode() + b" " * 1_000_000
    with pytest.raises(StoreUnavailable):
        knows(scheme(JwksUrl(url)), "a")
    assert "it has more than 262144 bytes" in caplog.text
    assert knows(scheme(JwksUrl(url, max_bytes=2_000_000)), "a")


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_set_that_drips_is_late(first: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with dripping(first) as url:
        begun = time.monotonic()
        with caplog.at_level(logging.WARNING), pytest.raises(StoreUnavailable):
            knows(scheme(JwksUrl(url, seconds=0.3)), "a")
    # What drips for as long as it likes would take 500 s.
    assert time.monotonic() - begun < 5
    assert caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_does_not_wait_for_a_thread_of_its_parent(server: tuple[KeyServer, str]) -> None:
    _, url = server
    source = JwksUrl(url)
    source._flight = threading.Event()
    source._process = -1  # as in a child, which the thread that fetches is not in
    assert [key.kid for key in source.keys()] == ["a"]


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/jwks",
        "http://localhost.example/jwks",
        "http://127.0.0.1@login.example/jwks",
        "https://user:secret@login.example/jwks",
        "https:///jwks",
        "https://login.example:x/jwks",
        "https://login.example/jwks#part",
        "https://login.example/jwks\r\nX: y",
        "https://lögin.example/",
        "file:///etc/passwd",
        "ftp://login.example",
        "",
    ],
)
def test_an_address_is_one_that_only_the_issuer_answers_for(url: str) -> None:
    with pytest.raises(ValueError, match="https, or http on localhost") as refused:
        JwksUrl(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_age": 0}, "max_age is 1 to 86400, not 0"),
        ({"min_refetch": 0}, "min_refetch is 1 to 3600"),
        ({"max_stale": -1}, "max_stale is 0 to 86400"),
        ({"seconds": float("nan")}, "seconds is 0.1 to 60"),
        ({"max_bytes": 0}, "max_bytes is 1 to"),
    ],
)
def test_options_have_their_ranges(options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=None) as refused:
        JwksUrl("https://login.example/jwks", **options)
    assert said in str(refused.value)


def test_keys_come_from_a_source_of_ones_own() -> None:
    class Mine(KeySource):
        def keys(self) -> Any:
            return keys_of_set(key_set("mine"), secrets=False)

    assert knows(scheme(Mine()), "mine")
