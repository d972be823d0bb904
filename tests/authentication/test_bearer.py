"""Tokens that somebody else has issued."""

from __future__ import annotations

import hashlib
import hmac
import logging
from typing import Any

import pytest
from joserfc import jwt

from openrest.authentication import AnyOf, ApiKeyAuthentication, hash_api_key
from openrest.authentication.bearer import BearerAuthentication
from openrest.authentication.key_sources import JwksUrl
from openrest.authentication.oauth2 import OAuth2Authentication, OpenIDConnectAuthentication
from openrest.authorization import Anyone, Authenticated, Role, Scope
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, CredentialsRefused, StoreUnavailable
from openrest.interfaces import Authentication, Permission, User
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.authentication.issuing import (
    AUDIENCE,
    CLAIMS,
    ISSUER,
    NOW,
    SECRET,
    Clock,
    base64url,
    bearer,
    key_set,
    pem,
    private,
    public,
    sent,
    signed,
    token,
)
from tests.authentication.test_apikey import Note, api
from tests.contract.client import Client
from tests.needs import fuzzed_in_ci

HEADER = {"alg": "HS256"}
MALFORMED = "The token is malformed."
UNKNOWN_KEY = "The key of the token is not known."
SIGNATURE = "The signature of the token is wrong."
ALGORITHM = "The algorithm of the token is not accepted."
UNSUPPORTED = "The token needs what is not supported."
LACKS = "The token lacks a claim."


def options(**more: Any) -> dict[str, Any]:
    return {
        "algorithms": ["HS256"],
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "clock": Clock(),
        **more,
    }


def scheme(keys: Any = SECRET, **more: Any) -> BearerAuthentication:
    return BearerAuthentication(keys, **options(**more))


def user_of(text: str, one: BearerAuthentication | None = None) -> User:
    user = (one or scheme()).authenticate(bearer(text))
    assert user is not None
    return user


def why_not(text: str, one: BearerAuthentication | None = None) -> str:
    with pytest.raises(CredentialsRefused) as refused:
        (one or scheme()).authenticate(bearer(text))
    assert refused.value.code == "invalid_token"
    # What is chained to it would be logged with it.
    assert refused.value.__cause__ is None and refused.value.__context__ is None
    return refused.value.description


def test_a_token_says_who_makes_a_request() -> None:
    client = api(scheme())
    headers = {"Authorization": f"Bearer {token()}"}
    made = client.send("POST", "/notes", {"text": "x"}, headers=headers)
    assert made.json["text"] == "x by ada"
    nobody = client.get("/notes")
    assert nobody.status == 401
    # RFC 6750, section 3.1: no error where there was no token.
    assert nobody.headers["WWW-Authenticate"] == 'Bearer realm="API"'
    old = client.get("/notes", Authorization=f"Bearer {token(exp=NOW - 60)}")
    assert (old.status, old.json["detail"]) == (401, "The credentials of the request are wrong.")
    assert old.headers["WWW-Authenticate"] == (
        'Bearer realm="API", error="invalid_token", error_description="The token has expired."'
    )


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("RS256", "RSA"),
        ("RS512", "RSA"),
        ("PS256", "RSA"),
        ("PS384", "RSA"),
        ("ES256", "P-256"),
        ("ES384", "P-384"),
        ("ES512", "P-521"),
        ("EdDSA", "OKP"),
        ("Ed25519", "OKP"),
    ],
)
def test_keys_are_pem_or_jwk_or_a_set(algorithm: str, kind: str) -> None:
    made = token(algorithm, private(kind))
    for keys in (pem(kind), pem(kind).decode(), public(kind), {"keys": [public(kind)]}):
        one = scheme(keys, algorithms=[algorithm])
        assert user_of(made, one)["id"] == "ada"
        head, body, tail = made.split(".")
        other = base64url({**CLAIMS, "sub": "eve"})
        assert why_not(f"{head}.{other}.{tail}", one) == SIGNATURE
        for signature in (b"x", b"\0" * 64, b"\0" * 96, b"\0" * 132, b"\xff" * 64, b"\0" * 256):
            assert why_not(f"{head}.{body}.{base64url(signature)}", one) == SIGNATURE


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret_is_shared(algorithm: str) -> None:
    one = scheme(algorithms=[algorithm])
    assert user_of(token(algorithm), one)["id"] == "ada"
    assert why_not(token(algorithm, "x" * 64), one) == SIGNATURE


