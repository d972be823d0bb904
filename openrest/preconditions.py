"""Conditional requests: the version that an answer shows, and what a client asks of it.

RFC 9110, sections 8.8 and 13.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final, Literal, get_args

from werkzeug.http import http_date, parse_date

from openrest import messages as msg
from openrest.contract import Contribution, Header, Parameter, ResponseSpec
from openrest.errors import PreconditionFailed, PreconditionRequired, did_you_mean
from openrest.interfaces import CallView, Record
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.patterns import Pattern
from openrest.models.walking import bare, stored_object
from openrest.views.json import JsonResponse

__all__ = ["Concurrency", "Preconditions", "read_preconditions"]

Concurrency = Literal["optional", "required"]

# Their keys in a call, which no parameter of an author's own has.
_MATCH: Final = ":If-Match"
_NONE_MATCH: Final = ":If-None-Match"
_MODIFIED: Final = ":If-Modified-Since"
_UNMODIFIED: Final = ":If-Unmodified-Since"

#: What `openrest.compression` puts behind the tag of content that is coded.
_CODING: Final = '-(?:gzip|zstd)"$'
_CONDITIONS: Final = (_MATCH, _NONE_MATCH, _UNMODIFIED)

#: An entity tag, as section 8.8.3 has it, less the bytes beyond ASCII.
_TAG: Final = r'(?:W/)?"[!#-~]*"'
_TAGS: Final = s.String(
    words=("*",),
    patterns=(
        Pattern(
            # Commas may stand beside each other (section 5.6.1.2).
            rf"^(?:\*|(?:[\t ]*,)*[\t ]*{_TAG}(?:[\t ]*,(?:[\t ]*{_TAG})?)*)$",
            msg.ENTITY_TAGS,
            _sample='"5c9a1f0e7d3b4a629e81"',
        ),
    ),
)
_ETAG: Final = s.String(patterns=(Pattern(f"^{_TAG}$", _sample='"5c9a1f0e7d3b4a629e81"'),))
#: Directives, as RFC 9111, section 5.2 has them.
_DIRECTIVES: Final = re.compile(
    r"{0}(?:={0}|=\"[ !#-~]*\")?(?:, ?{0}(?:={0}|=\"[ !#-~]*\")?)*".format("[A-Za-z0-9-]+")
)
#: What cannot be read as a date is ignored (section 13.1.3).
_DATE: Final = s.String(max_length=100)


class Preconditions:
    """ETags on what is read, and conditions on what is written.

    The tag of an object is ``"state"`` or ``"state.body"``: a digest of what the stored record
    shows, and one of the body where that is something else, such as a part of it or another
    format. So it is strong, and every body of one state serves for ``If-Match``.

    Of the fields in `hidden` answers show nothing, and so do the tags.
    `last_modified` is the member with the time of the last change. `cache_control` goes out with
    what is read.
    """

    def __init__(
        self,
        shape: s.Object | s.OneOf,
        *,
        concurrency: Concurrency | None = None,
        last_modified: str | None = None,
        cache_control: str | None = "no-cache",
        upsert: bool = False,
        hidden: Collection[str] = (),
    ) -> None:
        stored = stored_object(shape)
        told = tuple(member for member in stored.members if member.name not in hidden)
        self._dump = dumper(replace(stored, members=told))
        self._concurrency = concurrency
        self._last_modified = last_modified
        self._cache_control = cache_control
        self._upsert = upsert
        self._cached = [("Cache-Control", cache_control)] if cache_control else []
        self._always = False
        #: A record that may lack the time has no header then.
        self._is_always_dated = last_modified is not None and _is_always(shape, last_modified)

    def contribution(self, handler: str) -> Contribution:
        """What it adds to the operation of this handler of a controller."""
        match handler:
            case "get" | "get_list":
                return self._of_reading(is_list=handler == "get_list")
            case "create":
                return Contribution(headers=tuple(self._validators("the new object")))
            case "update" | "patch" | "delete":
                return self._of_writing(handler)
            case _:
                return Contribution()

    def of_all(self) -> Preconditions:
        """The same for handlers that have to look at the record in any case."""
        asking = copy(self)
        asking._always = True
        return asking

    def link_parameters(self, handler: str) -> dict[str, str]:
        """What a link from a created object to this handler's operation says of the version."""
        is_parameter = self._concurrency is not None and handler in ("update", "patch", "delete")
        return {"header.If-Match": "$response.header.ETag"} if is_parameter else {}

    def check(self, call: CallView, current: Record | None) -> None:
        """Hold the conditions of a call against the record that it is about to change.

        To be called inside the store's atomic change; without a record, `current` is None.
        Raises PreconditionFailed (412) and PreconditionRequired (428).
        """
        call.checked = True
        match, none_match = call.headers.get(_MATCH), call.headers.get(_NONE_MATCH)
        since = None if match is not None else _date(call.headers.get(_UNMODIFIED))
        if self._is_missing(match, none_match, since):
            raise PreconditionRequired(say(msg.NO_CONDITION))
        if current is None:
            if match is not None or since is not None:
                raise PreconditionFailed(say(msg.NOT_THERE_YET))
            return
        if match is not None and not self._names(match, current, weakly=False):
            raise PreconditionFailed(say(msg.CHANGED_SINCE))
        if since is not None and self._has_changed_since(since, current):
            raise PreconditionFailed(say(msg.CHANGED_SINCE))
        if none_match is not None and self._names(none_match, current, weakly=True):
            raise PreconditionFailed(say(msg.EXISTS_ALREADY))

    def unheeded(self, call: CallView) -> bool:
        asked = self._always or self._concurrency == "required"
        asked = asked or not call.headers.keys().isdisjoint(_CONDITIONS)
        return asked and not call.checked

    def headers(self, record: Record | None, body: bytes | None) -> list[tuple[str, str]]:
        if body is None:
            return list(self._cached)
        if record is None:
            return [("ETag", f'W/"{_digest(body)}"'), *self._cached]
        shown = JsonResponse.encode(self._dump(record))
        tag = _digest(shown) if shown == body else f"{_digest(shown)}.{_digest(body)}"
        headers = [("ETag", f'"{tag}"'), *self._cached]
        changed = self._changed(record)
        if changed is not None:
            headers.append(("Last-Modified", http_date(changed)))
        return headers

    def not_modified(
        self, call: CallView, headers: Sequence[tuple[str, str]]
    ) -> Sequence[tuple[str, str]] | None:
        sent = dict(headers)
        none_match = call.headers.get(_NONE_MATCH)
        if none_match is not None:
            tag = sent.get("ETag", "")
            known = [each for each in _tags(none_match) if _uncoded(each) == _opaque(tag)]
            if none_match != "*" and not known:
                return None
            # What the client keeps may be coded: it knows that by a tag of its own.
            coded = [each for each in known if _opaque(each) != _opaque(tag)]
            return [*{**sent, "ETag": coded[0]}.items()] if coded else headers
        since, changed = _date(call.headers.get(_MODIFIED)), _date(sent.get("Last-Modified"))
        return headers if since is not None and changed is not None and changed <= since else None

    def _of_reading(self, *, is_list: bool) -> Contribution:
        headers = [_etag("the list")] if is_list else [*self._validators("the object")]
        parameters = [
            Parameter(
                name=_NONE_MATCH,
                wire="If-None-Match",
                location="header",
                shape=_TAGS,
                description="The `ETag` of what the client has: it is not sent again",
            )
        ]
        if self._cache_control:
            headers.append(
                Header(
                    validator=True,
                    name="Cache-Control",
                    shape=s.Constant(value=self._cache_control),
                    description="How long the answer may be used again (RFC 9111)",
                )
            )
        if self._last_modified and not is_list:
            parameters.append(
                Parameter(
                    name=_MODIFIED,
                    wire="If-Modified-Since",
                    location="header",
                    shape=_DATE,
                    description="The `Last-Modified` of what the client has; `If-None-Match` is "
                    "more exact",
                )
            )
        return Contribution(
            parameters=tuple(parameters),
            headers=tuple(headers),
            responses=(
                ResponseSpec(
                    status=304,
                    description="What the client has is what there is",
                    content="nothing",
                    headers=tuple(headers),
                ),
            ),
        )

    def _of_writing(self, handler: str) -> Contribution:
        shown = self._concurrency is not None
        creates = handler == "update" and self._upsert
        required = self._concurrency == "required"
        parameters = [
            Parameter(
                name=_MATCH,
                wire="If-Match",
                location="header",
                shape=_TAGS,
                # A time says which version is meant, too, and so does * for a new object.
                required=required and not creates and not self._last_modified,
                answered_later=True,
                documented=shown,
                description="The `ETag` of the version that is meant",
            ),
            Parameter(
                name=_NONE_MATCH,
                wire="If-None-Match",
                location="header",
                shape=_TAGS,
                documented=shown and creates,
                description="`*` where there must be no such object yet",
            ),
        ]
        if self._last_modified:
            parameters.append(
                Parameter(
                    name=_UNMODIFIED,
                    wire="If-Unmodified-Since",
                    location="header",
                    shape=_DATE,
                    documented=shown,
                    description="The `Last-Modified` of the version that is meant; `If-Match` is "
                    "more exact",
                )
            )
        responses = [
            ResponseSpec(
                status=412,
                description="A condition in the headers of the request does not hold",
                example=PreconditionFailed(say(msg.CHANGED_SINCE)),
            )
        ]
        if required:
            responses.append(
                ResponseSpec(
                    status=428,
                    description="The request does not say which version it is about",
                    example=PreconditionRequired(say(msg.NO_CONDITION)),
                )
            )
        needed = " A request without such a condition is refused (428)." if required else ""
        return Contribution(
            description="With the `ETag` of the object as `If-Match` nothing is done once somebody "
            f"else has changed it (RFC 9110, section 13.1.1).{needed}",
            parameters=tuple(parameters),
            headers=tuple(self._validators("the patched object")) if handler == "patch" else (),
            responses=tuple(responses),
        )

    def _validators(self, what: str) -> Iterator[Header]:
        yield _etag(what)
        if self._last_modified:
            yield Header(
                validator=True,
                name="Last-Modified",
                shape=s.String(),
                description="When the object was changed last",
                required=self._is_always_dated,
            )

    def _is_missing(self, match: str | None, none_match: str | None, since: Any) -> bool:
        """Whether a condition is required and none is there that would keep others' changes."""
        says_which = match is not None or since is not None or none_match == "*"
        return self._concurrency == "required" and not says_which

    def _names(self, header: str, current: Record, *, weakly: bool) -> bool:
        """Whether a header of tags names the version that the record is."""
        if header == "*":
            return True
        state = _digest(JsonResponse.encode(self._dump(current)))
        return any(
            _state(tag) == state for tag in _tags(header) if weakly or not tag.startswith("W/")
        )

    def _has_changed_since(self, since: Any, current: Record) -> bool:
        changed = self._changed(current)
        # The header has whole seconds: what changed later in the same one counts as unchanged.
        return changed is None or changed.replace(microsecond=0) > since

    def _changed(self, record: Record) -> Any:
        return record.get(self._last_modified) if self._last_modified else None


