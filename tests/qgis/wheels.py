"""Small wheels made on the spot, for a real pip to install."""

import base64
import hashlib
import zipfile


def make_wheel(folder, name, version, files, requires=(), compiled=False):
    """Write NAME-VERSION-py3-none-any.whl and return its path."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {one}\n" for one in requires)
    members = {
        **files,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    if compiled:
        members[f"{name}/_speedups.so"] = "not really"
    record = ""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, text in members.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record += f"{member},sha256={digest.decode()},{len(text.encode())}\n"
            wheel.writestr(member, text)
        wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return path


def torch_files(version="2.13.0+cpu", cuda="None"):
    """The files of a torch that can be imported and does nothing."""
    return {
        "torch/__init__.py": f"__version__ = {version!r}\n",
        "torch/version.py": f"__version__ = {version!r}\ncuda: str = {cuda}\n",
    }