def test_tokens_of_joserfc_are_read() -> None:
    made = jwt.encode({"alg": "ES256"}, CLAIMS, private("P-256"), algorithms=["ES256"])
    assert user_of(made, scheme(pem("P-256"), algorithms=["ES256"]))["id"] == "ada"


@pytest.mark.parametrize(
    "form", ["Bearer {}", "bearer {}", "BEARER {}", "bEaReR   {}", " Bearer {} \t"]
)
def test_the_scheme_is_of_any_case(form: str) -> None:
    user = scheme().authenticate(sent(form.format(token())))
    assert user is not None and user["id"] == "ada"


@pytest.mark.parametrize("value", [None, "", "Basic YTpi", "Bearerx y", "Bearer-x y", "x Bearer y"])
def test_what_is_of_another_scheme_is_nobodys(value: str | None) -> None:
    assert scheme().authenticate(sent(value)) is None


GOOD = token()
HEAD, BODY, TAIL = GOOD.split(".")
MALFORMED_TOKENS = [
    "Bearer",
    "Bearer ",
    "Bearer\t" + GOOD,
    f"Bearer {GOOD} x",
    f"Bearer {GOOD},",
    # Two headers, as servers join them.
    f"Bearer {GOOD},Bearer {GOOD}",
    f"Bearer {GOOD}, Basic YTpi",
    f"Bearer Bearer {GOOD}",
    f'Bearer "{GOOD}"',
    f"Bearer {GOOD}\n",
    f"Bearer {GOOD}\xe9",
    f"Bearer {HEAD}",
    f"Bearer {HEAD}.{BODY}",
    f"Bearer {HEAD}.{BODY}.",
    f"Bearer {HEAD}..{TAIL}",
    f"Bearer .{BODY}.{TAIL}",
    f"Bearer {HEAD}.{BODY}.{TAIL}.",
    # An encrypted token (RFC 7516).
    f"Bearer {HEAD}.{BODY}.{TAIL}.{BODY}.{TAIL}",
    f"Bearer {HEAD}=.{BODY}.{TAIL}",
    f"Bearer {HEAD}.{BODY}.{TAIL}=",
    f"Bearer {HEAD}.{BODY}.{TAIL}AA",
    f"Bearer {HEAD}.{BODY}.{TAIL[:-1]}/",
    f"Bearer {base64url(b'null')}.{BODY}.{TAIL}",
    f"Bearer {base64url(b'[]')}.{BODY}.{TAIL}",
    f"Bearer {base64url(b'{')}.{BODY}.{TAIL}",
    f"Bearer {base64url(bytes([255]))}.{BODY}.{TAIL}",
    f"""Bearer {base64url(b'{"alg":"HS256","alg":"HS256"}')}.{BODY}.{TAIL}""",
    f"Bearer {base64url(b'[' * 2000)}.{BODY}.{TAIL}",
    "Bearer " + "x" * 1_000_000,
    "Bearer " + " " * 9000 + GOOD,
    f"Bearer {token(long='x' * 6200)}",
]


@pytest.mark.parametrize("value", MALFORMED_TOKENS, ids=range(len(MALFORMED_TOKENS)))
def test_what_is_malformed_is_refused(value: str) -> None:
    if value.endswith("\n"):
        value = value.replace("\n", "\x0b")
    with pytest.raises(CredentialsRefused) as refused:
        scheme().authenticate(sent(value))
    assert (refused.value.code, refused.value.description) == ("invalid_token", MALFORMED)
    assert refused.value.__context__ is None


