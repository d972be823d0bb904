"""Tokens and passwords, by somebody who has neither and tries everything with what can be seen."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authentication.basic import BasicAuthentication
from openrest.authentication.bearer import BearerAuthentication
from openrest.authentication.passwords import Scrypt, hash_password
from openrest.credentials import Sent
from openrest.errors import CredentialsRefused
from openrest.interfaces import Authentication
from tests.authentication.issuing import (
    AUDIENCE,
    CLAIMS,
    ISSUER,
    NOW,
    SECRET,
    Clock,
    base64url,
    bearer,
    private,
    public,
    sent,
    signed,
    token,
)


def scheme(keys: Any = SECRET, *algorithms: str) -> BearerAuthentication:
    return BearerAuthentication(
        keys,
        algorithms=algorithms or ["HS256"],
        issuer=ISSUER,
        audience=AUDIENCE,
        clock=Clock(),
    )


def is_refused(credentials: Sent, by: Authentication) -> bool:
    """Whether they are nobody's: with what is raised there is nothing of what was sent."""
    try:
        return by.authenticate(credentials) is None
    except CredentialsRefused as refused:
        assert refused.__cause__ is None and refused.__context__ is None
        return True


HS, ES = scheme(), scheme(public("P-256"), "ES256")
TOKENS = {"HS256": (token(), HS), "ES256": (token("ES256", private("P-256")), ES)}
_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. ,~"


@pytest.mark.parametrize("algorithm", TOKENS)
@given(st.data())
def test_a_token_that_is_changed_anywhere_is_nobodys(algorithm: str, data: st.DataObject) -> None:
    made, by = TOKENS[algorithm]
    place = data.draw(st.integers(0, len(made) - 1))
    instead = data.draw(st.sampled_from(_CHARACTERS))
    changed = made[:place] + instead + made[place + 1 :]
    assert (changed == made) != is_refused(bearer(changed), by)


@pytest.mark.parametrize("algorithm", TOKENS)
def test_a_token_has_one_spelling(algorithm: str) -> None:
    """The last character of a part has bits that say nothing: others would be the same token."""
    made, by = TOKENS[algorithm]
    parts = made.split(".")
    for number, part in enumerate(parts):
        for last in _CHARACTERS:
            other = ".".join([*parts[:number], part[:-1] + last, *parts[number + 1 :]])
            assert (other == made) != is_refused(bearer(other), by)


@given(st.text(max_size=80), st.sampled_from(["Bearer ", "Basic ", "bearer  ", "", "ApiKey "]))
def test_no_header_does_anything_but_be_refused(text: str, start: str) -> None:
    value = (start + text).encode("utf-8", "replace").decode("latin-1")
    for by in (HS, ES, BASIC, AN_API_KEY):
        assert is_refused(Sent({"HTTP_AUTHORIZATION": value, "HTTP_X_API_KEY": value}), by)


@given(st.binary(max_size=120))
def test_no_bytes_in_the_parts_of_a_token_do_anything(data: bytes) -> None:
    part = base64url(data) or "AA"
    head, body, tail = token().split(".")
    for made in (f"{part}.{body}.{tail}", f"{head}.{part}.{tail}", f"{head}.{body}.{part}"):
        assert is_refused(bearer(made), HS)
    # With a signature that is right: what the issuer was made to sign.
    if not data.startswith(b"{"):
        assert is_refused(bearer(signed({"alg": "HS256"}, data)), HS)


@pytest.mark.parametrize(
    "alg", ["hs256", "HS256 ", " HS256", "HS256\0", "HS-256", "HS257", "HS1", "Hs256", "\u212aS256"]
)
def test_the_name_of_an_algorithm_has_one_spelling(alg: str) -> None:
    head = base64url({"alg": alg})
    body = base64url(CLAIMS)
    mac = hmac.digest(SECRET.encode(), f"{head}.{body}".encode(), sha256)
    assert is_refused(bearer(f"{head}.{body}.{base64url(mac)}"), HS)


