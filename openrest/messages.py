"""Every text that clients read in problems: one table, in English, that can be translated whole.

A name in braces is a placeholder, which `say` fills in. The details of mistakes have no subject:
it is what their place names. A comment above a text is for those who translate it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["Text", "say", "texts"]


class Text(str):
    """A text that remembers the `template` and the `values` that it was made from."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]


def say(template: str, /, **values: object) -> Text:
    """The template with its placeholders filled in, as `str.format` does it.

        raise Conflict(say("{person} has done this already.", person="Ada"))

    What translates it is asked for the template alone. A value that is a `Text` itself is
    translated with it.
    """
    text = Text(template.format(**values) if values else template)
    text.template = template
    text.values = values
    return text


def texts() -> tuple[str, ...]:
    """Every text of the table, from top to bottom."""
    found: list[str] = []
    for name, value in globals().items():
        if name.isupper():
            found += [value] if isinstance(value, str) else value
    return tuple(found)


# Titles, one for each status

BAD_REQUEST: Final = "Bad Request"
UNAUTHORIZED: Final = "Unauthorized"
FORBIDDEN: Final = "Forbidden"
NOT_FOUND: Final = "Not Found"
METHOD_NOT_ALLOWED: Final = "Method Not Allowed"
NOT_ACCEPTABLE: Final = "Not Acceptable"
CONFLICT: Final = "Conflict"
PRECONDITION_FAILED: Final = "Precondition Failed"
CONTENT_TOO_LARGE: Final = "Content Too Large"
URI_TOO_LONG: Final = "URI Too Long"
UNSUPPORTED_MEDIA_TYPE: Final = "Unsupported Media Type"
MISDIRECTED_REQUEST: Final = "Misdirected Request"
UNPROCESSABLE_CONTENT: Final = "Unprocessable Content"
PRECONDITION_REQUIRED: Final = "Precondition Required"
TOO_MANY_REQUESTS: Final = "Too Many Requests"
REQUEST_HEADER_FIELDS_TOO_LARGE: Final = "Request Header Fields Too Large"
INTERNAL_SERVER_ERROR: Final = "Internal Server Error"
BAD_GATEWAY: Final = "Bad Gateway"
SERVICE_UNAVAILABLE: Final = "Service Unavailable"
GATEWAY_TIMEOUT: Final = "Gateway Timeout"

# What happened: the detail of a problem

