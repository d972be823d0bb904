"""CSVDataStore and the files that there are: dialects, encodings, other columns, bad rows."""

from __future__ import annotations

import codecs
import csv
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import validate

from openrest import models
from openrest.datastore import CSVDataStore, UniqueTogether
from openrest.datastore.cells import cell
from openrest.datastore.csv_rows import Dialect, UnclosedQuote
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordConflict,
    StoreError,
    StoreUnavailable,
    TableMismatch,
)
from openrest.interfaces import Record
from openrest.models import model_shape
from openrest.models.text import text_reader
from openrest.models.variants import stored_shape
from openrest.models.walking import stored_object
from openrest.query import Query
from openrest.rehearsal import rehearsal
from openrest.testing.store_base import SHAPES, Everything, exact, values


class Person(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="name", required=True),
        models.IntegerField(name="age", allow_none=True, validate=validate.Range(0, 150)),
        models.StringField(name="nick"),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def people(path: Path, text: str | bytes | None = None, **options: Any) -> CSVDataStore:
    """A store of the file, which has this text first."""
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CSVDataStore({"path": path, **options}, Person)


def found(store: CSVDataStore) -> list[Record]:
    return list(store.find(Query()))


def test_a_missing_file_is_made_with_its_header(path: Path) -> None:
    people(path)
    assert path.read_bytes() == b"id,name,age,nick\r\n"
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_row_that_is_not_changed_is_written_as_it_was(path: Path) -> None:
    store = people(
        path,
        '\n"town";nick;id;age;name\n'
        '  Paris ;"";7;"36";Ada\n\n'
        "\"'x';y\";;1;;Grace\n"
        "Rome;;3;;'Kay'",
    )
    assert found(store) == [
        {"id": 1, "name": "Grace", "age": None},
        {"id": 3, "name": "'Kay'", "age": None},
        {"id": 7, "name": "Ada", "age": 36, "nick": ""},
    ]
    store.update(7, lambda record: {**record, "age": 37})
    store.delete(1)
    assert store.insert({"name": "a;b", "nick": ""})["id"] == 8
    assert path.read_text() == (
        '\n"town";nick;id;age;name\n  Paris ;"";7;"37";Ada\n\nRome;;3;;\'Kay\'\n;"";8;;"a;b"\n'
    )


@pytest.mark.parametrize(
    ("beginning", "row"),
    [
        ("id,name,age,nick\r\n1,Ada,,\r\n", "2,Kay,7,\r\n"),
        ("id;name;age;nick\n1;Ada;;\n", "2;Kay;7;\n"),
        ("id\tname\tage\tnick\r1\tAda\t\t\r", "2\tKay\t7\t\r"),
        ("'id'|'name'|'age'|'nick'\n'1'|'Ada'|'5'|'x'\n", "'2'|'Kay'|'7'|\n"),
        ('"id","name","age","nick"\n1,"Ada",,\n', '2,"Kay",7,\n'),
    ],
    ids=["RFC 4180", "semicolons", "tabs, old ends", "single quotes", "quotes around text"],
)
def test_a_new_row_is_written_as_the_others_are(path: Path, beginning: str, row: str) -> None:
    store = people(path, beginning)
    assert store.get(1)["name"] == "Ada"
    store.insert({"name": "Kay", "age": 7})
    assert path.read_bytes().decode() == beginning + row


@pytest.mark.parametrize(
    ("bom", "encoding", "option"),
    [
        (codecs.BOM_UTF8, "utf-8", None),
        (codecs.BOM_UTF16_LE, "utf-16-le", None),
        (codecs.BOM_UTF16_BE, "utf-16-be", None),
        (codecs.BOM_UTF32_LE, "utf-32-le", None),
        (b"", "cp1252", "cp1252"),
        (b"", "utf-16-le", "utf-16-le"),
        (codecs.BOM_UTF8, "utf-8", "UTF8"),
    ],
)
def test_the_encoding_and_its_mark_are_kept(
    path: Path, bom: bytes, encoding: str, option: str | None
) -> None:
    text = "id,name,age,nick\n1,Zoë,,\n"
    store = people(path, bom + text.encode(encoding), encoding=option)
    assert store.get(1)["name"] == "Zoë"
    store.insert({"name": "Böb"})
    assert path.read_bytes() == bom + (text + "2,Böb,,\n").encode(encoding)