def test_a_token_may_have_8_kib() -> None:
    most = 8192 - len("Bearer ")
    long = next(made for size in range(5000, 8192) if len(made := token(x="x" * size)) >= most - 1)
    assert len(long) <= most and user_of(long)["id"] == "ada"


@pytest.mark.parametrize("none", ["none", "None", "NONE", "nOnE", "", None, 5, ["HS256"], {}])
def test_nobody_is_known_without_a_signature(none: Any) -> None:
    for tail in ("AA", TAIL):
        assert why_not(f"{base64url({'alg': none})}.{BODY}.{tail}") == ALGORITHM
    assert why_not(f"{base64url({'typ': 'JWT'})}.{BODY}.{TAIL}") == ALGORITHM
    assert why_not(f"{base64url({'alg': none})}.{BODY}.") == MALFORMED


@pytest.mark.parametrize(
    ("kind", "algorithm"), [("RSA", "RS256"), ("P-256", "ES256"), ("OKP", "EdDSA")]
)
def test_a_public_key_is_no_secret(kind: str, algorithm: str) -> None:
    """Who has the public key signs with it as if it were a secret."""
    public_key = pem(kind)
    spellings = (public_key, public_key.strip(), private(kind).as_der(private=False))
    head = base64url({"alg": "HS256"})
    for keys in (public_key, public(kind), {"keys": [public(kind)]}):
        one = scheme(keys, algorithms=[algorithm])
        for spelling in spellings:
            mac = hmac.digest(spelling, f"{head}.{BODY}".encode(), hashlib.sha256)
            assert why_not(f"{head}.{BODY}.{base64url(mac)}", one) == ALGORITHM
    for spelling in spellings:
        with pytest.raises(ValueError, match="of another kind, which is no secret"):
            scheme(spelling)
    with pytest.raises(ValueError, match="there is no key for HS256"):
        scheme(public(kind))


def test_keys_of_two_kinds_in_a_set_are_not_mixed_up() -> None:
    mixed = {"keys": [public("RSA", "a"), public("P-256", "b")]}
    one = scheme(mixed, algorithms=["RS256"])
    assert user_of(token("RS256", private("RSA", "a"), "a"), one)["id"] == "ada"
    assert why_not(token("RS256", private("RSA", "a"), "b"), one) == UNKNOWN_KEY
    assert why_not(token("ES256", private("P-256", "b"), "b"), one) == ALGORITHM
    assert why_not(token("RS384", private("RSA", "a"), "a"), one) == ALGORITHM


def test_a_key_that_names_its_algorithm_is_for_that_one() -> None:
    key = {**public("RSA"), "alg": "PS256"}
    one = scheme(key, algorithms=["RS256", "PS256"])
    assert user_of(token("PS256", private("RSA")), one)["id"] == "ada"
    assert why_not(token("RS256", private("RSA")), one) == UNKNOWN_KEY


INJECTED = [
    "../../../../dev/null",
    "/dev/null",
    "' OR '1'='1",
    "a' UNION SELECT 'secret';--",
    "http://evil.example/jwks",
    "a\x00",
    "a\r\nX: y",
    "",
    "A",
    "x" * 257,
    "x" * 4000,
    5,
    ["a"],
    {"a": "a"},
    True,
]


@pytest.mark.parametrize("kid", INJECTED, ids=range(len(INJECTED)))
def test_a_kid_is_a_name_and_nothing_else(kid: Any, caplog: pytest.LogCaptureFixture) -> None:
    one = scheme(key_set("a", "b"), algorithms=["ES256"])
    with caplog.at_level(logging.DEBUG):
        assert why_not(token("ES256", private("P-256", "a"), kid), one) == UNKNOWN_KEY
        # With the empty content of the file that it names as a secret.
        head = base64url({"alg": "HS256", "kid": kid})
        mac = hmac.digest(b"", f"{head}.{BODY}".encode(), hashlib.sha256)
        assert why_not(f"{head}.{BODY}.{base64url(mac)}", one) == ALGORITHM
    assert not caplog.records