WHO_IS_IT: Final = "It has to be known who makes this request."
WRONG_CREDENTIALS: Final = "The credentials of the request are wrong."
MAY_NOT: Final = "You may not do this."
MAY_NOT_CHANGE: Final = "You may not change this object."
#: {member} is the name of a member.
MAY_NOT_READ: Final = "You may not read {member}, and so you cannot ask by it."
MAY_NOT_SET: Final = "You may not set all of this."
NOT_TO_SET: Final = "must be left as it is"
OUT_OF_SCOPE: Final = "You may not put this where it would not be yours."
NOT_YOURS: Final = "must have a value that is yours"
ANOTHER_HOST: Final = "This server does not answer for the host that the request names."
#: {seconds} is a number, 1 or more.
TOO_MANY: Final = "There were too many requests. Try again in {seconds} s."
#: {seconds} is a number, 1 or more.
TOO_MANY_GUESSES: Final = "Credentials were wrong too often. Try again in {seconds} s."
#: Of requests, of which only so many are allowed.
CANNOT_COUNT: Final = "Requests cannot be counted for now."
URL_TOO_LONG: Final = "The address is longer than the {maximum} bytes that are read here."
HEADERS_TOO_LARGE: Final = "The headers are larger than the {maximum} bytes that are read here."
CROSS_SITE: Final = "A page of another site has made a browser send this request."
NOTHING_AT: Final = "There is nothing at {address}."
#: {resource} and {parameter} are names, {mistake} is a detail such as "must be an integer".
NOTHING_WITH: Final = "There is nothing in {resource} with the {parameter} {value!r}: it {mistake}."
#: {mistake} ends with a question: "must be one of things, labels. Did you mean 'things'?".
NOTHING_WITH_NEAR: Final = (
    "There is nothing in {resource} with the {parameter} {value!r}: it {mistake}"
)
NO_RECORD: Final = "There is no record with the key {key}."
NO_PAGE: Final = "No page of this list begins at the cursor."
#: {methods} are those that there are: "GET, HEAD, OPTIONS".
OTHER_METHODS: Final = "{address} answers {methods}, not {method}."
CAN_BE_SENT_AS: Final = "{address} can be sent as {media_types}."
THIS_CAN_BE_SENT_AS: Final = "This can be sent as {media_types}."
#: {media_type} was sent, {media_types} are read.
NOT_READ_HERE: Final = "{media_type} is not read here, but {media_types}."
NO_CONTENT_TYPE: Final = "There is no Content-Type; read here: {media_types}."
CONTRACT_BROKEN: Final = "The request breaks its schema."
RULE_BROKEN: Final = "The request fits its schema; a rule of the model refuses it."
PATCH_BROKEN: Final = "The patch fits its schema; the object would not, once it is patched."
CHANGED_SINCE: Final = "The object is not as the request's condition wants it: it has changed."
EXISTS_ALREADY: Final = "The object is there already, and the request's condition wants none."
NOT_THERE_YET: Final = "There is no such object, and the request's condition wants one."
NO_CONDITION: Final = "Say which version is meant: If-Match with the ETag that GET has answered."
NO_FILTER: Final = "Say which objects are meant: a change of all of them is not made here."
PATCH_OF_TOO_MANY: Final = (
    "This patch has {size} bytes as JSON, so it may be about {most} objects at once, and there are "
    "more; nothing was done to any of them. Send several requests whose filters find fewer."
)
TOO_MANY_MATCH: Final = "These are more than {maximum} objects; nothing was done to any of them."
STRICTLY: Final = "Strict handling is preferred, and so is what cannot be heeded here."
PATCH_UNFIT: Final = "The patch fits its schema; the object is not one that it can be applied to."
#: {member} is a name.
SAME_VALUE: Final = "Another record has the same {member}."
#: {members} are two names or more: "shelf and place".
SAME_VALUES: Final = "Another record has the same {members} together."
#: Joins the names of members. {first} may be two names that are joined already.
AND: Final = "{first} and {second}"
NO_TARGET: Final = "The request refers to what is not there."
#: {resource} and {member} are names.
STILL_REFERENCED: Final = "Objects of {resource} refer to it by {member}."
#: Of an object that is to be deleted.
TOO_MANY_REFER: Final = "More than {maximum} objects would have to change with it."
#: Of the header Idempotency-Key.
KEY_REUSED: Final = "The request has the key of another one, which has been carried out."
SERVER_FAILED: Final = "The server failed; its log says why."
AWAY: Final = "The data cannot be reached for now."
UPSTREAM_FAILED: Final = "The server that keeps the data failed."
UPSTREAM_LATE: Final = "The server that keeps the data has not answered in time."
KEEPER_REFUSES: Final = "The server that keeps the data does not take this."
#: {resources} are names with commas between them.
NOT_READY: Final = "The data of {resources} cannot be reached for now."

# What is wrong with an operation of a JSON Patch: the detail of a mistake

NO_SUCH_PLACE: Final = "leads to nothing in the object"
NO_SUCH_PLACE_NEAR: Final = "leads to nothing in the object. Did you mean {near!r}?"
TEST_FAILED: Final = "is not what the object has there"
INTO_ITSELF: Final = "leads to what is moved, or into it"
GROWS_TOO_LARGE: Final = "makes the object larger than a body may be: {maximum} bytes"
GROWS_TOO_DEEP: Final = "makes the object deeper than {maximum} levels"
SET_BY_SERVER: Final = "can be set by the server alone"

# What is wrong with a body that cannot be read: the detail of a problem