@pytest.mark.parametrize(
    ("option", "bom", "encoding"),
    [
        ("utf-16", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("utf-8-sig", codecs.BOM_UTF8, "utf-8"),
        ("latin-1", b"", "latin-1"),
    ],
)
def test_a_new_file_is_of_the_encoding_that_is_given(
    path: Path, option: str, bom: bytes, encoding: str
) -> None:
    people(path, encoding=option).insert({"name": "Zoë"})
    expected = "id,name,age,nick\r\n1,Zoë,,\r\n"
    assert path.read_bytes() == bom + expected.encode(encoding)
    assert people(path, encoding=option).get(1)["name"] == "Zoë"


def test_what_an_encoding_cannot_hold_is_not_written(path: Path) -> None:
    store = people(path, "id,name,age,nick\n1,Ada,,\n", encoding="cp1252")
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        store.insert({"name": "😀"})
    assert str(caught.value) == "The encoding cp1252 has no '😀'."
    assert path.read_bytes() == before
    assert sorted(os.listdir(path.parent)) == ["people.csv", "people.csv.lock"]


def test_every_difference_of_a_header_is_named(path: Path) -> None:
    with pytest.raises(TableMismatch) as caught:
        people(path, "id,nmae,nick,nick\n")
    assert str(caught.value) == (
        f"the file {str(path)!r} has 3 mistakes:\n"
        "  - the column 'name' is missing. Did you mean 'nmae'?\n"
        "  - the column 'age' is missing.\n"
        "  - the column 'nick' is there 2 times."
    )


BAD = (
    'id,name,age,nick\n1,Ada,36,\n2,"Ka\ny",x,\n3,Kay\n1,Grace,,\n4,a"b,,\n5,"a"b,,\n,Linus,151,\n'
)
REASONS = (
    "line 3: 'age': 'x' must be an integer.",
    "line 5: there are 2 cells; the header has 4.",
    "line 6: a row before it has the same id.",
    "line 8: a quote stands where none can.",
    "line 9: 'id': '' is required; 'age': '151' must be at most 150.",
)


def test_rows_that_do_not_fit_are_refused_with_their_lines(path: Path) -> None:
    with pytest.raises(TableMismatch) as caught:
        people(path, BAD)
    assert caught.value.mistakes == REASONS
    assert path.read_text() == BAD


def test_rows_that_are_skipped_are_reported_and_kept(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = people(path, BAD, on_bad_row="skip")
    assert [text.partition(": skipped ")[2] for text in caplog.messages] == list(REASONS)
    assert [(r["id"], r["name"]) for r in found(store)] == [(1, "Ada"), (4, 'a"b')]
    store.insert({"name": "Barbara"})
    store.update(1, lambda record: {**record, "age": 37})
    store.delete(4)
    changed = BAD.replace("36", "37").replace('4,a"b,,\n', "")
    assert path.read_text() == changed + "5,Barbara,,\n"


def test_the_key_of_a_bad_row_is_taken(path: Path) -> None:
    store = people(path, "id,name,age,nick\n1,Ada,36,\n7,Kay,x,\n", on_bad_row="skip")
    with pytest.raises(RecordConflict):
        store.insert({"id": 7, "name": "Barbara"})
    assert store.insert({"name": "Barbara"})["id"] == 8


def test_of_many_bad_rows_the_first_are_named(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "id,name,age,nick\n" + "x,Ada,,\n" * 23
    with pytest.raises(TableMismatch) as caught:
        people(path, text)
    assert len(caught.value.mistakes) == 21
    assert caught.value.mistakes[-1] == "3 more rows do not fit the model."
    people(path, on_bad_row="skip")
    assert caplog.messages[-1] == f"{path}: skipped 3 more rows"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'id,name,age,nick\n1,Ada,,\n2,"Kay,,\n3,x,,\n', "line 3: a quote is nowhere closed."),
        (
            b"id,name,age,nick\n1,Ada,,\n2,\xff,,\n",
            "line 3: the bytes are not of the encoding utf-8.",
        ),
        (b"\n\n", "there is no header."),
        (b'"id"x,y\n', "line 1: a quote stands where none can."),
    ],
)
@pytest.mark.parametrize("on_bad_row", ["refuse", "skip"])
def test_a_file_that_cannot_be_taken_apart_is_refused(
    path: Path, text: bytes, reason: str, on_bad_row: str
) -> None:
    with pytest.raises(TableMismatch) as caught:
        people(path, text, on_bad_row=on_bad_row)
    assert caught.value.mistakes == (reason,)
    assert path.read_bytes() == text


