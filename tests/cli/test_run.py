from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.needs import only_in_ci
from tests.serving.servers import (
    COMMANDS,
    PATIENCE,
    Answer,
    Server,
    announcement,
    openrest_run,
    started,
)

APP = "examples.tweets:app"

#: An API with a list in memory and operations that wait, fail and break their contract.
CLOCK = """
import time

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse


class Bell(models.Model):
    name = models.StringField(required=True)
    id = models.PkField()


class Bells(Controller):
    resource = {
        "resource_name": "bells",
        "resource": [{"name": "first"}],
        "model": Bell,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}

    @operation("GET", "/slow", returns="record")
    def slow(self, call: Call) -> Result:
        time.sleep(1)
        return Result(self.store.get(1))

    @operation("GET", "/failing", returns="record")
    def failing(self, call: Call) -> Result:
        raise RuntimeError("the clapper fell off")

    @operation("GET", "/surprising", returns="record")
    def surprising(self, call: Call) -> Result:
        return Result(None, 418)


app = WSGIDispatcher([Bells], title="Bells")
"""


@pytest.fixture
def clock(folder: Path) -> Path:
    file = folder / "clock.py"
    file.write_text(CLOCK)
    return file


def test_the_addresses_to_open_are_printed_and_answer(folder: Path) -> None:
    with openrest_run(folder, APP) as server:
        assert server.announced == (
            f"Swagger UI  http://127.0.0.1:{server.port}/docs\n"
            f"Document    http://127.0.0.1:{server.port}/openapi.json\n"
            f"tweets      http://127.0.0.1:{server.port}/tweets\n"
            "Stop with Ctrl+C\n"
        )
        for path in ("/docs", "/openapi.json", "/tweets"):
            assert server.ask("GET", path).status == 200


def test_a_server_on_every_address_prints_one_that_can_be_opened(folder: Path) -> None:
    with openrest_run(folder, APP, "--host", "0.0.0.0") as server:
        assert server.announced.startswith(f"Swagger UI  http://127.0.0.1:{server.port}/docs\n")
        assert server.ask("GET", "/tweets").status == 200


@pytest.mark.parametrize(
    ("hosts", "named"), [(["api.test", "127.0.0.1"], "127.0.0.1"), (["localhost"], "localhost")]
)
def test_an_address_is_printed_that_the_application_answers_for(
    clock: Path, hosts: list[str], named: str
) -> None:
    clock.write_text(CLOCK.replace("([Bells]", f"([Bells], hosts={hosts}"))
    with openrest_run(clock.parent, "clock:app") as server:
        assert server.announced.startswith(f"Swagger UI  http://{named}:{server.port}/docs\n")
        assert "421" not in server.announced
        assert server.ask("GET", "/bells", Host=f"{named}:{server.port}").status == 200


def test_where_it_answers_for_none_of_them_that_is_said(clock: Path) -> None:
    clock.write_text(CLOCK.replace("([Bells]", "([Bells], hosts=['api.test']"))
    with openrest_run(clock.parent, "clock:app") as server:
        assert (
            "127.0.0.1 is none of the hosts that the application answers for: such requests are "
            "answered 421. Add '127.0.0.1' to the argument hosts to open these.\n"
        ) in server.announced
        assert server.ask("GET", "/bells").status == 421


