"""Whether an application answers the contract of contract.md, and nothing cheaper."""

import contextlib
import gc
import json
import os
import sqlite3
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .clients import Answer, ASGIClient, Request, WSGIClient
from .peers import database

NEW = {"author": "bench", "message": "a message of an everyday length, é", "likes": 3}
WRONG = {"author": "", "likes": -1, "colour": "x"}


def post(body: Any) -> Request:
    """Return a ``POST /tweets`` of ``body`` as JSON."""
    return Request("POST", "/tweets", json.dumps(body, ensure_ascii=False).encode())


#: The five measured requests, by name.
REQUESTS = {
    "list-20": Request("GET", "/tweets?offset=40&limit=20"),
    "get": Request("GET", "/tweets/500"),
    "create": post(NEW),
    "404": Request("GET", "/tweets/999999999"),
    "422": post(WRONG),
}


class Broken(Exception):
    """The application does not answer the contract."""


def _page(link: str | None) -> tuple[str, dict[str, str], int, int] | None:
    """Return path, other parameters, offset and limit of a link, its defaults filled in."""
    if link is None:
        return None
    parts = urlsplit(link)
    if parts.netloc:
        raise Broken(f"not a path-absolute link: {link}")
    query = dict(parse_qsl(parts.query))
    offset, limit = int(query.pop("offset", 0)), int(query.pop("limit", 20))
    return parts.path, query, offset, limit


