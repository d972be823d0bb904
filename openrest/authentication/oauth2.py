"""Tokens whose issuer is in the document: where to get one, and with which scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from openrest.authentication.bearer import BearerAuthentication
from openrest.authentication.key_sources import is_safe
from openrest.errors import ConfigurationError, did_you_mean

__all__ = ["OAuth2Authentication", "OpenIDConnectAuthentication"]

#: Flow -> the addresses that it needs (OpenAPI 3.1, section 4.8.29).
_FLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "implicit": ("authorizationUrl",),
    "password": ("tokenUrl",),
    "clientCredentials": ("tokenUrl",),
    "authorizationCode": ("authorizationUrl", "tokenUrl"),
}


class OAuth2Authentication(BearerAuthentication):
    """A token by OAuth 2 (RFC 6749), checked as `BearerAuthentication` does.

        OAuth2Authentication(
            {"clientCredentials": {"tokenUrl": "https://login.example/token",
                                   "scopes": {"editor": "Change notes"}}},
            "https://login.example/jwks.json",
            algorithms=["RS256"], issuer="https://login.example", audience="notes",
        )

    `flows` are the OAuth Flows of OpenAPI 3.1, section 4.8.28: how to get a token, and a text for
    each scope. The scopes of a permission are in the document; ConfigurationError is raised for
    one that no flow has. The rest is that of `BearerAuthentication`. Raises ValueError for
    flows that are none.
    """

    def __init__(
        self,
        flows: Mapping[str, Mapping[str, Any]],
        keys: Any,
        *,
        name: str = "OAuth2",
        **rest: Any,
    ) -> None:
        _check_flows(flows)
        self._flows = {flow: {**told, "scopes": {**told["scopes"]}} for flow, told in flows.items()}
        super().__init__(keys, name=name, **rest)

    @property
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"type": "oauth2", "flows": self._flows}}

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        known = {scope for flow in self._flows.values() for scope in flow["scopes"]}
        mistakes = [
            f"no flow has the scope {scope!r}.{did_you_mean(scope, known)}"
            for scope in scopes
            if scope not in known
        ]
        if mistakes:
            raise ConfigurationError(f"OAuth2Authentication {self.name!r}", mistakes)
        return ({self.name: [*scopes]},)


class OpenIDConnectAuthentication(BearerAuthentication):
    """A token by OpenID Connect, checked as `BearerAuthentication` does.

    `url` is where the issuer tells of itself, ``https://.../.well-known/openid-configuration``. It
    is in the document, for clients; nothing is fetched from it: `keys` are given. The rest is that
    of `BearerAuthentication`. Raises ValueError for a URL that is none.
    """

    def __init__(self, url: str, keys: Any, *, name: str = "OpenIDConnect", **rest: Any) -> None:
        _check_url("OpenIDConnectAuthentication: url", url)
        self._url = url
        super().__init__(keys, name=name, **rest)

    @property
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"type": "openIdConnect", "openIdConnectUrl": self._url}}

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        return ({self.name: [*scopes]},)


def _check_flows(flows: Any) -> None:
    place = "OAuth2Authentication: flows"
    if not isinstance(flows, Mapping) or not flows:
        raise ValueError(f"{place} is a mapping of {', '.join(_FLOWS)}.")
    for name, flow in flows.items():
        if name not in _FLOWS:
            near = did_you_mean(str(name), _FLOWS)
            raise ValueError(f"{place}: there is no flow {name!r}.{near}")
        if not isinstance(flow, Mapping):
            raise ValueError(f"{place}: {name} is a mapping.")
        needed = _FLOWS[name]
        known = (*needed, "refreshUrl", "scopes")
        for member in flow:
            if member not in known and not str(member).startswith("x-"):
                near = did_you_mean(str(member), known)
                raise ValueError(f"{place}: {name} has no {member!r}.{near}")
        for member in needed:
            if member not in flow:
                raise ValueError(f"{place}: {name} lacks {member!r}.")
        for member in (*needed, "refreshUrl"):
            if member in flow:
                _check_url(f"{place}: {name}: {member}", flow[member])
        _check_scopes(f"{place}: {name}: scopes", flow.get("scopes"))


def _check_scopes(place: str, scopes: Any) -> None:
    if not isinstance(scopes, Mapping) or not all(
        isinstance(name, str) and name and " " not in name and isinstance(text, str)
        for name, text in scopes.items()
    ):
        raise ValueError(f"{place} is a mapping of names to texts, perhaps an empty one.")


def _check_url(place: str, url: Any) -> None:
    if not isinstance(url, str) or not is_safe(urlsplit(url)):
        raise ValueError(f"{place} is an address with https, or http on localhost.")
