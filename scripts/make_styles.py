"""Write the styles under resources/styles from the class list: run after classes change.

PYTHONPATH=.link .venv/bin/python scripts/make_styles.py
"""

from __future__ import annotations

from pathlib import Path

from cwsam.engine.styles import raster_qml, vector_qml, vector_sld

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "styles"


def style_files() -> dict[str, str]:
    """Content of each style file by its name."""
    return {
        "landcover.qml": vector_qml(),
        "landcover.sld": vector_sld(),
        "landcover_raster.qml": raster_qml(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in style_files().items():
        (FOLDER / name).write_bytes(content.encode("utf-8"))