def read_preconditions(
    options: Mapping[str, Any],
    data: Mapping[str, Any],
    shape: s.Object | s.OneOf,
    *,
    upsert: bool,
    hidden: Collection[str],
) -> tuple[Preconditions | None, list[str]]:
    """What the options of a controller and of its resource (`data`) ask for, or every mistake."""
    mistakes = []
    concurrency, name = options.get("concurrency"), data.get("last_modified")
    if "last_modified" not in data and not [*_not_dated(shape, data.get("updated_at"), hidden)]:
        name = data["updated_at"]
    # What one caller is shown is not for a cache that others ask, too.
    usual = "no-cache" if options.get("authentication") is None else "private, no-cache"
    cache_control = options.get("cache_control", usual)
    if concurrency not in (None, *get_args(Concurrency)):
        wanted = " nor ".join(map(repr, get_args(Concurrency)))
        mistakes.append(
            f"controller.options.concurrency: is neither {wanted} but {concurrency!r}."
            f"{did_you_mean(str(concurrency), get_args(Concurrency))}"
        )
    if not (cache_control is None or _is_cache_control(cache_control)):
        mistakes.append(
            "controller.options.cache_control: is neither None nor directives such as "
            f"'public, max-age=60' but {cache_control!r}."
        )
    if name is not None:
        mistakes += [
            f"resource.options.last_modified: {each}" for each in _not_dated(shape, name, hidden)
        ]
    if mistakes:
        return None, mistakes
    made = Preconditions(
        shape,
        concurrency=concurrency,
        last_modified=name,
        cache_control=cache_control,
        upsert=upsert,
        hidden=hidden,
    )
    return made, []