@pytest.mark.parametrize(
    "text", ["id,name,age,nick\n1,Ada,x,\n", "id,name\n1,Ada\n", 'id,name,age,nick\n1,"Ada,,\n', ""]
)
def test_a_file_that_is_broken_meanwhile_is_neither_served_nor_written(
    path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = "id,name,age,nick\n1,Ada,,\n"
    store = people(path, good)
    path.write_text(text)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            store.get(1)
        with pytest.raises(StoreUnavailable):
            store.insert({"name": "Kay"})
        with pytest.raises(StoreUnavailable):
            store.ping()
    assert path.read_text() == text
    if "x" in text:
        assert "line 2: 'age': 'x' must be an integer." in caplog.text
    path.write_text(good)
    assert store.insert({"name": "Kay"})["id"] == 2


def test_a_file_that_is_gone_is_an_unavailable_store(path: Path) -> None:
    store = people(path, "id,name,age,nick\n1,Ada,,\n")
    path.unlink()
    for action in (lambda: store.get(1), lambda: store.delete(1)):
        with pytest.raises(StoreUnavailable) as caught:
            action()
        assert str(caught.value) == f"{path}: the file is gone"
    assert not path.exists()


def test_what_somebody_else_writes_is_there_at_the_next_request(path: Path) -> None:
    store = people(path, "id,name,age,nick\n1,Ada,,\n")
    with rehearsal():
        assert store.insert({"name": "Kay"})["id"] == 2
    path.write_text("nick,id,town,name,age\n,5,Rome,Bob,\n")
    assert found(store) == [{"id": 5, "name": "Bob", "age": None}]
    store.insert({"name": "Eve"})
    assert path.read_text() == "nick,id,town,name,age\n,5,Rome,Bob,\n,6,,Eve,\n"
    # The same size and the same time of change: the inode tells.
    seen = path.stat()
    path.write_text(path.read_text().replace("Eve", "Eva"))
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert store.get(6)["name"] == "Eva"


def test_a_file_that_is_changed_while_a_write_is_prepared_is_not_overwritten(path: Path) -> None:
    store = people(path, "id,name,age,nick\n1,Ada,,\n")

    def meanwhile(record: Record) -> Record:
        path.write_text("id,name,age,nick\n1,Bob,,\n")
        return {**record, "name": "Eve"}

    with pytest.raises(StoreUnavailable, match="another program has changed it meanwhile"):
        store.update(1, meanwhile)
    assert path.read_text() == "id,name,age,nick\n1,Bob,,\n"
    assert store.get(1)["name"] == "Bob"


def test_a_key_is_not_given_again_when_the_file_is_opened_again(path: Path) -> None:
    store = people(path)
    assert [store.insert({"name": name})["id"] for name in "abc"] == [1, 2, 3]
    store.delete(3)
    assert people(path).insert({"name": "d"})["id"] == 4


def test_a_link_stays_a_link_and_the_mode_what_it_was(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    store = people(link)
    real.chmod(0o640)
    store.insert({"name": "Ada"})
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text().splitlines()[1] == "1,Ada,,"


def test_left_over_files_of_a_killed_process_are_in_nobodys_way(path: Path) -> None:
    store = people(path)
    path.with_name("people.csv.new").write_text("half of a fi")
    store.insert({"name": "Ada"})
    assert sorted(os.listdir(path.parent)) == ["people.csv", "people.csv.lock"]


def test_values_that_two_rows_share_are_bad_rows(path: Path) -> None:
    path.write_text("id,name,age,nick\n1,Ada,,\n2,Ada,,\n")
    resource = {"path": path, "on_bad_row": "skip"}
    store = CSVDataStore(resource, Person, [UniqueTogether("name")])
    assert [record["id"] for record in found(store)] == [1]
    with pytest.raises(RecordConflict):
        store.insert({"name": "Ada"})


def test_every_mistake_in_a_resource_is_named(tmp_path: Path) -> None:
    resource = {
        "pth": "people.csv",
        "encoding": "utf-9",
        "delimiter": ";;",
        "quote": "",
        "on_bad_row": "skipp",
        "timeout": -1,
    }
    with pytest.raises(ConfigurationError) as caught:
        CSVDataStore(resource, Person)
    assert str(caught.value) == (
        "CSVDataStore of Person has 7 mistakes:\n"
        "  - resource: unknown key 'pth'. Did you mean 'path'?\n"
        "  - resource['path'] must be the path of a file, not None.\n"
        "  - resource['encoding'] must be the name of an encoding, not 'utf-9'.\n"
        "  - resource['delimiter'] must be one character, not ';;'.\n"
        "  - resource['quote'] must be one character, not ''.\n"
        "  - resource['on_bad_row'] must be 'refuse' or 'skip', not 'skipp'. Did you mean 'skip'?\n"
        "  - resource['timeout'] must be a number of seconds, at most 3600, not -1."
    )
    for wrong, message in (
        ("people.csv", 'resource must be like {"path": "people.csv"}, not \'people.csv\'.'),
        ({"path": tmp_path}, f"resource['path']: {tmp_path} is a directory."),
        (
            {"path": tmp_path / "no" / "a.csv"},
            f"resource['path']: there is no directory {tmp_path / 'no'}.",
        ),
        (
            {"path": tmp_path / "a.csv", "delimiter": "'", "quote": "'"},
            "resource['delimiter'] and resource['quote'] must not be the same.",
        ),
        (
            {"path": tmp_path / "a.csv", "encoding": "rot13"},
            "resource['encoding'] must be the name of an encoding, not 'rot13'.",
        ),
    ):
        with pytest.raises(ConfigurationError) as caught:
            CSVDataStore(wrong, Person)
        assert caught.value.mistakes == (message,)


def test_a_change_cannot_write_to_the_store_that_runs_it(path: Path) -> None:
    store = people(path, "id,name,age,nick\n1,Ada,,\n")

    def nested(record: Record) -> Record:
        store.insert({"name": "Grace"})
        return record

    with pytest.raises(ContractError):
        store.update(1, nested)
    assert store.insert({"name": "Grace"})["id"] == 2


def test_no_key_is_given_after_the_last_one(path: Path) -> None:
    store = people(path, f"id,name,age,nick\n{2**63 - 1},Ada,,\n")
    with pytest.raises(StoreError) as caught:
        store.insert({"name": "Grace"})
    assert str(caught.value) == "Every key has been given: no record can be added."


SIGNS = st.sampled_from(["a", " ", ",", ";", "'", '"', "\r", "\n", "\0", "é", "😀"])
TEXTS = st.text(SIGNS, max_size=8)


@given(
    st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=5),
    st.sampled_from([Dialect(), Dialect(delimiter=";", quote="'", end="\n"), Dialect(end="\r")]),
    st.booleans(),
)
def test_any_text_is_read_as_it_was_written(
    rows: list[list[str]], dialect: Dialect, quoted: bool
) -> None:
    written = [
        dialect.delimiter.join(dialect.cell(text, quoted=quoted) for text in row) + dialect.end
        for row in rows
    ]
    lines = "".join(written).splitlines(keepends=True)
    read = list(dialect.rows(lines))
    assert [row.text for row in read] == written
    assert [[*map(dialect.text, row.cells or ())] for row in read] == rows
    # Another reader of the same dialect agrees, but for lone ends of lines.
    if "\r" not in "".join(map("".join, rows)) and dialect.end != "\r":
        other = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote)
        assert list(other) == rows