def test_an_ipv6_address_stands_in_brackets(folder: Path) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    with openrest_run(folder, APP, "--host", "::1") as server:
        assert server.announced.startswith(f"Swagger UI  http://[::1]:{server.port}/docs\n")
        server.host = "::1"
        assert server.ask("GET", "/tweets").status == 200


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_port_that_is_taken_is_a_sentence(openrest: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for options in ([], ["--reload"]):
            result = openrest("run", APP, "--port", str(port), *options)
            assert result.stderr == (
                f"Error: 127.0.0.1:{port} cannot be listened on: Address already in use. Choose "
                "another --host or --port.\n"
            )
            assert result.exit_code == 1


def test_a_host_that_is_not_of_this_machine_is_a_sentence(openrest: Command) -> None:
    result = openrest("run", APP, "--host", "192.0.2.1")
    assert result.stderr == (
        "Error: 192.0.2.1:5000 cannot be listened on: Cannot assign requested address. Choose "
        "another --host or --port.\n"
    )
    assert result.exit_code == 1


def test_several_workers_are_refused_where_records_are_in_memory(
    openrest: Command, clock: Path
) -> None:
    result = openrest("run", "clock", "--workers", "2")
    assert result.stderr == (
        "Error: What is written to bells is in memory: each of 2 processes would have its own, "
        "and miss what is written to the others. Use --workers 1, and --threads.\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize("store", ["OverlayDataStore({})", "{}"])
def test_several_workers_are_refused_whatever_is_around_what_is_in_memory(
    openrest: Command, clock: Path, store: str
) -> None:
    plain = 'PythonListDataStore([{"name": "first"}], Bell)'
    source = clock.read_text()
    source = source.replace('        "resource": [{"name": "first"}],\n', "")
    source = source.replace(
        '"datastore": PythonListDataStore', f'"datastore": {store.format(plain)}'
    )
    clock.write_text("from openrest.datastore import OverlayDataStore\n" + source)
    result = openrest("run", "clock", "--workers", "2")
    assert "What is written to bells is in memory" in result.stderr
    assert result.exit_code == 1


def test_several_workers_may_read_what_is_in_memory(clock: Path) -> None:
    clock.write_text(CLOCK.replace('["GET", "POST"]', '["GET"]'))
    with openrest_run(clock.parent, "clock", "--workers", "2") as server:
        assert server.ask("GET", "/bells").status == 200


def test_reload_serves_from_one_process(openrest: Command) -> None:
    result = openrest("run", APP, "--reload", "--workers", "2")
    assert result.stderr == (
        "Usage: openrest run [OPTIONS] APP\n"
        "Try 'openrest run --help' for help.\n"
        "\n"
        "Error: --reload serves from one process: leave --workers out.\n"
    )
    assert result.exit_code == 2


@pytest.mark.parametrize("workers", [1, 3])
def test_there_are_as_many_processes_as_asked_for(folder: Path, workers: int) -> None:
    with openrest_run(folder, APP, "--workers", str(workers)) as server:
        assert _eventually(lambda: len(_children(server.process.pid)) == workers)


def _children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_lets_requests_end_and_takes_no_new_ones(clock: Path, workers: str) -> None:
    clock.write_text(CLOCK.replace('["GET", "POST"]', '["GET"]'))
    with openrest_run(clock.parent, "clock", "--workers", workers) as server:
        answers: list[Answer] = []
        slow = [
            threading.Thread(target=lambda: answers.append(server.ask("GET", "/bells/slow")))
            for _ in range(3)
        ]
        for thread in slow:
            thread.start()
        time.sleep(0.5)
        server.send_signal(signal.SIGTERM)
        assert _eventually(lambda: not _is_open(server), seconds=0.9)
        for thread in slow:
            thread.join()
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert server.wait() == 0
        assert server.logged() == ""


def test_ctrl_c_stops_at_once_and_quietly(folder: Path) -> None:
    with openrest_run(folder, APP) as server:
        server.ask("GET", "/tweets")
        server.send_signal(signal.SIGINT)
        assert server.wait() == 0
        assert server.logged() == ""


#: The handing of a connection to a thread, which takes microseconds, takes as long as two seconds.
SLOW_HANDOVER = """
import time
from concurrent.futures import thread


class SlowLock:
    lock = thread._global_shutdown_lock

    def __enter__(self):
        with self.lock:
            time.sleep(2)

    def __exit__(self, *raised):
        pass


thread._global_shutdown_lock = SlowLock()
"""


@only_in_ci
def test_ctrl_c_stops_a_worker_that_is_handing_a_connection_to_a_thread(clock: Path) -> None:
    clock.write_text(SLOW_HANDOVER + clock.read_text())
    with openrest_run(clock.parent, "clock") as server, closing(server.socket()):
        time.sleep(0.5)
        server.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE / 2) == 0


def test_a_failed_request_is_logged_with_its_instance_and_traceback(clock: Path) -> None:
    with openrest_run(clock.parent, "clock") as server:
        answer = server.ask("GET", "/bells/failing")
        assert answer.status == 500
        first, *_, last = server.logged().splitlines()
        instance = answer.json()["instance"]
        expected = (
            rf"\d+-\d+-\d+ \d+:\d+:\d+,\d+ ERROR openrest: GET /bells/failing failed: {instance}"
        )
        assert re.fullmatch(expected, first)
        assert last == "RuntimeError: the clapper fell off"


@contextmanager
def reloading(folder: Path, app: str, **variables: str) -> Iterator[Server]:
    command = [str(COMMANDS / "openrest"), "run", app, "--port", "0", "--reload"]
    with started(command, folder, folder / "server.log", variables) as process:
        announced = announcement(process, folder / "server.log")
        port = int(announced.partition("/docs")[0].rpartition(":")[2])
        server = Server(process, "127.0.0.1", port, folder / "server.log", announced)
        assert _eventually(lambda: _is_open(server))
        yield server


@only_in_ci
def test_reload_serves_what_is_saved_and_outlives_a_broken_file(clock: Path) -> None:
    with reloading(clock.parent, "clock") as server:

        def title() -> str | None:
            try:
                return str(server.ask("GET", "/").json().get("name"))
            except (OSError, http.client.HTTPException):
                return None  # it is being replaced

        assert _eventually(lambda: title() == "Bells")
        clock.write_text(CLOCK.replace('title="Bells"', 'title="Chimes"'))
        assert _eventually(lambda: title() == "Chimes")

        clock.write_text(CLOCK + "import zebra\n")
        assert _eventually(lambda: title() == "None")
        answer = server.ask("GET", "/bells")
        assert answer.status == 500
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"] == "The application cannot be loaded; the terminal says why."
        assert "ModuleNotFoundError: No module named 'zebra'" in server.logged()

        clock.write_text(CLOCK.replace('"resource_name"', '"name"') + "#")
        sentence = "Error: clock.py, line 15: Bells has 2 mistakes:\n"
        assert _eventually(lambda: sentence in server.logged())
        assert title() == "None"  # once it answers it watches the files, too

        clock.write_text(CLOCK.replace('title="Bells"', 'title="Gongs and bells"'))
        assert _eventually(lambda: title() == "Gongs and bells")

        server.send_signal(signal.SIGTERM)
        server.wait()
        assert _eventually(lambda: not _is_open(server))


def test_reload_serves_a_list_with_a_journal_again_and_again(clock: Path) -> None:
    records = '[{"name": "first"}]'
    clock.write_text(CLOCK.replace(records, f'{{"journal": "bells.jsonl", "records": {records}}}'))
    with reloading(clock.parent, "clock") as server:
        for number in range(2):
            assert _eventually(lambda: server.ask("GET", "/bells").status == 200)
            clock.write_text(clock.read_text() + f"# {number}\n")
        assert "another store has it open" not in server.logged()


def test_reload_begins_with_an_application_that_can_be_loaded(
    openrest: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENREST_DEBUG", raising=False)
    result = openrest("run", "examples.tweet", "--reload")
    assert result.stderr == (
        f"Error: There is no module 'examples.tweet', seen from {os.getcwd()}. Did you mean "
        "'tweets'?\n"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize(("variables", "told"), [({}, True), ({"OPENREST_DEBUG": "0"}, False)])
def test_reload_checks_every_answer_unless_told_not_to(
    clock: Path, variables: dict[str, str], told: bool
) -> None:
    with reloading(clock.parent, "clock", **variables) as server:
        answer = server.ask("GET", "/bells/surprising")
        assert answer.status == 500
        # In development the error leaves the application, and the server words the answer.
        assert (answer.headers["Content-Type"] != "application/problem+json") is told
        # It is logged once the answer is on its way.
        text = "ContractError: surprising_bells answered 418"
        assert _eventually(lambda: text in server.logged())


def test_version_and_help_are_there(openrest: Command) -> None:
    from openrest import __version__

    assert openrest("--version").stdout == f"openrest, version {__version__}\n"
    for command in ("run", "routes", "spec"):
        assert openrest(command, "-h").stdout.startswith(f"Usage: openrest {command} [OPTIONS] APP")


def test_the_command_is_installed() -> None:
    done = subprocess.run([COMMANDS / "openrest", "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"openrest, version ")


def _is_open(server: Server) -> bool:
    try:
        server.socket().close()
    except OSError:
        return False
    return True


def _eventually(fact: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.05)
    return fact()