def _is_cache_control(value: Any) -> bool:
    return isinstance(value, str) and _DIRECTIVES.fullmatch(value) is not None


def _not_dated(shape: s.Object | s.OneOf, name: Any, hidden: Collection[str]) -> Iterator[str]:
    members = {member.name: member for member in stored_object(shape).members}
    if name not in members:
        yield f"the model has no field {name!r}.{did_you_mean(str(name), members)}"
    elif not isinstance(bare(members[name].shape), (s.DateTime, s.Timestamp)):
        yield f"the values of {name!r} are no times with an offset."
    elif members[name].write_only or name in hidden:
        yield f"answers do not show {name!r}, and the header would."


def _etag(what: str) -> Header:
    return Header(validator=True, name="ETag", shape=_ETAG, description=f"The version of {what}")


def _is_always(shape: s.Object | s.OneOf, name: str) -> bool:
    [member] = [member for member in stored_object(shape).members if member.name == name]
    return member.always and not member.nullable


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=10).hexdigest()


def _tags(header: str) -> Iterable[str]:
    """The entity tags in a header that fits its shape."""
    return re.findall(_TAG, header)


def _opaque(tag: str) -> str:
    """What weak comparison compares (section 8.8.3.2)."""
    return tag.removeprefix("W/")


def _uncoded(tag: str) -> str:
    """What weak comparison compares, of the content before it was coded."""
    return re.sub(_CODING, '"', _opaque(tag))


def _state(tag: str) -> str:
    """The digest of the state in a tag of ours, whatever it says of the body."""
    return re.split("[.-]", _opaque(tag).strip('"'), maxsplit=1)[0]


def _date(text: str | None) -> Any:
    """The HTTP date, or None where the text is none."""
    try:
        return None if text is None else parse_date(text)
    except (OverflowError, ValueError):  # of numbers that no date has
        return None