@given(st.text(SIGNS, max_size=40))
def test_no_text_is_lost_between_the_rows(text: str) -> None:
    lines = text.splitlines(keepends=True)
    try:
        assert "".join(row.text for row in Dialect().rows(lines)) == text
    except UnclosedQuote as unclosed:
        assert '"' in lines[unclosed.line - 1]


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries({name: values(name) for name in SHAPES if name != "id"}),
    st.permutations(["town", *SHAPES]),
    st.sampled_from([",", ";", "\t", "|"]),
    TEXTS,
)
def test_any_record_and_any_other_column_are_kept(
    path_of: Path, record: Record, names: list[str], delimiter: str, town: str
) -> None:
    dialect = Dialect(delimiter=delimiter, end="\n")
    other = dialect.cell(town, quoted=True)
    path_of.write_text(delimiter.join(names) + "\n", encoding="utf-8", newline="")
    store = CSVDataStore({"path": path_of}, Everything)
    kept = store.insert(record)
    row = path_of.read_bytes().decode()[len(delimiter.join(names)) + 1 :]
    cells = dialect.cells(row)
    assert cells is not None
    cells[names.index("town")] = other
    path_of.write_text(
        delimiter.join(names) + "\n" + delimiter.join(cells) + "\n", encoding="utf-8", newline=""
    )
    assert exact(store.get(kept["id"])) == exact(kept)
    store.update(kept["id"], lambda found: {**found, "level": 2, "flag": True})
    changed = dialect.cells(path_of.read_bytes().decode()[len(delimiter.join(names)) + 1 :])
    assert changed is not None
    same = [name for name in names if name not in ("level", "flag")]
    assert [changed[names.index(name)] for name in same] == [cells[names.index(n)] for n in same]
    assert exact(store.get(kept["id"])) == exact({**kept, "level": 2, "flag": True})