def test_the_kid_chooses_the_key() -> None:
    one = scheme(key_set("a", "b"), algorithms=["ES256"])
    for kid in ("b", None):
        assert user_of(token("ES256", private("P-256", "b"), kid), one)["id"] == "ada"
    assert why_not(token("ES256", private("P-256", "b"), "a"), one) == SIGNATURE


def test_of_too_many_keys_none_is_tried() -> None:
    one = scheme(key_set(*map(str, range(9))), algorithms=["ES256"])
    key = private("P-256", "8")
    assert (
        why_not(token("ES256", key), one) == "The token does not say which key it is signed with."
    )
    assert user_of(token("ES256", key, "8"), one)["id"] == "ada"


def test_no_key_is_taken_from_a_token() -> None:
    mine = private("P-256", "of eve")
    one = scheme(public("P-256"), algorithms=["ES256"])
    pointers: dict[str, Any] = {
        "jwk": mine.as_dict(private=False),
        "jku": "http://127.0.0.1:1/jwks",
        "x5u": "http://127.0.0.1:1/pem",
        "x5c": ["MIIB"],
    }
    for member, value in pointers.items():
        assert why_not(signed({"alg": "ES256", member: value}, CLAIMS, mine), one) == SIGNATURE
        # They are heeded no more in a token that is right.
        right = signed({"alg": "ES256", member: value}, CLAIMS, private("P-256"))
        assert user_of(right, one)["id"] == "ada"


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["new"], "new": 1},
        {"crit": ["exp"], "exp": NOW + 9},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": None},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"cty": "JWT"},
        {"cty": "application/jwt"},
    ],
)
def test_what_is_critical_is_not_understood(header: dict[str, Any]) -> None:
    assert why_not(signed({**HEADER, **header}, CLAIMS)) == UNSUPPORTED


def test_what_is_unknown_in_a_header_is_ignored() -> None:
    assert user_of(signed({**HEADER, "new": {"x": [1]}, "cty": 5}, CLAIMS))["id"] == "ada"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": NOW - 30}, "The token has expired."),
        ({"exp": NOW - 29}, None),
        ({"exp": NOW - 29.5}, None),
        ({"exp": 0}, "The token has expired."),
        ({"exp": -(10**400)}, "The token has expired."),
        ({"exp": 10**400}, None),
        ({"exp": ...}, LACKS),
        ({"exp": None}, MALFORMED),
        ({"exp": str(NOW + 60)}, MALFORMED),
        ({"exp": True}, MALFORMED),
        ({"exp": [NOW + 60]}, MALFORMED),
        ({"nbf": NOW + 30}, None),
        ({"nbf": NOW + 31}, "The token is not valid yet."),
        ({"nbf": "0"}, MALFORMED),
        ({"iat": NOW + 30}, None),
        ({"iat": NOW + 31}, "The token is not valid yet."),
        ({"iat": {}}, MALFORMED),
        ({"iss": "https://evil.example"}, "The token is of another issuer."),
        ({"iss": ISSUER + "/"}, "The token is of another issuer."),
        ({"iss": [ISSUER]}, "The token is of another issuer."),
        ({"iss": None}, "The token is of another issuer."),
        ({"iss": ...}, LACKS),
        ({"aud": "other"}, "The token is for another audience."),
        ({"aud": ["other", AUDIENCE]}, None),
        ({"aud": ["other"]}, "The token is for another audience."),
        ({"aud": []}, "The token is for another audience."),
        ({"aud": [[AUDIENCE]]}, "The token is for another audience."),
        ({"aud": {AUDIENCE: 1}}, "The token is for another audience."),
        ({"aud": None}, "The token is for another audience."),
        ({"aud": ...}, LACKS),
        ({"sub": ...}, LACKS),
        ({"sub": ""}, LACKS),
        ({"sub": 5}, LACKS),
    ],
)
def test_claims_are_checked(claims: dict[str, Any], said: str | None) -> None:
    made = token(**claims)
    if said is None:
        assert user_of(made)["id"] == "ada"
    else:
        assert why_not(made) == said


