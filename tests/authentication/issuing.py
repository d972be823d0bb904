"""Issuers of tokens, with keys that the tests draw, and servers of their key sets."""

from __future__ import annotations

import json
import socket
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from openrest.credentials import Sent

NOW = 1_800_000_000
ISSUER, AUDIENCE = "https://login.example", "notes"
SECRET = "a secret of more than 64 bytes, which two share, and nobody else at all"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": NOW + 300}


def private(kind: str, kid: str = "") -> Any:
    """A private key; the same for the same kind and kid."""
    return _private(kind, kid)


@cache
def _private(kind: str, kid: str) -> Any:
    parameters: Any = {"kid": kid} if kid else None
    if kind == "RSA":
        return RSAKey.generate_key(2048, parameters)
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519", parameters)
    return ECKey.generate_key(kind, parameters)


def public(kind: str, kid: str = "") -> dict[str, Any]:
    found: dict[str, Any] = private(kind, kid).as_dict(private=False)
    return found


def pem(kind: str) -> bytes:
    found: bytes = private(kind).as_pem(private=False)
    return found


def key_set(*kids: str, kind: str = "P-256") -> dict[str, Any]:
    return {"keys": [public(kind, kid) for kid in kids]}


def base64url(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: dict[str, Any], payload: bytes | dict[str, Any], key: Any = SECRET) -> str:
    """A token, whatever its header says and its payload is."""
    native = OctKey.import_key(key) if isinstance(key, (str, bytes)) else key
    text = f"{base64url(header)}.{base64url(payload)}"
    algorithm = jws.JWSRegistry.algorithms[header["alg"]]
    return f"{text}.{base64url(algorithm.sign(text.encode(), native))}"


def token(alg: str = "HS256", key: Any = SECRET, kid: Any = None, **claims: Any) -> str:
    """A token with CLAIMS; a claim that is ... is not in it."""
    header = {"alg": alg, "typ": "JWT"} if kid is None else {"alg": alg, "kid": kid}
    chosen = {k: v for k, v in {**CLAIMS, **claims}.items() if v is not ...}
    return signed(header, chosen, key)


def sent(value: str | None) -> Sent:
    return Sent({} if value is None else {"HTTP_AUTHORIZATION": value})


def bearer(text: str) -> Sent:
    return sent(f"Bearer {text}")


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class KeyServer:
    """A WSGI application that serves a key set, and counts how often it is asked."""

    def __init__(self, keys: Any) -> None:
        self.keys, self.status, self.headers = keys, "200 OK", [("Content-Type", "text/plain")]
        self.asked = 0
        self.pause = 0.0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            self.asked += 1
        time.sleep(self.pause)
        body = self.keys if isinstance(self.keys, bytes) else json.dumps(self.keys).encode()
        start_response(self.status, self.headers)
        return [body]


@contextmanager
def dripping(first: bytes) -> Iterator[str]:
    """The address of a server that sends what is first, and then a byte every 50 ms."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def serve() -> None:
            try:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(first)
                    while not ended.wait(0.05):
                        connection.sendall(b"x")
            except OSError:
                return  # the client has had enough

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/jwks"
        finally:
            ended.set()
            thread.join(5)