NO_BODY: Final = "There is no body; one is required."
BODY_TOO_LARGE: Final = "The body is larger than the {maximum} bytes that are read here."
BODY_CODED: Final = "The body is compressed; it is read only as it is."
BODY_UNREADABLE: Final = "The body cannot be read to its end."
BODY_ENDED: Final = "The body ended before its Content-Length."
BYTE_ORDER_MARK: Final = "The body begins with a byte order mark (RFC 8259, section 8.1)."
#: {reason} is one of the reasons that Python gives, below.
NOT_UTF_8: Final = "The body is not UTF-8: {reason} at byte {position}."
#: {reason} is one of the reasons that Python gives, below.
NOT_JSON: Final = "The body is not JSON: {reason} at line {line}, column {column}."
#: {name} is NaN, Infinity or -Infinity.
NO_CONSTANT: Final = "{name} is not JSON."
NESTED_TOO_DEEP: Final = "The body is nested deeper than {maximum} levels."
MEMBER_TWICE: Final = "The member {name!r} is there twice."
NUMBER_TOO_LARGE: Final = "The number {number} is larger than any double."
NUMBER_TOO_LONG: Final = "A number has too many digits."
BODY_HAS_SURROGATE: Final = "The body has a lone surrogate, which no UTF-8 text can hold."

NOT_YAML: Final = "The body is not YAML at line {line}, column {column}."
NO_ANCHORS: Final = (
    "The body has an anchor or an alias at line {line}, column {column}: these are not read."
)
NO_TAGS: Final = (
    "The body has a tag or a directive at line {line}, column {column}: these are not read."
)
ONE_DOCUMENT: Final = "The body must have one document of YAML."
YAML_NAME: Final = (
    "The name of a member is no text at line {line}, column {column}: it may need quotes."
)
PACK_ENDED: Final = "The body ends in the middle of a value of MessagePack."
PACK_GOES_ON: Final = "The body goes on after its value, at byte {position}."
PACK_KIND: Final = "The body has a value that JSON does not have, at byte {position}."
PACK_NAME: Final = "The name of a member is no text, at byte {position}."

# Reasons that Python gives for what is not UTF-8 or not JSON

PYTHON_SAYS: Final = (
    "invalid start byte",
    "invalid continuation byte",
    "unexpected end of data",
    "Expecting value",
    "Expecting property name enclosed in double quotes",
    "Expecting ':' delimiter",
    "Expecting ',' delimiter",
    "Extra data",
    "Unterminated string starting at",
    "Invalid control character at",
    "Invalid \\escape",
    "Invalid \\uXXXX escape",
    "Illegal trailing comma before end of object",
    "Illegal trailing comma before end of array",
)

# What is wrong with the parameters or the headers: the detail of a mistake

UNKNOWN_PARAMETER: Final = "is not a parameter here."
UNKNOWN_PARAMETER_NEAR: Final = "is not a parameter here. Did you mean {near!r}?"
#: {mistake} is the detail of another mistake. Clients forget that "+" stands for a space.
PLUS: Final = "{mistake}. In a query + is a space: a plus sign is written %2B."
#: Of a cursor, a text that leads from one page of a list to another.
UNKNOWN_CURSOR: Final = "is not a cursor that was given out for this query"
GIVEN_TWICE: Final = "is given more than once"
QUERY_NOT_UTF_8: Final = "is not UTF-8"
TOO_MANY_PARAMETERS: Final = "has more than {maximum} parameters"
#: Of a parameter that is JSON. {reason} is one of the reasons that Python gives, above.
PARAMETER_NOT_JSON: Final = "is not JSON: {reason} at line {line}, column {column}"
PARAMETER_TOO_DEEP: Final = "is nested deeper than {maximum} levels"
#: Of a parameter that is JSON; {mistake} is a sentence: "The member 'age' is there twice.".
PARAMETER_UNREADABLE: Final = "cannot be read. {mistake}"
#: Of a key in an address, which has one spelling: {value}.
IS_WRITTEN: Final = "is written {value}"
#: Of the header Prefer; {preference} is one of those in it.
NOT_HEEDED: Final = "has {preference!r}, which is not heeded here"
#: Of the header Content-Type, or of Content-Encoding: "identity".
MUST_BE: Final = "must be {media_types}"
#: Of the header Accept.
MUST_ALLOW: Final = "must allow {media_types}"

# What is wrong with a member, or with the object that it is in: the detail of a mistake

