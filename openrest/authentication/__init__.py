"""Who makes a request: one scheme a module, all behind `openrest.interfaces.Authentication`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from openrest.authentication.apikey import ApiKeyAuthentication, hash_api_key, new_api_key
from openrest.authentication.basic import BasicAuthentication
from openrest.authentication.joined import AllOf, AnyOf
from openrest.authentication.passwords import (
    Argon2id,
    Scrypt,
    hash_password,
    needs_rehash,
    verify_password,
)
from openrest.authentication.verifying import VerificationLimit

if TYPE_CHECKING:
    from openrest.authentication.bearer import BearerAuthentication
    from openrest.authentication.key_sources import JwksFile, JwksUrl, KeySource
    from openrest.authentication.oauth2 import OAuth2Authentication, OpenIDConnectAuthentication

__all__ = [
    "AllOf",
    "AnyOf",
    "ApiKeyAuthentication",
    "Argon2id",
    "BasicAuthentication",
    "BearerAuthentication",
    "JwksFile",
    "JwksUrl",
    "KeySource",
    "OAuth2Authentication",
    "OpenIDConnectAuthentication",
    "Scrypt",
    "VerificationLimit",
    "hash_api_key",
    "hash_password",
    "needs_rehash",
    "new_api_key",
    "verify_password",
]

_SIGNED = {
    "BearerAuthentication": "bearer",
    "JwksFile": "key_sources",
    "JwksUrl": "key_sources",
    "KeySource": "key_sources",
    "OAuth2Authentication": "oauth2",
    "OpenIDConnectAuthentication": "oauth2",
}


def __getattr__(name: str) -> Any:
    # Only for those who use them: what verifies signatures is an extra, and takes its time.
    if name in _SIGNED:
        return getattr(import_module(f"openrest.authentication.{_SIGNED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
