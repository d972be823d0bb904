"""Every way to ask, written down: what is tried first, and two worlds that differ in all of it."""

from __future__ import annotations

import itertools
from typing import Any, Final
from urllib.parse import quote

from tests.attacks.drawn import Request
from tests.attacks.worlds import Hidden
from tests.contract.client import JSON, JSON_PATCH, MERGE_PATCH

ONE: Final = Hidden(
    tasks={n: {"title": f"ada {n}", "text": "plan", "state": "open"} for n in (1, 3)},
    fields={n: {"estimate": 1, "rating": 1, "remark": "plan"} for n in (2, 5, 6, 11)},
    budgets={2: {"budget": 1}, 4: {"budget": 2}},
)
OTHER: Final = Hidden(
    tasks={
        3: {"title": "ada 3", "text": "zeta", "state": "kept"},
        4: {"title": "of ada", "after": 3},
        7: {"title": "alpha", "estimate": 1, "remark": "secret"},
        14: {"title": "last", "project": 3},
    },
    projects={3: {"name": "secret"}},
    fields={
        2: {"estimate": 3, "rating": 2, "remark": "zeta"},
        5: {"estimate": 2, "rating": 1},
        6: {"rating": 3, "remark": "plan"},
        9: {"estimate": 1, "remark": "alpha"},
    },
    budgets={2: {"budget": 3}},
)

_FORMATS: Final = ("json", "csv", "ndjson", "xml", "yaml", "msgpack")
_ANY_OF: Final = (
    '[{"estimate":1}]',
    '[{"estimate":1},{"title":"alpha"}]',
    '[{"owner":"ada"},{"title":"alpha"}]',
    "[{}]",
)
_QUERIES: Final = (
    "",
    *(
        f"sort={each}"
        for each in ("title", "-title", "estimate", "-remark,title", "owner", "grade")
    ),
    *(f"{name}=1" for name in ("estimate", "rating", "estimate__gte", "rating__lt")),
    *(f"remark{each}" for each in ("=plan", "__icontains=plan", "__isnull=true", "__in=a,plan")),
    *(f"owner{each}" for each in ("=ada", "__ne=bob", "__in=ada,bob", "=bob")),
    *(f"any_of={quote(each)}" for each in _ANY_OF),
    *(f"q={each}" for each in ("plan", "zeta", "secret", "ada", "alpha", "of")),
    *(f"fields={each}" for each in ("title", "title,remark", "estimate", "owner", "rating")),
    *(f"embed={each}" for each in ("project", "after", "after,after.project")),
    "project=3",
    "project=1",
    "state=open&limit=1",
    "limit=1",
    "limit=50&sort=-grade",
    "offset=3",
    "offset=50",
    "cursor=last",
    "cursor=forged",
    "estimat=1",
    *(f"format={each}" for each in _FORMATS),
    *(f"format={each}&embed=project&q=alpha" for each in _FORMATS),
)
_PATHS: Final = ("/tasks", "/tasks/open", "/projects/2/tasks", "/tasks/2/next", "/projects/3/tasks")
_KEYS: Final = (*range(1, 15), 99)
_HEADERS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"If-None-Match": "{etag}"},
    {"If-None-Match": "*"},
    {"If-Modified-Since": "Fri, 15 Jan 2027 08:00:00 GMT"},
    {"Accept": "text/csv"},
    {"Accept": "image/png"},
)


