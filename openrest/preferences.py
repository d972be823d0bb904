"""What a client would rather have, by the header ``Prefer`` (RFC 7240)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from openrest import messages as msg
from openrest.contract import Contribution, Header, Parameter, ResponseSpec
from openrest.errors import Conflict, Mistake
from openrest.interfaces import CallView
from openrest.messages import say
from openrest.models import shapes as s

__all__ = [
    "PREFER",
    "Preferences",
    "Preferred",
    "applied",
    "heed",
    "read",
    "read_preferences",
    "spared",
    "wants_minimal",
]

#: Its key in a call, which no parameter of an author's own has.
PREFER: Final = ":Prefer"

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_WORD: Final = rf"(?:{_TOKEN}|{_QUOTED})"
#: What stands between commas; a quoted text may have some of its own.
_ELEMENT: Final = re.compile(rf'(?:{_QUOTED}|[^,"])+|"')
#: A preference (section 2), with parameters that none of those known here has.
_PREFERENCE: Final = re.compile(
    rf"({_TOKEN})(?:[ \t]*=[ \t]*({_WORD}))?"
    rf"(?:[ \t]*;(?:[ \t]*{_TOKEN}(?:[ \t]*=[ \t]*{_WORD})?)?)*"
)

#: Those that are known, and their values; `handling=lenient` is understood, and not granted.
_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "return": ("representation", "minimal"),
    "handling": ("strict", "lenient"),
}


@dataclass(frozen=True, slots=True)
class Preferred:
    """The preferences in a header: those that are known, and the text of all others."""

    known: Mapping[str, str]
    others: tuple[str, ...]

    @property
    def is_strict(self) -> bool:
        """Whether what cannot be heeded shall be refused (section 4.4)."""
        return self.known.get("handling") == "strict"


class Preferences:
    """``Prefer: return=minimal`` and ``Prefer: handling=strict`` on what answers an object.

    A preference that is not known is ignored (section 2), unless the client asks for strict
    handling. Bodies are read strictly whatever it prefers.
    """

    def contribution(self, handler: str) -> Contribution:
        """What it adds to the operation of this handler of a controller."""
        if handler not in ("create", "update", "patch"):
            return Contribution()
        return Contribution(
            description="`Prefer: return=minimal` spares the object in the answer (RFC 7240).",
            parameters=(
                Parameter(
                    name=PREFER,
                    wire="Prefer",
                    location="header",
                    shape=s.String(max_length=1000),
                    description="`return=minimal` or `return=representation`; with "
                    "`handling=strict` other preferences are refused, which are ignored otherwise",
                    example="return=minimal",
                ),
            ),
            headers=(
                Header(
                    name="Preference-Applied",
                    shape=s.String(),
                    description="The preferences that were heeded",
                    required=False,
                ),
            ),
            responses=(
                ResponseSpec(
                    status=409,
                    description="A preference cannot be heeded, and `handling=strict` is preferred",
                    example=_refusal(["respond-async"]),
                ),
            ),
        )


def spared(success: ResponseSpec, *, always: bool) -> ResponseSpec:
    """What is answered instead of a success whose object the client would rather not be sent.

    Its headers are those of the success, `always` or not where 204 has other reasons, too.
    It is no 201 without content: in a document, a status has content or has none.
    """
    return ResponseSpec(
        status=204,
        description="It is done, and not shown: the client prefers `return=minimal`",
        content="nothing",
        headers=success.headers
        if always
        else tuple(replace(header, required=False) for header in success.headers),
    )


def read(text: str) -> Preferred:
    """The preferences in the value of a header. Of two with the same name, the first counts."""
    known: dict[str, str] = {}
    others: list[str] = []
    for element in map(str.strip, _ELEMENT.findall(text)):
        if not element:
            continue
        found = _PREFERENCE.fullmatch(element)
        # They are the same in any case of letters, and with quotes (section 2).
        name, value = (_plain(found[1]), _plain(found[2])) if found else ("", "")
        if value in _KNOWN.get(name, ()):
            known.setdefault(name, value)
        else:
            others.append(element)
    return Preferred(known, tuple(others))


def _plain(word: str | None) -> str:
    if word is None:
        return ""
    return re.sub(r"\\(.)", r"\1", word[1:-1] if word.startswith('"') else word).lower()


def heed(call: CallView) -> None:
    """Refuse a call with a preference that cannot be heeded, where it wants that: Conflict (409).

    No schema can say which header these are.
    """
    preferred = read(call.headers.get(PREFER, ""))
    if preferred.is_strict and preferred.others:
        raise _refusal(preferred.others)


def wants_minimal(call: CallView) -> bool:
    """Whether the client would rather not be shown what it has written."""
    return read(call.headers.get(PREFER, "")).known.get("return") == "minimal"


def applied(call: CallView, *, minimal: bool) -> list[tuple[str, str]]:
    """The header that names what was heeded, in an answer that is `minimal` or shows the object."""
    given = "minimal" if minimal else "representation"
    granted = {"return": given, "handling": "strict"}
    known = read(call.headers.get(PREFER, "")).known
    heeded = [f"{name}={value}" for name, value in known.items() if granted[name] == value]
    return [("Preference-Applied", ", ".join(heeded))] if heeded else []


def read_preferences(options: Mapping[str, Any]) -> tuple[Preferences | None, list[str]]:
    """What the option ``prefer`` asks for, or what is wrong with it."""
    prefer = options.get("prefer", False)
    if type(prefer) is not bool:
        return None, [f"controller.options.prefer: is neither True nor False but {prefer!r}."]
    return (Preferences() if prefer else None), []


def _refusal(others: list[str] | tuple[str, ...]) -> Conflict:
    mistakes = [
        Mistake(say(msg.NOT_HEEDED, preference=each[:80]), header="Prefer") for each in others
    ]
    return Conflict(say(msg.STRICTLY), mistakes)
