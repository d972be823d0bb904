"""Schemas that marshmallow-sqlalchemy makes of mapped classes, as they are, as models."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from marshmallow_sqlalchemy import SQLAlchemyAutoSchema, SQLAlchemySchema, auto_field
from marshmallow_sqlalchemy.fields import Nested
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from werkzeug.test import Client

from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError
from openrest.models import model_shape
from openrest.models.loading import wire_loader
from openrest.models.shapes import Object
from openrest.models.variants import create_shape
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.needs import only_in_ci


class Base(DeclarativeBase):
    pass


class Genre(enum.Enum):
    JAZZ = "jazz"
    ROCK = "rock"


class Artist(Base):
    __tablename__ = "artists"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50))
    albums: Mapped[list[Album]] = relationship(back_populates="artist")


class Album(Base):
    __tablename__ = "albums"
    number: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(80))
    genre: Mapped[Genre | None]
    released: Mapped[dt.date | None]
    recorded: Mapped[dt.datetime | None] = mapped_column(sa.DateTime(timezone=True))
    price: Mapped[decimal.Decimal] = mapped_column(sa.Numeric(8, 2))
    rating: Mapped[float | None]
    live: Mapped[bool] = mapped_column(default=False)
    barcode: Mapped[uuid.UUID | None]
    artist_id: Mapped[int] = mapped_column(sa.ForeignKey("artists.id"))
    artist: Mapped[Artist] = relationship(back_populates="albums")


class ArtistSchema(SQLAlchemyAutoSchema[Any]):
    class Meta:
        model = Artist


class Columns(SQLAlchemyAutoSchema[Any]):
    """All columns, and the foreign key."""

    class Meta:
        model = Album
        include_fk = True


class Instances(SQLAlchemyAutoSchema[Any]):
    """What is loaded is an album."""

    class Meta:
        model = Album
        include_fk = True
        load_instance = True


class Chosen(SQLAlchemySchema[Any]):
    """Some columns, one of them by another name."""

    class Meta:
        model = Album

    number = auto_field(dump_only=True)
    name = auto_field("title")
    price = auto_field()


class NestedArtist(SQLAlchemyAutoSchema[Any]):
    class Meta:
        model = Artist
        load_instance = True
        exclude = ("id",)


class WithArtist(SQLAlchemyAutoSchema[Any]):
    """An album and its artist, loaded as instances of both."""

    class Meta:
        model = Album
        load_instance = True

    artist = Nested(NestedArtist, required=True)


SCHEMAS = [Columns, Instances, Chosen, WithArtist]
ALBUM = {"title": "Blue", "price": "9.90"}
OTHERS = {
    "genre": "JAZZ",
    "released": "1971-06-22",
    "recorded": "1971-01-10T09:30:00Z",
    "rating": 4.5,
    "live": False,
    "barcode": "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b",
}
SENT: dict[Any, dict[str, Any]] = {
    Columns: {**ALBUM, **OTHERS, "artist_id": 3},
    Instances: {**ALBUM, **OTHERS, "artist_id": 3},
    Chosen: {"name": "Blue", "price": "9.90"},
    WithArtist: {**ALBUM, **OTHERS, "artist": {"name": "Joni"}},
}


def in_list(model: Any, _: Path) -> type[Controller]:
    return controller(model, {"resource": [], "datastore": PythonListDataStore})


def in_sqlite(model: Any, folder: Path) -> type[Controller]:
    where = {"name": str(folder / "albums.db"), "table": "albums"}
    return controller(model, {"resource": where, "datastore": SQLiteDataStore})


def controller(model: Any, stored: dict[str, Any]) -> type[Controller]:
    return type(
        "Albums",
        (Controller,),
        {
            "resource": {"resource_name": "albums", "model": model, **stored},
            "controller": {
                "list_verbs": ["GET", "POST"],
                "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            },
            "view": {"response_class": JsonResponse},
        },
    )


Make = Callable[[Any, Path], type[Controller]]


@pytest.mark.parametrize(
    ("model", "store"),
    [
        (WithArtist, in_sqlite),
        pytest.param(WithArtist, in_list, marks=only_in_ci),
        pytest.param(Columns, in_list, marks=only_in_ci),
        pytest.param(Instances, in_sqlite, marks=only_in_ci),
        pytest.param(Chosen, in_list, marks=only_in_ci),
    ],
)
def test_document_and_server_agree(model: Any, store: Make, tmp_path: Path) -> None:
    check_contract(WSGIDispatcher([store(model, tmp_path)], debug=True), examples=10, seed=1)


@pytest.mark.parametrize("store", [in_list, in_sqlite])
@pytest.mark.parametrize("model", SCHEMAS)
def test_what_is_sent_is_what_is_read(model: Any, store: Make, tmp_path: Path) -> None:
    client = Client(WSGIDispatcher([store(model, tmp_path)], debug=True))
    sent = SENT[model]
    created = client.post("/albums", json=sent)
    assert created.status_code == 201, created.text
    number = created.get_json()["number"]
    assert created.get_json() == {"number": number, **sent}
    assert client.get(f"/albums/{number}").get_json() == {"number": number, **sent}
    patched = client.patch(
        f"/albums/{number}",
        json={"price": "12.00"},
        content_type="application/merge-patch+json",
    )
    assert patched.get_json() == {"number": number, **sent, "price": "12.00"}
    assert client.post("/albums", json={**sent, "price": 9.9}).status_code == 422


def test_instances_in_lists_become_records_too() -> None:
    class Track(SQLAlchemyAutoSchema[Any]):
        class Meta:
            model = Album
            load_instance = True
            fields = ("title",)

    class Discography(SQLAlchemyAutoSchema[Any]):
        class Meta:
            model = Artist
            load_instance = True

        albums = Nested(Track, many=True)

    load = wire_loader(create_shape(model_shape(Discography)[0], "Create"))
    assert load({"name": "Joni", "albums": [{"title": "Blue"}, {"title": "Hejira"}]}) == {
        "id": None,
        "name": "Joni",
        "albums": [{"title": "Blue"}, {"title": "Hejira"}],
    }


@pytest.mark.parametrize("model", [Columns, Instances])
def test_a_column_that_may_be_null_is_shown_as_null(model: Any, tmp_path: Path) -> None:
    client = Client(WSGIDispatcher([in_list(model, tmp_path)], debug=True))
    created = client.post("/albums", json={**ALBUM, "artist_id": 3}).get_json()
    assert created == {
        "number": created["number"],
        **ALBUM,
        "genre": None,
        "released": None,
        "recorded": None,
        "rating": None,
        "barcode": None,
        "artist_id": 3,
    }


def test_the_key_is_the_primary_key_of_the_table() -> None:
    assert [model_shape(model)[1].name for model in SCHEMAS] == ["number"] * 4
    assert model_shape(ArtistSchema)[1].name == "id"


@pytest.mark.parametrize(("model", "may_refuse"), [(Columns, False), (Instances, True)])
def test_a_schema_that_makes_no_instances_has_no_hooks(model: Any, may_refuse: bool) -> None:
    shape = model_shape(model)[0]
    assert isinstance(shape, Object)
    assert (shape.refine is not None) is may_refuse


@pytest.mark.parametrize(("mapped", "field"), [(Album, "artist"), (Artist, "albums")])
def test_relationships_are_refused_with_what_to_do(mapped: Any, field: str) -> None:
    class Related(SQLAlchemyAutoSchema[Any]):
        class Meta:
            model = mapped
            include_relationships = True

    with pytest.raises(ConfigurationError) as refused:
        in_list(Related, Path())
    assert str(refused.value) == (
        f"Albums: resource.model: Related: field {field!r}: a relationship is another row, which "
        "only a session can find: leave include_relationships out, show its key with "
        "include_fk = True, or nest a schema"
    )