def _reading() -> list[Request]:
    lists = [
        Request(method, f"{path}?{query}" if query else path)
        for path, query in itertools.product(_PATHS, _QUERIES)
        for method in ("GET", "HEAD")
        if method == "GET" or not query
    ]
    below = [
        Request("GET", f"/{path}")
        for number in range(1, 15)
        for path in (f"tasks/{number}/next", f"projects/{number}/tasks", f"projects/{number}")
    ]
    objects = [
        Request(method, f"/tasks/{number}{query}", headers=headers)
        for number in _KEYS
        for query in ("", "?embed=after", "?fields=remark", "?format=csv")
        for method, headers in itertools.product(("GET", "HEAD"), _HEADERS)
    ]
    others = [
        Request(method, path)
        for path in ("/", "/schema", "/schema/tasks", "/openapi.json", "/tasks/number", "/none")
        for method in ("GET", "OPTIONS", "TRACE")
    ]
    walk = [Request("GET", "/tasks?sort=title&limit=1"), *[Request("GET", "{next}")] * 8]
    return [*lists, *below, *objects, *others, *walk, Request("GET", "/projects?sort=name&q=of")]


def _patches(value: int) -> list[Any]:
    """JSON Patches that test, copy, move and set what is hidden."""
    return [
        [{"op": "test", "path": "/estimate", "value": value}],
        [{"op": "copy", "from": "/remark", "path": "/text"}],
        [{"op": "move", "from": "/rating", "path": "/more/x"}],
        [{"op": "copy", "from": "", "path": "/more/x"}],
        [{"op": "remove", "path": "/estimate"}],
        [{"op": "replace", "path": "/estimate", "value": value}],
        [{"op": "add", "path": "/estimate", "value": value}],
        [{"op": "test", "path": "/owner", "value": "ada"}],
    ]


def _writing(dry: str) -> list[Request]:
    made: list[Request] = []
    for number, value in itertools.product(_KEYS, (1, 2)):
        at = f"/tasks/{number}{dry}"
        made += [Request("PATCH", at, each, JSON_PATCH) for each in _patches(value)]
        made += [
            Request("PATCH", at, body, MERGE_PATCH, headers)
            for body in (
                {"estimate": value},
                {"remark": None},
                {"rating": value},
                {"owner": "bob"},
                {"text": "mine", "after": 7},
            )
            for headers in ({}, {"If-Match": "*"}, {"If-Match": "{etag}"})
        ]
        made += [
            Request("PUT", at, {"title": f"put {number}", "estimate": value}, JSON),
            Request("PUT", at, {"title": f"put {number}"}, JSON, {"If-None-Match": "*"}),
            Request("PUT", at, {"title": f"put {number}"}),
        ]
    made += [
        Request("POST", f"/tasks{dry}", body, JSON, headers)
        for body in (
            {"title": "ada 3"},
            {"title": "new", "after": 7},
            {"title": "new", "after": 99},
            {"title": "new", "project": 3},
            {"title": "new", "estimate": 1},
            [{"title": "new 1"}, {"title": "ada 3"}],
            [{"title": "new 2"}, {"title": "alpha"}],
        )
        for headers in ({}, {"Idempotency-Key": "k"}, {"Prefer": "return=minimal"})
    ]
    queries = ("q=plan", "owner=ada", "estimate=1", "title__startswith=ada", "state=kept", "q=zeta")
    made += [
        Request(method, f"/tasks?{query}{dry.replace('?', '&')}", body, MERGE_PATCH)
        for query in queries
        for method, body in (("PATCH", {"text": "x"}), ("PATCH", {"estimate": 1}), ("DELETE", None))
    ]
    made += [Request("POST", f"/tasks/{number}/done") for number in _KEYS]
    made += [
        Request("DELETE", f"/tasks/{number}{dry}", headers=headers)
        for number in _KEYS
        for headers in ({"If-Match": '"0123456789"'}, {})
    ]
    made += [
        Request(method, f"/projects/{number}{dry}", body)
        for number in range(1, 6)
        for method, body in (
            ("PUT", {"name": "x", "budget": 1}),
            ("PUT", {"name": "x"}),
            ("DELETE", None),
        )
    ]
    return made


#: One after the other: what is read, what would be written, and what is.
EVERYTHING: Final = [*_reading(), *_writing("?dry_run=true"), *_writing(""), *_reading()[::7]]