@pytest.fixture(scope="module")
def path_of(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drawn") / "everything.csv"


SHORT = st.from_regex(r"-?[0-9]{0,5}(\.[0-9]{0,8})?(e[0-9])?", fullmatch=True)


@given(
    st.sampled_from(stored_object(model_shape(Everything)[0]).members),
    SHORT | st.text(max_size=7) | st.sampled_from(["true", "True", "-0", "00", "²", "9" * 19]),
)
def test_a_cell_is_read_as_a_query_parameter_is(member: Any, text: str) -> None:
    shape = stored_shape(member.shape)
    if member.name in ("raw", "any", "strings", "prices", "weeks"):
        return
    mistakes: list[Any] = []
    expected = text_reader(shape)([text], mistakes)
    try:
        assert exact(cell(member).decode(text)) == exact(expected)
    except ValueError as error:
        assert str(error) == ", ".join(str(mistake.detail) for mistake in mistakes)
    else:
        assert not mistakes


def test_records_that_come_and_go_leave_no_gaps_in_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openrest.datastore.csv_table._GONE", 3)
    store = people(path, "id,name,age,nick,note\n\n1,Ada,,,first\nx,bad,,,\n", on_bad_row="skip")
    for _ in range(20):
        store.delete(store.insert({"name": "Bob"})["id"])
    assert len(store._state.served.rows) < 10
    store.update(1, lambda person: {**person, "nick": "Countess"})
    assert path.read_text() == "id,name,age,nick,note\n\n1,Ada,,Countess,first\nx,bad,,,\n"
    assert found(people(path, on_bad_row="skip")) == found(store)