def test_claims_are_an_object() -> None:
    for payload in (b"[]", b"null", b"{", b"\xff", b'{"exp":1e999}', b'{"sub":"a","sub":"b"}'):
        assert why_not(signed(HEADER, payload)) == MALFORMED
    assert why_not(signed(HEADER, b'{"exp":NaN}')) == MALFORMED


def test_nothing_is_said_of_the_claims_of_a_token_that_is_forged() -> None:
    assert why_not(token("HS256", "x" * 64, exp=0, iss="evil")) == SIGNATURE


def test_the_clock_is_asked_each_time() -> None:
    clock = Clock()
    one = scheme(clock=clock, leeway=0)
    made = token(exp=NOW + 5)
    assert user_of(made, one)["id"] == "ada"
    clock.now += 5
    assert why_not(made, one) == "The token has expired."


def test_an_audience_is_one_of_several() -> None:
    one = scheme(audience=["notes", "tasks"])
    for audience in ("tasks", ["tasks", "other"], "notes"):
        assert user_of(token(aud=audience), one)["id"] == "ada"
    assert why_not(token(aud="other"), one) == "The token is for another audience."


def test_without_an_audience_only_tokens_for_nobody_else_are_accepted() -> None:
    one = scheme(issuer=None, audience=None)
    assert user_of(token(iss=..., aud=...), one)["id"] == "ada"
    assert user_of(token(iss="any", aud=...), one)["id"] == "ada"
    assert why_not(token(aud="other"), one) == "The token is for another audience."


def test_claims_can_be_required() -> None:
    one = scheme(required=["exp", "jti"])
    assert why_not(token(), one) == LACKS
    assert user_of(token(jti="1"), one)["jti"] == "1"
    assert user_of(token(exp=...), scheme(required=()))["id"] == "ada"


def test_a_type_can_be_asked_for() -> None:
    one = scheme(typ="at+jwt")
    for typ in ("at+jwt", "AT+JWT", "application/at+jwt"):
        assert user_of(signed({**HEADER, "typ": typ}, CLAIMS), one)["id"] == "ada"
    others: list[Any] = ["JWT", "", None, 5, ["at+jwt"]]
    for other in others:
        made = signed({**HEADER, "typ": other}, CLAIMS)
        assert why_not(made, one) == "The token is of another type."
    assert why_not(signed(HEADER, CLAIMS), one) == "The token is of another type."


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, []),
        ({"scope": "read write"}, ["read", "write"]),
        ({"scope": ""}, []),
        ({"scp": ["read", "write"]}, ["read", "write"]),
        ({"scp": "read write"}, ["read", "write"]),
        ({"scope": "read", "scp": ["admin"]}, ["read"]),
        ({"scope": {"admin": 1}}, []),
        ({"scope": None}, []),
        ({"scopes": ["admin"]}, []),
    ],
)
def test_scopes_are_those_of_the_token(claims: dict[str, Any], scopes: list[str]) -> None:
    assert user_of(token(**claims))["scopes"] == scopes


def test_a_user_has_the_claims_and_the_subject_as_id() -> None:
    assert user_of(token(id="root", roles=["editor"])) == {
        **CLAIMS,
        "id": "ada",
        "scopes": [],
        "roles": ["editor"],
    }


def test_a_function_makes_the_user() -> None:
    users = {"ada": {"id": 7}}
    one = scheme(user=lambda claims: users.get(claims["sub"]))
    assert user_of(token(), one) == {"id": 7}
    assert why_not(token(sub="eve"), one) == "The token is nobody's."
    assert one.can_be_away and not scheme().can_be_away


def test_a_user_who_cannot_be_looked_up_is_503() -> None:
    def find(claims: Any) -> User:
        raise StoreUnavailable("away", 7)

    answer = api(scheme(user=find)).get("/notes", Authorization=f"Bearer {token()}")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")