REQUIRED: Final = "is required"
READ_ONLY: Final = "is read-only: leave it out"
UNKNOWN_MEMBER: Final = "is not a member of this object."
UNKNOWN_MEMBER_NEAR: Final = "is not a member of this object. Did you mean {near!r}?"
#: Of a value that another record has.
TAKEN: Final = "is taken"
#: Of a value that should be the key of an object in {resource}.
REFERS_TO_NOTHING: Final = "refers to nothing in {resource}"
REFUSED_BY_RULE: Final = "is refused by a rule"
REFUSED_BY_KEEPER: Final = "is refused by the server that keeps the data"

# What is wrong with a value: the detail of a mistake

BOOLEAN: Final = "must be true or false"
INTEGER: Final = "must be an integer"
NUMBER: Final = "must be a number"
FINITE: Final = "must be a finite number"
AT_LEAST: Final = "must be at least {minimum}"
MORE_THAN: Final = "must be more than {minimum}"
AT_MOST: Final = "must be at most {maximum}"
LESS_THAN: Final = "must be less than {maximum}"
#: {whole} and {places} are numbers of digits.
DECIMAL: Final = (
    "must be a decimal number in a string, with at most {whole} digits before the point and "
    "{places} after it"
)
STRING: Final = "must be a string"
NOT_EMPTY: Final = "must not be empty"
MIN_LENGTH: Final = "must have at least {minimum} characters"
MAX_LENGTH: Final = "must have at most {maximum} characters"
EXACT_LENGTH: Final = "must have exactly {number} characters"
NO_NUL: Final = "must not contain the character NUL"
#: Of a header such as If-Match; {sample} is a tag with its quotes.
ENTITY_TAGS: Final = "must be * or entity tags with their quotes, such as {sample}"
#: Of the header Idempotency-Key; {sample} is a key.
IDEMPOTENCY_KEY: Final = "must be printable ASCII without spaces, such as {sample}"
#: Of the header Idempotency-Key.
OTHER_REQUEST: Final = "belongs to another request: send a new one"
PATTERN: Final = "must match the pattern {pattern}"
MAIL: Final = "must be a mail address, such as ada@example.org"
URL: Final = "must be a URL, such as {sample}"
URL_OR_PATH: Final = "must be a URL or a path, such as {sample}"
PATH: Final = "must be a path, such as {sample}"
NO_SURROGATE: Final = "must be Unicode text without lone surrogates"
DATE_TIME: Final = "must be a date and time with an offset, such as 2026-03-01T09:30:00Z"
NAIVE_DATE_TIME: Final = "must be a date and time without an offset, such as 2026-03-01T09:30:00"
DATE: Final = "must be a date, such as 2026-03-01"
#: Of a text that looks like a date, or like a date and time: "2026-02-30".
NO_SUCH_DAY: Final = "is on a day that the calendar does not have"
TIME: Final = "must be a time of day, such as 09:30:00"
UUID: Final = "must be a UUID, such as 5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"
CHOICE: Final = "must be one of {choices}"
CHOICE_NEAR: Final = "must be one of {choices}. Did you mean {near!r}?"
EXCEPT: Final = "must not be {refused}"
NOT_NULL: Final = "must not be null"
ARRAY: Final = "must be an array"
MIN_ITEMS: Final = "must have at least {minimum} items"
MAX_ITEMS: Final = "must have at most {maximum} items"
#: Of an array that has one item of each kind.
ITEMS: Final = "must have exactly {number} items"
OBJECT: Final = "must be an object"
MIN_MEMBERS: Final = "must have at least {minimum} members"
MAX_MEMBERS: Final = "must have at most {maximum} members"
#: Of a name in an object that is also written in another way there.
SAME_NAME: Final = "is the same as {name!r}"
#: Of a name in an object; names of numbers and of instants can be chosen so that their hashes meet.
SAME_HASH: Final = "has the same hash in Python as {most} other names here"
#: Of the name of a member; {mistake} is the detail of another mistake: "must be a date".
NAME: Final = "the name {mistake}"
#: {text} is what a text of that kind is: "an IP address, such as 192.0.2.1".
PARSED: Final = "must be {text}"
#: {resource} is a name, {sample} such a link: "/address/1".
LINK: Final = "must be a link to an object of {resource}, such as {sample}"
#: Of a text that looks right and means nothing: "31/02/2026".
NOT_THERE: Final = "does not exist"
CONSTANT: Final = "must be {value}"
