"""Requests that somebody may think of who wants to know what is hidden, and worlds that hide it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.attacks.worlds import PROJECTS, TASKS, Hidden, World
from tests.contract.client import JSON, JSON_PATCH, MERGE_PATCH, Answer

#: Few, so that a guess is right as often as not.
NUMBERS: Final = st.integers(1, 3)
WORDS: Final = st.sampled_from(["alpha", "beta", "secret", "plan", "first", "zeta"])
_REMARKS: Final = st.one_of(st.none(), WORDS)


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    body: Any = None
    content_type: str = JSON
    #: In a value, {etag} is the last tag that was answered.
    headers: dict[str, str] = field(default_factory=dict)

    def sent(self, world: World, as_whom: dict[str, str], last: dict[str, str]) -> Answer:
        """The answer; `last` has what earlier answers said, and gets what this one says."""
        target = last.get(self.target, self.target)
        if target.startswith("{"):
            target = {"{made}": "/tasks/2", "{next}": "/tasks"}[target]
        headers = {
            name: value.replace("{etag}", last.get("{etag}", '"0"'))
            for name, value in self.headers.items()
        }
        # The document does not announce itself, and is bytes.
        send = world.client.raw if target == "/openapi.json" else world.client.send
        answer = send(
            self.method,
            target,
            data=None if self.body is None else json.dumps(self.body).encode(),
            content_type=self.content_type,
            headers={**headers, **as_whom},
        )
        if "ETag" in answer.headers:
            last["{etag}"] = answer.headers["ETag"]
        if "Location" in answer.headers:
            last["{made}"] = answer.headers["Location"]
        if answer.headers.get("Content-Type") == JSON and answer.data[:9] == b'{"meta":{':
            last["{next}"] = answer.json["meta"].get("next") or "/tasks"
        return answer


@st.composite
def hidden_worlds(draw: st.DrawFn) -> Hidden:
    """What one world hides."""
    rows = st.fixed_dictionaries(
        {"title": WORDS, "state": st.sampled_from(["open", "done", "kept"])},
        optional={
            "text": WORDS,
            "estimate": NUMBERS,
            "rating": NUMBERS,
            "remark": _REMARKS,
            "grade": NUMBERS,
        },
    )
    theirs = {
        number: {**draw(rows), "title": f"ada {number} {draw(WORDS)}"[:20]}
        for number in TASKS["ada"]
        if draw(st.booleans())
    }
    fields = st.fixed_dictionaries(
        {}, optional={"estimate": NUMBERS, "rating": NUMBERS, "remark": _REMARKS}
    )
    budgets = st.fixed_dictionaries({}, optional={"budget": NUMBERS})
    return Hidden(
        tasks=theirs,
        projects={n: {"name": draw(WORDS)} for n in PROJECTS["ada"] if draw(st.booleans())},
        fields={number: draw(fields) for number in TASKS["bob"]},
        budgets={number: draw(budgets) for number in PROJECTS["bob"]},
    )


_TASK_KEYS: Final = st.one_of(
    st.sampled_from(TASKS["bob"]), st.sampled_from([*range(1, 17), 99, "abc"])
)
_PROJECT_KEYS: Final = st.sampled_from([1, 2, 3, 4, 5])
_FIELDS: Final = ("title", "text", "state", "grade", "estimate", "remark", "rating", "owner")
_FORMATS: Final = ("json", "csv", "ndjson", "xml", "yaml", "msgpack")
_FILTERS: Final = st.one_of(
    st.tuples(st.sampled_from(["estimate", "rating"]), NUMBERS),
    st.tuples(st.sampled_from(["estimate__gte", "rating__lt", "rating__in"]), NUMBERS),
    st.tuples(
        st.sampled_from(["remark", "title", "remark__icontains", "title__startswith"]), WORDS
    ),
    st.tuples(st.sampled_from(["remark__isnull", "rating__isnull"]), st.just("true")),
    st.tuples(st.just("owner"), st.sampled_from(["ada", "bob"])),
    st.tuples(st.just("owner__in"), st.just("ada,bob")),
    st.tuples(st.just("state"), st.sampled_from(["open", "done", "kept"])),
    st.tuples(st.just("project"), st.sampled_from([1, 2, 3, 4])),
)
_ANY_OF: Final = st.lists(
    st.lists(_FILTERS, min_size=1, max_size=2).map(
        lambda pairs: {
            name: value for name, value in pairs if "__i" not in name and "__isnull" not in name
        }
    ),
    min_size=1,
    max_size=2,
).map(lambda alternatives: ("any_of", json.dumps(alternatives)))
_ASKING: Final = st.one_of(
    _FILTERS,
    _FILTERS,
    _ANY_OF,
    st.tuples(st.just("q"), WORDS),
    st.tuples(st.just("q"), st.sampled_from(["ada", "se", "al be"])),
)
_SHAPING: Final = st.one_of(
    st.tuples(
        st.just("sort"),
        st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=2, unique=True).map(",-".join),
    ),
    st.tuples(
        st.just("fields"),
        st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=3, unique=True).map(",".join),
    ),
    st.tuples(st.just("embed"), st.sampled_from(["project", "after", "after,after.project"])),
    st.tuples(st.just("format"), st.sampled_from(_FORMATS)),
    st.tuples(st.just("limit"), st.sampled_from([1, 2, 50])),
    st.tuples(st.just("offset"), st.sampled_from([0, 2, 5])),
    st.tuples(st.just("cursor"), st.sampled_from(["last", "forged"])),
)
_DRY: Final = st.tuples(st.just("dry_run"), st.just("true"))


def _query(*parts: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[str]:
    """Parameters of the parts, each name once."""
    return st.lists(st.one_of(*parts), max_size=most, unique_by=lambda pair: pair[0]).map(
        lambda pairs: "?" + urlencode(pairs) if pairs else ""
    )


_SENDABLE: Final[dict[str, st.SearchStrategy[Any]]] = {
    "title": WORDS,
    "text": WORDS,
    "state": st.sampled_from(["open", "done", "kept"]),
    "rating": NUMBERS,
    "project": st.sampled_from([None, 2, 4]),
    "after": st.sampled_from([None, 2, 5]),
    "more": st.dictionaries(st.sampled_from(["a", "estimate"]), NUMBERS, max_size=2),
}
#: What is refused, wherever it is there: by its field, or by what it refers to.
_REFUSED: Final[dict[str, st.SearchStrategy[Any]]] = {
    "grade": NUMBERS,
    "estimate": NUMBERS,
    "remark": _REMARKS,
    "project": st.sampled_from([1, 3, 9]),
    "after": st.sampled_from([1, 3, 7, 99]),
    "owner": st.sampled_from(["ada", "bob"]),
}
_OPTIONAL: Final = {name: values for name, values in _SENDABLE.items() if name != "title"}


def _daring(usual: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """What is sent, now and then with something that is refused."""
    refused = st.one_of(*(st.tuples(st.just(n), values) for n, values in _REFUSED.items()))
    return st.one_of(
        usual, usual, st.builds(lambda o, more: {**o, more[0]: more[1]}, usual, refused)
    )


_TITLES: Final = st.one_of(WORDS, st.sampled_from([f"new {n}" for n in range(9)]))
_TASK: Final = _daring(st.fixed_dictionaries({"title": _TITLES}, optional=_OPTIONAL))
_MERGED: Final = _daring(
    st.fixed_dictionaries(
        {},
        optional={name: st.one_of(values, values, st.none()) for name, values in _SENDABLE.items()},
    )
)
_PATHS: Final = st.sampled_from([f"/{name}" for name in (*_SENDABLE, *_REFUSED)] + ["", "/more/a"])
_OPERATION: Final = st.one_of(
    st.builds(
        lambda op, name_value: {"op": op, "path": f"/{name_value[0]}", "value": name_value[1]},
        st.sampled_from(["add", "replace", "test"]),
        st.one_of(
            *(
                st.tuples(st.just(n), values)
                for sent in (_SENDABLE, _REFUSED)
                for n, values in sent.items()
            )
        ),
    ),
    st.builds(lambda path: {"op": "remove", "path": path}, _PATHS),
    st.builds(
        lambda op, source, path: {"op": op, "from": source, "path": path},
        st.sampled_from(["copy", "move"]),
        _PATHS,
        st.one_of(_PATHS, st.sampled_from(["/more/a", "/more/x", "/text"])),
    ),
    st.builds(lambda value: {"op": "replace", "path": "", "value": value}, _TASK),
)
_JSON_PATCH: Final = st.lists(_OPERATION, min_size=1, max_size=3)

_TAGS: Final = st.sampled_from(["{etag}", "*", '"0123456789"', 'W/"x"'])
_DATES: Final = st.sampled_from(["Fri, 15 Jan 2027 08:00:00 GMT", "Thu, 14 Jan 2027 08:00:00 GMT"])
_CONDITIONS: Final = st.fixed_dictionaries(
    {},
    optional={
        "If-Match": _TAGS,
        "If-None-Match": _TAGS,
        "If-Modified-Since": _DATES,
        "If-Unmodified-Since": _DATES,
    },
)
_NO_CONDITIONS: Final[st.SearchStrategy[dict[str, str]]] = st.just({})
_MAYBE_CONDITIONS: Final = st.one_of(_NO_CONDITIONS, _NO_CONDITIONS, _CONDITIONS)
_PREFERENCES: Final = st.sampled_from([{}, {"Prefer": "return=minimal"}])
_PREFERRING: Final = st.fixed_dictionaries(
    {},
    optional={
        "Prefer": st.sampled_from(["return=minimal", "handling=strict"]),
        "Idempotency-Key": st.sampled_from(["k1", "k2"]),
    },
)


def _both(*parts: st.SearchStrategy[dict[str, str]]) -> st.SearchStrategy[dict[str, str]]:
    return st.tuples(*parts).map(lambda found: {n: v for one in found for n, v in one.items()})


_READING: Final = st.sampled_from(["GET", "GET", "GET", "HEAD"])
_LISTS: Final = st.one_of(
    st.sampled_from(["/tasks", "/tasks", "/tasks", "/tasks/open", "/tasks/number", "{next}"]),
    _TASK_KEYS.map("/tasks/{}/next".format),
    _PROJECT_KEYS.map("/projects/{}/tasks".format),
)
_OBJECTS: Final = st.one_of(
    _TASK_KEYS.map("/tasks/{}".format),
    _TASK_KEYS.map("/tasks/{}".format),
    st.just("{made}"),
)
_OTHERS: Final = st.sampled_from(
    ["/", "/schema", "/schema/tasks", "/openapi.json", "/tasks/2/none", "/none"]
)


def _target(paths: st.SearchStrategy[str], queries: st.SearchStrategy[str]) -> Any:
    return st.builds(
        lambda path, query: path if path.startswith("{") else path + query, paths, queries
    )


#: One request of somebody who looks for what is hidden.
REQUESTS: Final[st.SearchStrategy[Request]] = st.one_of(
    st.builds(
        Request,
        _READING,
        _target(_LISTS, _query(_ASKING, _SHAPING)),
        headers=_MAYBE_CONDITIONS,
    ),
    st.builds(
        Request, _READING, _target(_OBJECTS, _query(_SHAPING, most=2)), headers=_MAYBE_CONDITIONS
    ),
    st.builds(
        Request,
        st.just("POST"),
        _target(st.just("/tasks"), _query(_DRY)),
        st.one_of(_TASK, _TASK, st.lists(_TASK, min_size=1, max_size=3)),
        headers=_PREFERRING,
    ),
    st.builds(
        Request,
        st.just("PUT"),
        _target(_OBJECTS, _query(_DRY)),
        _TASK,
        headers=_both(_MAYBE_CONDITIONS, _PREFERENCES),
    ),
    st.builds(
        Request,
        st.just("PATCH"),
        _target(_OBJECTS, _query(_DRY)),
        _MERGED,
        st.just(MERGE_PATCH),
        headers=_MAYBE_CONDITIONS,
    ),
    st.builds(
        Request,
        st.just("PATCH"),
        _target(_OBJECTS, _query(_DRY)),
        _JSON_PATCH,
        st.just(JSON_PATCH),
        headers=_MAYBE_CONDITIONS,
    ),
    st.builds(
        Request, st.just("DELETE"), _target(_OBJECTS, _query(_DRY)), headers=_MAYBE_CONDITIONS
    ),
    st.builds(
        Request,
        st.just("PATCH"),
        _target(st.just("/tasks"), _query(_ASKING, _DRY)),
        _MERGED,
        st.just(MERGE_PATCH),
    ),
    st.builds(Request, st.just("DELETE"), _target(st.just("/tasks"), _query(_ASKING, _DRY))),
    st.builds(Request, st.just("POST"), _TASK_KEYS.map("/tasks/{}/done".format)),
    st.builds(
        Request,
        _READING,
        st.one_of(st.just("/projects"), _PROJECT_KEYS.map("/projects/{}".format)),
    ),
    st.builds(
        Request,
        st.sampled_from(["PUT", "DELETE"]),
        _PROJECT_KEYS.map("/projects/{}".format),
        st.fixed_dictionaries({"name": WORDS}, optional={"budget": NUMBERS}),
    ).map(lambda r: Request(r.method, r.target, r.body if r.method == "PUT" else None)),
    st.builds(Request, st.sampled_from(["GET", "OPTIONS", "TRACE", "POST"]), _OTHERS),
    st.builds(Request, st.sampled_from(["OPTIONS", "TRACE"]), st.one_of(_LISTS, _OBJECTS)),
)