def test_keys_that_are_away_are_503(caplog: pytest.LogCaptureFixture) -> None:
    one = scheme(JwksUrl("http://127.0.0.1:9/jwks", seconds=1), algorithms=["ES256"])
    client = api(one)
    made = token("ES256", private("P-256"))
    answer = client.get("/notes", Authorization=f"Bearer {made}")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert "503" in client.document["paths"]["/notes"]["get"]["responses"]
    assert client.get("/notes").status == 401
    assert made not in caplog.text and made.split(".")[1] not in caplog.text


def test_nothing_of_a_token_is_in_an_answer_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    client = api(scheme())
    marks = ("m4rk", base64url(b"m4rk")[:5])
    tokens = [
        token(sub="m4rk", exp=0),
        token(iss="m4rk"),
        token(aud="m4rk"),
        token(kid="m4rk", key="x" * 64),
        signed({**HEADER, "crit": ["m4rk"]}, CLAIMS),
        f"{base64url({'alg': 'm4rk'})}.{BODY}.{TAIL}",
        f"{base64url(b'm4rk')}.{BODY}.{TAIL}",
        "m4rk",
    ]
    with caplog.at_level(logging.DEBUG):
        for made in tokens:
            answer = client.get("/notes", Authorization=f"Bearer {made}")
            assert answer.status == 401
            said = answer.data.decode() + str(answer.headers) + caplog.text
            assert not any(mark in said for mark in (*marks, made))


def test_a_realm_is_quoted() -> None:
    one = scheme(realm='The "old" \\ API')
    assert one.challenges(None) == ('Bearer realm="The \\"old\\" \\\\ API"',)
    assert one.challenges(CredentialsRefused()) == one.challenges(None)
    assert one.challenges(CredentialsRefused("invalid_token")) == (
        'Bearer realm="The \\"old\\" \\\\ API", error="invalid_token"',
    )


def test_it_can_be_joined_with_others() -> None:
    keys = ApiKeyAuthentication({hash_api_key("key"): {"id": "app"}})
    client = api(AnyOf(scheme(), keys))
    assert client.get("/notes", Authorization=f"Bearer {GOOD}").status == 200
    assert client.get("/notes", **{"X-API-Key": "key"}).status == 200
    refused = client.get("/notes", Authorization="Bearer x")
    assert refused.headers["WWW-Authenticate"] == (
        f'Bearer realm="API", error="invalid_token", error_description="{MALFORMED}", '
        'ApiKey in="header", name="X-API-Key"'
    )


def test_scopes_are_permissions() -> None:
    client = api(scheme(), {"GET": Anyone(), "*": Scope("admin")})
    for scope, status in (("read", 403), ("read admin", 201)):
        headers = {"Authorization": f"Bearer {token(scope=scope)}"}
        assert client.send("POST", "/notes", {"text": "x"}, headers=headers).status == status


def test_who_lacks_a_scope_is_told_which_there_have_to_be() -> None:
    keys = ApiKeyAuthentication({hash_api_key("key"): {"id": "app"}})
    for authentication in (scheme(), AnyOf(keys, scheme())):
        client = api(authentication, Scope("read", "admin"))
        refused = client.get("/notes", Authorization=f"Bearer {token(scope='read')}")
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (
            403,
            'Bearer realm="API", error="insufficient_scope", scope="read admin"',
        )
    others: list[tuple[Authentication, Permission]] = [
        (scheme(), Role("boss")),
        (keys, Scope("admin")),
    ]
    for other, permission in others:
        headers = {"Authorization": f"Bearer {token()}", "X-API-Key": "key"}
        refused = api(other, permission).get("/notes", **headers)
        assert refused.status == 403
        assert "WWW-Authenticate" not in refused.headers


