"""What GeoPackage needs beyond OGR: layer names, the style QGIS opens with, the run record."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

GEOMETRY_COLUMN = "geom"

_OF_QGIS = ("layer_styles", "layer_metadata")
_RESERVED = ("gpkg_", "rtree_", "sqlite_", "layer_styles")

RUN_STANDARD = "urn:cwsam:run"
_GDAL = "http://gdal.org"
"""``md_standard_uri`` of the run record in gpkg_metadata."""

# QGIS creates exactly this table when a user saves a style into the database.
_STYLES_TABLE = """
CREATE TABLE IF NOT EXISTS "layer_styles" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "f_table_catalog" TEXT(256), "f_table_schema" TEXT(256), "f_table_name" TEXT(256),
    "f_geometry_column" TEXT(256), "styleName" TEXT(30), "styleQML" TEXT, "styleSLD" TEXT,
    "useAsDefault" BOOLEAN, "description" TEXT, "owner" TEXT(30), "ui" TEXT(30),
    "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""

# Table definitions of the GeoPackage standard, annex C.
_METADATA_TABLES = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
    scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE IF NOT EXISTS gpkg_metadata (
    id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
    md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
    mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS gpkg_metadata_reference (
    reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
    timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
    CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
    CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
"""


def check_layer_name(layer: str) -> None:
    """Refuse names that GeoPackage or QGIS use themselves.

    Raises:
        OutputError: The name is empty, reserved or holds a quote.
    """
    lowered = layer.lower()
    if not layer.strip() or '"' in layer or lowered.startswith(_RESERVED):
        raise OutputError(f"A layer cannot be called '{layer}': choose another layer name.")


def check_addable(path: Path, layer: str) -> None:
    """Refuse a GeoPackage that a layer cannot be added to.

    Raises:
        OutputError: The file is no GeoPackage or has a layer of that name.
    """
    with _reading(path) as database:
        database.execute("SELECT count(*) FROM gpkg_contents")
        taken = {row[0].lower() for row in database.execute("SELECT name FROM sqlite_master")}
    if layer.lower() in taken:
        raise OutputError(
            f"{path.name} has a layer '{layer}' already: choose another layer name or another file."
        )


def check_replaceable(path: Path, fields: Collection[str], layers: Collection[str]) -> None:
    """Refuse to replace a GeoPackage that holds more than results of the same kind.

    Args:
        path: The file.
        fields: What a layer has when it is such a result.
        layers: Names that the new file's layers will have.

    Raises:
        OutputError: It holds other layers, or another program keeps it locked.
    """
    try:
        with _database(path) as database:
            names = _contents(database)
            own = [name for name in names if set(fields) <= _columns(database, name)]
    except sqlite3.OperationalError as error:
        raise OutputError(
            f"{path} is in use by another program ({error}): close it there or choose another name."
        ) from error
    except sqlite3.DatabaseError:  # no GeoPackage, only called like one
        return
    known = {name for name in own if name in layers} or set(own[:1])
    others = sorted(set(names) - known)
    if others:
        raise OutputError(
            f"{path} holds other layers ({', '.join(others)}), which would be lost: add to it with "
            "--append, or choose another name."
        )


def _contents(database: sqlite3.Connection) -> list[str]:
    """What a file holds: layers, tables, rasters and QGIS projects; all tables of another kind."""
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master")]
    if "gpkg_contents" not in tables:
        return tables
    rows = database.execute("SELECT table_name FROM gpkg_contents").fetchall()
    projects = [name for name in tables if name == "qgis_projects"]
    return [name for (name,) in rows if name not in _OF_QGIS] + projects


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row[0] for row in database.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def copy_geopackage(source: Path, target: Path) -> None:
    """Copy a GeoPackage for a further layer to be added to the copy.

    Raises:
        OutputError: The file is no GeoPackage.
    """
    with _reading(source) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with _database(path) as database:
            yield database
    except sqlite3.Error as error:
        raise OutputError(
            f"{path} is no GeoPackage that a layer can be added to ({error}): choose another file."
        ) from error


def _database(path: Path) -> closing[sqlite3.Connection]:
    """A file to be read, without a trace in it."""
    return closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True))


def add_style(path: Path, layer: str, qml: str, sld: str) -> None:
    """Make a style the default of a layer; QGIS shows it as soon as the layer is opened."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_STYLES_TABLE)
        database.execute(
            "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description,"
            " srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', '', 0)"
        )
        database.execute(
            "DELETE FROM layer_styles WHERE f_table_name = ? AND useAsDefault", (layer,)
        )
        database.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
            " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner)"
            " VALUES ('', '', ?, ?, 'land cover', ?, ?, 1, 'The 33 land-cover classes', '')",
            (layer, GEOMETRY_COLUMN, qml, sld),
        )


def add_metadata(path: Path, layer: str, metadata: Mapping[str, str]) -> None:
    """Record a run as JSON in gpkg_metadata, where ogrinfo shows it and QGIS shows no table."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_METADATA_TABLES)
        for table in ("gpkg_metadata", "gpkg_metadata_reference"):
            database.execute(
                "INSERT INTO gpkg_extensions SELECT ?1, NULL, 'gpkg_metadata',"
                " 'http://www.geopackage.org/spec/#extension_metadata', 'read-write'"
                " WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions WHERE table_name = ?1)",
                (table,),
            )
        row = database.execute(
            "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata)"
            " VALUES ('dataset', ?, 'application/json', ?)",
            (RUN_STANDARD, json.dumps(dict(metadata), ensure_ascii=False, indent=1)),
        ).lastrowid
        database.execute(
            "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, md_file_id)"
            " VALUES ('table', ?, ?)",
            (layer, row),
        )


def read_metadata(path: Path) -> dict[str, dict[str, str]]:
    """Run records of a GeoPackage by layer name, the plugin's too; empty where it has none."""
    query = (
        "SELECT table_name, metadata FROM gpkg_metadata JOIN gpkg_metadata_reference"
        " ON gpkg_metadata.id = md_file_id WHERE md_standard_uri = ? AND table_name IS NOT NULL"
    )
    with closing(sqlite3.connect(path)) as database:
        if not database.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_metadata'"
        ).fetchone():
            return {}
        found = {name: _gdal_items(text) for name, text in database.execute(query, (_GDAL,))}
        own = database.execute(query, (RUN_STANDARD,))
        return {**found, **{name: json.loads(text) for name, text in own}}


def _gdal_items(text: str) -> dict[str, str]:
    """Metadata as GDAL writes it, for a layer: names and values; empty if it is damaged."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - expat bounds the growth of entities
    except ET.ParseError:
        return {}
    return {item.get("key", ""): item.text or "" for item in root.iter("MDI")}
