from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command

TABLE = """\
METHOD  PATH                  OPERATION       STATUSES
GET     /tweets               list_tweets     200 304 406 414 422 431 500 503
POST    /tweets               create_tweets   201 400 406 413 414 415 422 431 500 503
GET     /tweets/{id}          get_tweets      200 304 404 406 414 422 431 500 503
PUT     /tweets/{id}          update_tweets   200 400 404 406 412 413 414 415 422 431 500 503
PATCH   /tweets/{id}          patch_tweets    200 400 404 406 412 413 414 415 422 431 500 503
DELETE  /tweets/{id}          delete_tweets   204 404 412 414 422 431 500 503
POST    /tweets/{id}/retweet  retweet_tweets  200 404 406 414 422 431 500 503
GET     /                     index           200 303 406 414 422 431 500
GET     /schema               list_schema     200 406 414 422 431 500
GET     /schema/{resource}    get_schema      200 404 406 414 422 431 500
"""

HIDDEN = """\
GET     /openapi.json               openapi_json               200 406 414 422 431 500
GET     /openapi.yaml               openapi_yaml               200 406 414 422 431 500
GET     /docs                       docs                       200 406 414 422 431 500
GET     /docs/start.js              docs_start                 200 406 414 422 431 500
GET     /docs/swagger-ui.css        docs_swagger-ui.css        200 406 414 422 431 500
GET     /docs/swagger-ui-bundle.js  docs_swagger-ui-bundle.js  200 406 414 422 431 500
GET     /docs/favicon-32x32.png     docs_favicon-32x32.png     200 406 414 422 431 500
"""


def test_the_table_of_operations_is_printed(openrest: Command) -> None:
    result = openrest("routes", "examples.tweets:app")
    assert result.stdout == TABLE
    assert result.exit_code == 0


def test_all_shows_what_the_document_leaves_out_too(openrest: Command) -> None:
    result = openrest("routes", "examples.tweets:app", "--all")
    assert result.stdout.endswith(HIDDEN)
    assert len(result.stdout.splitlines()) == len((TABLE + HIDDEN).splitlines())


def test_the_data_is_left_alone(openrest: Command, folder: Path) -> None:
    (folder / "chirps.py").write_text("from examples.tweets import Tweets\n"
                                      "from openrest.controllers import WSGIDispatcher\n"
                                      "app = WSGIDispatcher([Tweets])\n")  # fmt: skip
    assert openrest("routes", "chirps").exit_code == 0
    assert [path.name for path in folder.iterdir() if path.suffix != ""] == ["chirps.py"]