def test_the_document_says_how() -> None:
    document = api(scheme(name="Login"), Scope("admin")).document
    assert document["components"]["securitySchemes"] == {
        "Login": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    assert document["paths"]["/notes"]["get"]["security"] == [{"Login": []}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"algorithms": []}, "algorithms is a list of names"),
        ({"algorithms": "HS256"}, "algorithms is a list of names"),
        ({"algorithms": None}, "algorithms is a list of names"),
        ({"algorithms": ["none"]}, "'none' is none of HS256, HS384"),
        ({"algorithms": ["HS256", "none"]}, "'none' is none of HS256, HS384"),
        ({"algorithms": ["hs256"]}, "'hs256' is none of"),
        ({"algorithms": ["ES256K"]}, "'ES256K' is none of"),
        ({"algorithms": ["HS256", "RS256"]}, "the algorithms are of one family"),
        ({"algorithms": ["ES256", "EdDSA"]}, "the algorithms are of one family"),
        ({"algorithms": ["RS256"]}, "it is no public key of the kind RSA in PEM"),
        ({"keys": "s3cret"}, "a secret has at least 32 bytes"),
        ({"keys": b""}, "a secret has at least 32 bytes"),
        ({"keys": "s3cret" * 7, "algorithms": ["HS256", "HS512"]}, "there is no key for HS512"),
        ({"keys": 5}, "not int"),
        ({"keys": None}, "not NoneType"),
        ({"keys": {}}, "it is no JWK set"),
        ({"keys": "https://login.example/jwks"}, "HS does not go with a JWKS URL"),
        ({"keys": JwksUrl("https://login.example/")}, "HS does not go with a JWKS URL"),
        ({"keys": "http://login.example/", "algorithms": ["RS256"]}, "https, or http on localhost"),
        ({"keys": pem("P-256"), "algorithms": ["RS256"]}, "no public key of the kind RSA"),
        ({"keys": pem("P-256"), "algorithms": ["ES384"]}, "there is no key for ES384"),
        ({"keys": private("RSA").as_pem(private=True), "algorithms": ["RS256"]}, "a private key"),
        ({"issuer": ""}, "issuer is a text"),
        ({"issuer": ["a"]}, "issuer is a text"),
        ({"audience": ""}, "audience is a list of names"),
        ({"audience": []}, "audience is a list of names"),
        ({"audience": 5}, "audience is a list of names"),
        ({"required": "exp"}, "required is a list of names"),
        ({"leeway": -1}, "leeway is 0 to 3600"),
        ({"leeway": float("nan")}, "leeway is 0 to 3600"),
        ({"typ": ""}, "typ is a text"),
        ({"realm": "a\r\nb"}, "is no realm"),
    ],
)
def test_what_makes_no_sense_is_refused(changed: Any, said: str) -> None:
    with pytest.raises(ValueError, match=None) as refused:
        BearerAuthentication(**{"keys": SECRET, **options(**changed)})
    text = str(refused.value)
    assert said in text and text.startswith(("BearerAuthentication: ", "JwksUrl: "))
    assert "s3cret" not in text and "BEGIN" not in text


def test_algorithms_issuer_and_audience_have_no_default() -> None:
    for name in ("algorithms", "issuer", "audience"):
        chosen = options()
        del chosen[name]
        with pytest.raises(TypeError, match=name):
            BearerAuthentication(SECRET, **chosen)


FLOWS: dict[str, Any] = {
    "authorizationCode": {
        "authorizationUrl": "https://login.example/authorize",
        "tokenUrl": "https://login.example/token",
        "scopes": {"admin": "Everything", "read": "Look"},
    },
    "clientCredentials": {"tokenUrl": "http://localhost:8000/token", "scopes": {}, "x-a": 1},
}
DISCOVERY = "https://login.example/.well-known/openid-configuration"


def oauth2(flows: Any = FLOWS, **more: Any) -> OAuth2Authentication:
    return OAuth2Authentication(flows, SECRET, **options(**more))


