"""What a resource may say of another API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from openrest.datastore.rest.upstream import Upstream
from openrest.errors import did_you_mean
from openrest.models import shapes as s

__all__ = ["are_headers", "resource_mistakes", "upstream_mistakes"]

#: Numbers: of each the least and the most, and whether it must be whole.
_BOUNDS: Final = {
    "seconds": (0.001, 3600, False),
    "retries": (0, 10, True),
    "connections": (1, 1000, True),
    "max_bytes": (1, 2**31 - 2, True),
    "cache_bytes": (0, 2**40, True),
    "failures": (1, 1000, True),
    "pause": (0, 3600, False),
}
_KEYS: Final = ("url", "upstream", "headers", "ca_file", *_BOUNDS)


def resource_mistakes(resource: Any) -> Iterator[str]:
    """What is wrong with a resource: a sentence for each mistake."""
    if not isinstance(resource, Mapping):
        yield f"resource must be a mapping such as {{'url': 'https://...'}}, not {resource!r:.80}."
        return
    for key in resource:
        if key not in _KEYS:
            yield f"resource: unknown key {key!r}.{did_you_mean(str(key), _KEYS)}"
    yield from _url_mistakes(resource.get("url"))
    upstream = resource.get("upstream", Upstream())
    if not isinstance(upstream, Upstream):
        yield f"resource['upstream'] must be an Upstream, not {upstream!r:.80}."
    headers = resource.get("headers", {})
    if not callable(headers) and not are_headers(headers):
        # No word of what it is: there may be a credential in it.
        yield "resource['headers'] must be a mapping of texts to texts, or a function for it."
    ca_file = resource.get("ca_file")
    if ca_file is not None and not (isinstance(ca_file, str | Path) and Path(ca_file).is_file()):
        yield f"resource['ca_file'] must be the path of a file with certificates, not {ca_file!r}."
    for name, (least, most, whole) in _BOUNDS.items():
        value = resource.get(name, least)
        kinds = (int,) if whole else (int, float)
        if type(value) not in kinds or not least <= value <= most:
            kind = "a whole number" if whole else "a number"
            yield f"resource[{name!r}] must be {kind} from {least} to {most}, not {value!r}."


def _url_mistakes(url: Any) -> Iterator[str]:
    example = "such as 'https://example.org/api/people'"
    try:
        parts = urlsplit(url)
        port = parts.port
    except (AttributeError, TypeError, ValueError):
        yield f"resource['url'] must be the URL of a list, {example}, not {url!r:.200}."
        return
    if not isinstance(url, str) or parts.scheme not in ("http", "https") or not parts.hostname:
        yield f"resource['url'] must be the URL of a list, {example}, not {url!r:.200}."
    elif parts.username is not None or parts.password is not None:
        yield "resource['url'] must have no user and no password in it: give them as a header."
    elif parts.query or parts.fragment or "?" in url or "#" in url:
        yield f"resource['url'] must have no query and no fragment, but is {url!r:.200}."
    elif not url.isascii() or any(sign in url for sign in " \t\r\n\\") or port == 0:
        yield f"resource['url'] must be a URL as it is sent, %20 for a space, not {url!r:.200}."


def are_headers(headers: Any) -> bool:
    """Whether it is a mapping of names of headers to their values."""
    return isinstance(headers, Mapping) and all(
        isinstance(text, str) and text.isascii() and text.isprintable()
        for pair in headers.items()
        for text in pair
    )


def upstream_mistakes(upstream: Upstream, shape: s.Object) -> Iterator[str]:
    """What of an upstream does not go with the model."""
    known = [member.name for member in shape.members]
    for place, names in (
        ("names", upstream.names),
        ("owned", upstream.owned or ()),
        ("searched", upstream.searched),
    ):
        for name in names:
            if name not in known:
                near = did_you_mean(name, known)
                yield f"resource['upstream'].{place}: the model has no field {name!r}.{near}"
    there = [upstream.names.get(member.name, member.wire) for member in shape.members]
    for name in sorted({name for name in there if there.count(name) > 1}):
        yield f"resource['upstream'].names: two fields are the member {name!r}."
