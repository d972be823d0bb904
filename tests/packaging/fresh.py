"""What has to work where nothing is installed but the wheel: run by .ci/run in such a place."""

import subprocess
import sys
from pathlib import Path

from werkzeug.test import Client

import openrest
from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse


class Note(models.Model):
    fields = [models.StringField(name="text", required=True), models.PkField(name="id")]


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}


app = WSGIDispatcher([Notes])


def main() -> None:
    package = Path(openrest.__file__).parent
    assert package.is_relative_to(sys.prefix), package
    assert (package / "py.typed").is_file()
    client = Client(app)
    assert client.post("/notes", json={"text": "a"}).headers["Location"] == "/notes/1"
    for path in ("/docs", "/docs/swagger-ui-bundle.js", "/openapi.json", "/openapi.yaml"):
        assert client.get(path).status_code == 200, path
    assert not {"flask", "hypothesis", "pytest", "schemathesis"} & sys.modules.keys()
    command = [str(Path(sys.executable).parent / "openrest"), "routes", "fresh"]
    table = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, check=True)
    assert table.stdout.startswith(b"METHOD  PATH"), table
    sys.stdout.write(f"openrest {openrest.__version__} works on its own.\n")


if __name__ == "__main__":
    main()