@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_oauth2_and_openid_connect_say_where_tokens_are_from(version: Any) -> None:
    connect = OpenIDConnectAuthentication(DISCOVERY, SECRET, **options())

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": [],
            "options": {
                "authentication": AnyOf(oauth2(), connect),
                "authorization": {"GET": Authenticated(), "*": Scope("admin")},
            },
        }
        view = {"response_class": JsonResponse}

    client = Client(WSGIDispatcher([Notes], debug=True, openapi=version))
    document = client.document
    assert document["openapi"].startswith(version)
    assert document["components"]["securitySchemes"] == {
        "OAuth2": {"type": "oauth2", "flows": FLOWS},
        "OpenIDConnect": {"type": "openIdConnect", "openIdConnectUrl": DISCOVERY},
    }
    paths = document["paths"]["/notes"]
    assert paths["get"]["security"] == [{"OAuth2": []}, {"OpenIDConnect": []}]
    assert paths["post"]["security"] == [{"OAuth2": ["admin"]}, {"OpenIDConnect": ["admin"]}]
    for made, status in ((GOOD, 200), ("x", 401)):
        headers = {"Authorization": f"Bearer {made}"}
        assert client.raw("GET", "/notes", headers=headers).status == status


def test_a_scope_that_no_flow_has_is_a_mistake() -> None:
    with pytest.raises(
        ConfigurationError, match="no flow has the scope 'raed'. Did you mean 'read'"
    ):
        api(oauth2(), Scope("raed"))


@pytest.mark.parametrize(
    ("flows", "said"),
    [
        (None, "flows is a mapping of implicit, password"),
        ({}, "flows is a mapping of implicit, password"),
        ({"implicti": {}}, "there is no flow 'implicti'. Did you mean 'implicit'?"),
        ({"implicit": None}, "implicit is a mapping"),
        ({"implicit": {"scopes": {}}}, "implicit lacks 'authorizationUrl'"),
        ({"password": {"tokenUrl": "/token", "scopes": {}}}, "password: tokenUrl is an address"),
        ({"password": {"tokenUrl": "http://a.example", "scopes": {}}}, "is an address with https"),
        ({"password": {"tokenUrl": "https://a.example"}}, "scopes is a mapping of names to texts"),
        ({"password": {"tokenUrl": "https://a.example", "scopes": ["a"]}}, "scopes is a mapping"),
        ({"password": {"tokenUrl": "https://a.example", "scopes": {"a b": ""}}}, "scopes is a"),
        (
            {"password": {"tokenUrl": "https://a.example", "scopes": {}, "refreshUrl": 5}},
            "refreshUrl is an address",
        ),
        (
            {"implicit": {"authorizationUrl": "https://a.example", "tokenUrl": "", "scopes": {}}},
            "implicit has no 'tokenUrl'",
        ),
    ],
)
def test_flows_are_those_of_openapi(flows: Any, said: str) -> None:
    with pytest.raises(ValueError, match=None) as refused:
        oauth2(flows)
    assert said in str(refused.value)


@pytest.mark.parametrize("url", ["", "/x", "http://login.example", None])
def test_the_url_of_openid_connect_is_an_address(url: Any) -> None:
    with pytest.raises(ValueError, match="url is an address with https"):
        OpenIDConnectAuthentication(url, SECRET, **options())


def test_a_name_is_given() -> None:
    assert [*oauth2(name="Login").schemes] == ["Login"]


BY_VERB = {"GET": Anyone(), "*": Scope("admin")}


@fuzzed_in_ci
def test_the_document_and_the_server_agree_on_who_may() -> None:
    credentials = {"Bearer": {"bearer": token(scope="admin")}}
    app = api(scheme(), BY_VERB).app
    check_contract(app, examples=30, settings={"auth": {"openapi": credentials}})


@fuzzed_in_ci
@pytest.mark.parametrize(
    "one",
    [scheme(), oauth2(), OpenIDConnectAuthentication(DISCOVERY, SECRET, **options())],
    ids=["bearer", "oauth2", "connect"],
)
@pytest.mark.parametrize("permission", [Authenticated(), BY_VERB], ids=["known", "scope"])
def test_the_document_and_the_server_agree(one: BearerAuthentication, permission: Any) -> None:
    headers = {"Authorization": f"Bearer {token(scope='admin')}"}
    check_contract(api(one, permission).app, examples=40, settings={"headers": headers})