HEADS = [
    b'{"alg":"none","alg":"HS256"}',
    b'{"alg":"HS256","alg":"none"}',
    b'{"alg":"HS256","\\u0061lg":"HS256"}',
    b'\xef\xbb\xbf{"alg":"HS256"}',
    b'{"alg":"HS256"}\0',
    b'{"alg":"HS256"}{}',
    b"{'alg':'HS256'}",
    b'{"alg":"HS256",}',
    b'{"alg":"HS256"/**/}',
    b'{"alg":["HS256"]}',
    b'{"alg":"HS256","x":NaN}',
    b'{"alg":"HS256","x":1e999}',
    b'{"alg":"HS256","x":"\\ud800"}',
    b'{"alg":"HS256","x":' + b"[" * 17 + b"]" * 17 + b"}",
    b'{"alg":"HS256","crit":["http://example.com/UNDEFINED"],"http://example.com/UNDEFINED":true}',
    b'{"alg":"HS256","kid":null,"crit":[]}',
    '{"alg":"HS256"}'.encode("utf-16"),
]


@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_a_header_that_two_could_read_in_two_ways_is_nobodys(head: bytes) -> None:
    text = f"{base64url(head)}.{base64url(CLAIMS)}"
    mac = hmac.digest(SECRET.encode(), text.encode(), sha256)
    assert is_refused(bearer(f"{text}.{base64url(mac)}"), HS)


def claims(**more: str) -> bytes:
    """The claims as text, each of `more` in its own words."""
    chosen = {name: json.dumps(value) for name, value in CLAIMS.items()} | more
    return ("{" + ",".join(f'"{name}":{value}' for name, value in chosen.items()) + "}").encode()


@pytest.mark.parametrize(
    "payload",
    [
        claims(exp="1e999"),
        claims(exp="-1e999"),
        claims(exp="NaN"),
        claims(exp="Infinity"),
        claims(exp=f'"{NOW + 60}"'),
        claims(exp="-1"),
        claims(exp="-0.0"),
        claims(exp="1e-300"),
        claims(exp="9" * 5000),
        claims(iat="1e300"),
        claims(iat="9" * 100),
        claims(nbf="1e300"),
        claims(nbf="[]"),
        claims(iat="true"),
        claims(aud='{"notes":1}'),
        claims(aud='[["notes"]]'),
        claims(aud='"notes "'),
        claims(aud='"Notes"'),
        claims(aud="true"),
        claims(iss=f'"{ISSUER}\\u0000"'),
        claims(iss=f'"{ISSUER.upper()}"'),
        claims(iss=f'["{ISSUER}"]'),
        claims(sub="null"),
        claims(sub="0"),
        claims(sub='["ada"]'),
        claims(sub='""'),
        claims()[:-1] + b',"exp":1}',
        claims()[:-1] + b',"\\u0073ub":"eve"}',
        claims(sub='"\\ud800"'),
        claims().decode().encode("utf-16"),
        b"\xef\xbb\xbf" + claims(),
        claims(x="[" * 20 + "]" * 20),
    ],
    ids=range(32),
)
def test_claims_that_are_signed_still_have_to_be_right(payload: bytes) -> None:
    assert is_refused(bearer(signed({"alg": "HS256"}, payload)), HS)


@pytest.mark.parametrize("times", [{"iat": -(10**9)}, {"iat": 1.5}, {"nbf": 0.25}, {"exp": 1e300}])
def test_times_may_be_any_numbers_that_are_right(times: dict[str, Any]) -> None:
    user = HS.authenticate(bearer(token(**times)))
    assert user is not None and user["id"] == "ada"


def test_a_user_is_the_subject_to_the_letter() -> None:
    """No two subjects are one user: nothing is folded, cut off or stripped."""
    subjects = ["ada", "Ada", "ada ", "ada\0", "ad\u0430", "\uff41da", "ada\u200b", "a" * 3000, "a"]
    known = [HS.authenticate(bearer(token(sub=subject))) for subject in subjects]
    assert [user and user["id"] for user in known] == subjects


