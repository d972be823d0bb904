from __future__ import annotations

import re
import subprocess
from pathlib import Path

from openrest import __version__
from openrest.messages import texts
from tests.catalogues import read_po
from tests.cli.conftest import Command
from tests.serving.servers import COMMANDS, environment

HEAD = f"""\
# What clients of an API read in problems. A name in braces is filled in. The detail of a mistake
# has no subject: it is what its place names, such as "#/age".
msgid ""
msgstr ""
"Project-Id-Version: openrest {__version__}\\n"
"Language: \\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

#. Titles, one for each status
msgid "Bad Request"
msgstr ""

"""


def test_every_text_of_the_table_is_in_the_template_untranslated(openrest: Command) -> None:
    result = openrest("messages")
    assert result.stdout.startswith(HEAD)
    found = read_po(result.stdout)
    assert tuple(found)[1:] == texts()
    assert set(list(found.values())[1:]) == {""}
    assert result.exit_code == 0


def test_the_translator_is_told_what_a_placeholder_is(openrest: Command) -> None:
    wanted = """
#. What is wrong with the parameters or the headers: the detail of a mistake
#. Of a key in an address, which has one spelling: {value}.
#, python-brace-format
msgid "is written {value}"
msgstr ""

"""
    assert wanted in openrest("messages").stdout


def test_a_text_is_flagged_as_a_template_where_it_has_placeholders(openrest: Command) -> None:
    for entry in openrest("messages").stdout.split("\n\n")[1:]:
        flagged = "#, python-brace-format" in entry
        assert flagged == bool(re.search(r'^msgid ".*\{', entry, re.MULTILINE))


def test_the_template_is_utf_8_and_needs_no_application(folder: Path) -> None:
    command = [str(COMMANDS / "openrest"), "messages"]
    variables = environment(PYTHONIOENCODING="ascii")
    done = subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
    assert done.stdout.decode().startswith(HEAD)
    assert list(folder.iterdir()) == []