class Checker:
    """Asks one application everything the contract promises."""

    def __init__(self, client: WSGIClient | ASGIClient, path: str) -> None:
        self.client = client
        self.path = path
        with contextlib.closing(sqlite3.connect(path)) as connection:
            rows = connection.execute(
                "SELECT id, author, message, likes FROM tweets ORDER BY id"
            ).fetchall()
        self.rows = [dict(zip(database.COLUMNS, row, strict=True)) for row in rows]

    def run(self) -> None:
        """Raise ``Broken`` at the first answer that is not the contract's."""
        self.lists()
        self.objects()
        self.creates()
        self.refuses()
        self.settings()

    def ask(self, request: Request, status: int) -> tuple[Answer, Any]:
        """Return the answer and its parsed body, having checked the status and media type."""
        answer = self.client.ask(request)
        expected = "application/json" if status < 400 else "application/problem+json"
        kind = answer.headers.get("content-type", "").partition(";")[0]
        self.equal(request, "status and type", (answer.status, kind), (status, expected))
        self.equal(request, "length", answer.headers.get("content-length"), str(len(answer.body)))
        body = json.loads(answer.body)
        if status >= 400:
            head = {name: body.get(name) for name in ("type", "status")}
            self.equal(request, "problem", head, {"type": "about:blank", "status": status})
            if not (isinstance(body.get("title"), str) and isinstance(body.get("detail"), str)):
                raise Broken(f"{request}: no title or detail in {body}")
        return answer, body

    @staticmethod
    def equal(request: Request, what: str, found: Any, expected: Any) -> None:
        """Raise ``Broken`` unless ``found`` is ``expected``."""
        if found != expected:
            raise Broken(f"{request.method} {request.target}: {what} is {found}, not {expected}")

    def list(
        self, query: str, rows: list[dict[str, Any]], offset: int, limit: int, **rest: str
    ) -> None:
        """Check the page ``query`` asks for against ``rows``, all that match its filters."""
        request = Request("GET", f"/tweets{query}")
        answer, body = self.ask(request, 200)
        page, total = rows[offset : offset + limit], len(rows)
        self.equal(request, "members", body.keys(), {"meta", "object_list"})
        self.equal(request, "objects", body["object_list"], page)
        meta = body["meta"]
        links = {name: meta.pop(name) for name in ("first", "last", "next", "previous")}
        self.equal(
            request,
            "meta",
            meta,
            {"count": len(page), "total_count": total, "offset": offset, "limit": limit},
        )
        offsets = {
            "first": 0,
            "last": (total - 1) // limit * limit,
            "next": offset + limit if offset + limit < total else None,
            "previous": max(0, offset - limit) if offset else None,
        }
        for name, at in offsets.items():
            expected = None if at is None else ("/tweets", rest, at, limit)
            self.equal(request, name, _page(links[name]), expected)
            if at is not None and f"<{links[name]}>" not in answer.headers.get("link", ""):
                raise Broken(f"{request.target}: no {name} in the Link header")

    def lists(self) -> None:
        rows = self.rows
        self.list("?offset=40&limit=20", rows, 40, 20)
        self.list("", rows, 0, 20)
        self.list("?offset=980", rows, 980, 20)
        self.list("?offset=995&limit=5", rows, 995, 5)
        by_author = [row for row in rows if row["author"] == "author-7"]
        self.list("?author=author-7&limit=5", by_author, 0, 5, author="author-7")
        likes = [row for row in rows if row["likes"] == 70]
        self.list("?likes=70", likes, 0, 20, likes="70")
        self.list("?id=12", rows[11:12], 0, 20, id="12")
        self.list(
            "?likes=70&message=" + likes[0]["message"].replace(" ", "+"),
            likes[:1],
            0,
            20,
            likes="70",
            message=likes[0]["message"],
        )
        for query in (
            "limit=21",
            "limit=0",
            "limit=x",
            "offset=-1",
            "offset=x",
            f"offset={2**63}",
            "likes=x",
            "id=x",
            "colour=x",
        ):
            _, body = self.ask(Request("GET", f"/tweets?{query}"), 422)
            if not body.get("errors"):
                raise Broken(f"?{query}: a 422 without errors")

    def objects(self) -> None:
        for number in (1, 500, 1_000):
            request = Request("GET", f"/tweets/{number}")
            self.equal(request, "object", self.ask(request, 200)[1], self.rows[number - 1])
        self.ask(REQUESTS["404"], 404)
        self.ask(Request("GET", "/tweets/99999999999999999999"), 404)

    def creates(self) -> None:
        for body in (NEW, {"author": "a" * 40, "message": "é" * 280}, {**NEW, "likes": 2**63 - 1}):
            request = post(body)
            answer, created = self.ask(request, 201)
            # A connection of its own sees the row only once it is committed.
            with contextlib.closing(sqlite3.connect(self.path)) as connection:
                row = connection.execute(
                    "SELECT id, author, message, likes FROM tweets ORDER BY id DESC LIMIT 1"
                ).fetchone()
            expected = {"id": row[0], "likes": 0, **body}
            self.equal(request, "object", created, expected)
            self.equal(request, "row", dict(zip(database.COLUMNS, row, strict=True)), expected)
            self.equal(request, "Location", answer.headers.get("location"), f"/tweets/{row[0]}")

        # The count is counted: it has taken notice of the three.
        _, page = self.ask(Request("GET", "/tweets"), 200)
        total = page["meta"]["total_count"]
        self.equal(REQUESTS["create"], "total_count afterwards", total, len(self.rows) + 3)

    def refuses(self) -> None:
        for body, pointers in (
            (WRONG, ["#/author", "#/colour", "#/likes", "#/message"]),
            ({}, ["#/author", "#/message"]),
            ({"author": 5, "message": None, "likes": "many"}, ["#/author", "#/likes", "#/message"]),
            ({"author": "a" * 41, "message": "m" * 281}, ["#/author", "#/message"]),
            ({**NEW, "likes": 2**63}, ["#/likes"]),
            ({**NEW, "likes": None}, ["#/likes"]),
            ({**NEW, "id": 5}, ["#/id"]),
        ):
            request = post(body)
            _, problem = self.ask(request, 422)
            found = sorted({error["pointer"] for error in problem["errors"]})
            self.equal(request, f"mistakes of {body}", found, pointers)
            if not all(isinstance(error["detail"], str) for error in problem["errors"]):
                raise Broken(f"{request}: a mistake without a detail")
        self.ask(post([]), 422)
        status = self.client.ask(Request("POST", "/tweets", b"{")).status
        if status not in (400, 422):
            raise Broken(f"a body that is not JSON is answered {status}")

    def settings(self) -> None:
        """Check WAL and synchronous=FULL on every connection the application holds open."""
        seen = 0
        for each in gc.get_objects():
            if not isinstance(each, sqlite3.Connection):
                continue
            try:
                path = each.execute("PRAGMA database_list").fetchone()[2]
                settings = tuple(
                    each.execute(f"PRAGMA {name}").fetchone()[0]
                    for name in ("journal_mode", "synchronous")
                )
            except sqlite3.ProgrammingError:
                # Closed, or another thread's.
                continue
            if path and os.path.samefile(path, self.path):
                seen += 1
                if settings != ("wal", 2):
                    raise Broken(f"journal_mode and synchronous are {settings}, not WAL and 2")
        if not seen:
            raise Broken("no open connection to check the SQLite settings of")