@pytest.mark.parametrize("size", [8_193, 100_000, 5_000_000])
@pytest.mark.parametrize("filler", ["a", ".", "=", " ", "a."])
def test_a_long_header_is_refused_unread(size: int, filler: str) -> None:
    for start in ("Bearer ", "Basic "):
        assert is_refused(sent(start + filler * (size // len(filler))), HS)
        assert is_refused(sent(start + filler * (size // len(filler))), BASIC)


def test_a_signature_of_another_curve_or_form_is_none() -> None:
    text = f"{base64url({'alg': 'ES256'})}.{base64url(CLAIMS)}"
    for curve in ("P-384", "P-521", "secp256k1"):
        other = private(curve)
        for by in (scheme({"keys": [public("P-256"), public(curve)]}, "ES256"), ES):
            der = other.raw_value.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
            r, s = decode_dss_signature(der)
            length = (other.raw_value.key_size + 7) // 8
            raw = r.to_bytes(length, "big") + s.to_bytes(length, "big")
            for signature in (der, raw, raw[:64], raw[-64:]):
                assert is_refused(bearer(f"{text}.{base64url(signature)}"), by)
    # That of the right key, as it is in certificates, is none either.
    der = private("P-256").raw_value.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    assert is_refused(bearer(f"{text}.{base64url(der)}"), ES)


#: The order of P-256, of which signatures are numbers below (FIPS 186-5).
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(("one", "other"), [*pairwise((0, 0, 1, _N, _N, 0, _N + 1, 2**256 - 1, 1))])
def test_no_signature_is_right_whatever_it_signs(one: int, other: int) -> None:
    signature = one.to_bytes(32, "big") + other.to_bytes(32, "big")
    text = f"{base64url({'alg': 'ES256'})}.{base64url(CLAIMS)}"
    assert is_refused(bearer(f"{text}.{base64url(signature)}"), ES)


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_a_key_with_which_everybody_can_sign_is_none(exponent: int) -> None:
    raw = exponent.to_bytes(1, "big")
    weak = {**public("RSA"), "e": urlsafe_b64encode(raw).rstrip(b"=").decode()}
    with pytest.raises(ValueError, match="no secret or public key"):
        scheme(weak, "RS256")


def test_a_secret_in_a_set_of_public_keys_signs_nothing() -> None:
    mixed = {"keys": [public("RSA"), {"kty": "oct", "k": base64url(b"x" * 64), "kid": "a"}]}
    by = scheme(mixed, "RS256")
    for kid in ("a", None):
        assert is_refused(bearer(token("HS256", "x" * 64, kid)), by)
    with pytest.raises(ValueError):
        scheme("x" * 31)


CHEAP = Scrypt(4, 8, 1)
BASIC = BasicAuthentication(
    {"ada": {"id": "ada", "password": hash_password("secret", CHEAP)}}, hasher=CHEAP
)
AN_API_KEY = ApiKeyAuthentication({hash_api_key("key-of-ada"): {"id": "ada"}})


@pytest.mark.parametrize(
    "text",
    [
        b"ada",
        b":",
        b"ada:",
        b":secret",
        b"ada :secret",
        b" ada:secret",
        b"ada:secret ",
        b"ada:secret\0",
        b"ada\0:secret",
        b"\0ada:secret",
        b"ada:secret\n",
        b"ADA:secret",
        b"ada::secret",
        b"ada:ada:secret",
        "\uff41da:secret".encode(),
        "ad\u0430:secret".encode(),
        b"ada\xff:secret",
        b"ada:secret\xff",
        "ada:secret".encode("utf-16"),
        b"\xef\xbb\xbfada:secret",
        b"a" * 3000 + b":secret",
        b"ada:" + b"secret" * 500,
        b"*:*",
        b"' OR 1=1 --:x",
        b"%:secret",
        b"{$ne:1}:secret",
    ],
    ids=range(26),
)
def test_a_name_and_a_password_are_right_to_the_letter(text: bytes) -> None:
    assert is_refused(sent(f"Basic {b64encode(text).decode()}"), BASIC)


def test_a_password_that_was_right_is_so_for_its_own_name_alone() -> None:
    """What is remembered of it does not run the name and the password together."""
    users = {
        name: {"id": name, "password": hash_password(password, CHEAP)}
        for name, password in (("ab", "c"), ("a", "x"), ("abc", "y"))
    }
    by = BasicAuthentication(users, hasher=CHEAP, cache_seconds=60)
    user = by.authenticate(sent(f"Basic {b64encode(b'ab:c').decode()}"))
    assert user is not None and user["id"] == "ab"
    for text in (b"a:bc", b"abc:", b"abc:c", b"a:c"):
        assert is_refused(sent(f"Basic {b64encode(text).decode()}"), by)
