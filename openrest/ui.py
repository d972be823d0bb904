"""The pages: Swagger UI from a package on disk, under a strict Content-Security-Policy."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from openrest import pipeline
from openrest.bodies import Limits
from openrest.contract import Header, ResponseSpec
from openrest.models import shapes as s
from openrest.operations import Call, Operation, Result
from openrest.views.raw import bytes_response

__all__ = ["page_rows"]

#: Everything comes from this server, and no script or style stands in the page itself.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "no-referrer"),
    # For browsers that do not know frame-ancestors (RFC 7034).
    ("X-Frame-Options", "DENY"),
)
_ASSET_HEADERS = (("Cache-Control", "public, max-age=3600"),)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; <a href="openapi.json">the document</a> does not.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_START = b"""window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  showCommonExtensions: true,
  defaultModelExpandDepth: 3,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""

#: The same, which asks for the document again as whoever has authorized there. What is refused
#: leaves the page as it is, and the page says why.
_START_FOR_ONE = b"""function credentials(system) {
  const sent = {headers: {}, query: new URLSearchParams()};
  const known = system.authSelectors.authorized();
  for (const {name, schema, value, token} of Object.values(known ? known.toJS() : {})) {
    if (schema.type === "apiKey" && schema.in === "header") {
      sent.headers[schema.name] = value;
    } else if (schema.type === "apiKey" && schema.in === "query") {
      sent.query.set(schema.name, value);
    } else if (schema.type === "http" && schema.scheme.toLowerCase() === "basic") {
      const bytes = new TextEncoder().encode(`${value.username}:${value.password}`);
      sent.headers["Authorization"] = `Basic ${btoa(String.fromCharCode(...bytes))}`;
    } else if (schema.type !== "apiKey") {  // of which a cookie goes by itself
      sent.headers["Authorization"] = `Bearer ${token ? token.access_token : value}`;
    }
  }
  return sent;
}

async function documentFor({headers, query}) {
  const answer = await fetch(`openapi.json?${query}`, {headers});
  const text = await answer.text();
  if (answer.ok) {
    return text;
  }
  const isProblem = answer.headers.get("Content-Type") === "application/problem+json";
  throw new Error(`${answer.status} ${isProblem ? JSON.parse(text).detail : answer.statusText}`);
}

let last = 0;

function askAgain(original, system) {
  return (...given) => {
    const result = original(...given);
    const mine = ++last;
    system.errActions.clear({source: "auth"});
    // What comes late was asked for by who is here no longer.
    documentFor(credentials(system)).then(
      text => mine === last && system.specActions.updateSpec(text),
      ({message}) => mine === last && system.errActions.newAuthErr(
        {source: "auth", level: "error", message}
      ),
    );
    return result;
  };
}

const askAgainPlugin = {
  statePlugins: {
    auth: {wrapActions: {authorize: askAgain, authorizeOauth2: askAgain, logout: askAgain}},
  },
};

""" + _START.replace(b"  presets:", b"  plugins: [askAgainPlugin],\n  presets:")

_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


def page_rows(title: str, limits: Limits, *, for_all: bool = True) -> Iterator[Operation]:
    """``/docs`` and the files that it loads; the document is the same `for_all`, or is not."""
    start = _START if for_all else _START_FOR_ONE
    page = _PAGE.format(title=html.escape(title)).encode()
    yield _row("docs", "/docs", "text/html", _PAGE_HEADERS, lambda: page, limits)
    yield _row(
        "docs_start", "/docs/start.js", "text/javascript", _ASSET_HEADERS, lambda: start, limits
    )
    folder = _folder()
    for name, media_type in _FILES.items():
        read = (folder / name).read_bytes
        yield _row(f"docs_{name}", f"/docs/{name}", media_type, _ASSET_HEADERS, read, limits)


def _folder() -> Path:
    """Where Swagger UI is on disk; what is missing is found at start, not by a browser."""
    # find_spec does not import the package, which would import Flask.
    spec = find_spec("flask_swagger_ui")
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location) / "dist"
        if all((folder / name).is_file() for name in _FILES):
            return folder
    raise ModuleNotFoundError("The pages need the files of flask-swagger-ui: pip install openrest")


def _row(
    id: str,
    path: str,
    media_type: str,
    headers: tuple[tuple[str, str], ...],
    read: Callable[[], bytes],
    limits: Limits,
) -> Operation:
    def handler(call: Call) -> Result:
        return Result(read(), headers=headers)

    spec = ResponseSpec(
        status=200,
        description="The file",
        content="value",
        headers=tuple(Header(name=name, shape=s.String()) for name, _ in headers),
    )
    own = pipeline.contribution("page", None, None, (media_type,), limits, can_be_away=False)
    responses = sorted([spec, *own.responses], key=lambda spec: spec.status)
    return Operation(
        id=id,
        method="GET",
        path=path,
        handler=handler,
        responses=tuple(responses),
        response_classes=(bytes_response(media_type),),
        documented=False,
    )
