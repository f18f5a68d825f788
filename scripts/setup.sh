#!/usr/bin/env bash
# Install what a fresh Debian or Ubuntu machine lacks, then the virtual environment .venv.
#   scripts/setup.sh          what the demo and the tests need
#   CWSAM_NO_QGIS=1           leaves QGIS out (the demo needs none)
set -euo pipefail
cd "$(dirname "$0")/.."

python=/usr/bin/python3
whole=.venv/.stamp-$(cat constraints.txt pyproject.toml scripts/setup.sh | sha256sum | cut -c1-16)
stamp=$whole${CWSAM_NO_QGIS:+-noqgis}
mkdir -p .link && ln -sfn .. .link/cwsam
if [ -e "$whole" ] || [ -e "$stamp" ]; then exit 0; fi

# numpy is the system's, so that QGIS and the environment share one.
packages=(python3-venv python3-numpy)
[ -n "${CWSAM_NO_QGIS:-}" ] || packages+=(qgis python3-qgis qgis-providers xvfb xauth)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ]; then as_root=(env); elif sudo -n true 2>/dev/null; then as_root=(sudo); else
        echo "These Debian packages are missing: ${missing[*]}" >&2
        echo "Ask an administrator to run:  sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -q >/dev/null
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi

# QGIS's Python packages belong to the system's interpreter; --system-site-packages shows them.
[ -x .venv/bin/python ] || "$python" -m venv --system-site-packages .venv
echo "Installing Python packages into .venv"
# No package may bring a second numpy over the one that QGIS has.
"$python" -c 'import numpy; print(f"numpy=={numpy.__version__}")' >.venv/numpy.txt
pip=(.venv/bin/python -m pip --disable-pip-version-check install -q -c constraints.txt -c .venv/numpy.txt)
# A CPU build serves every test; asked for by its exact version so that no CUDA build is drawn in.
"${pip[@]}" torch==2.13.0
"${pip[@]}" PyYAML click tqdm rasterio pyogrio pillow \
    pytest hypothesis shapely safetensors ruff import-linter pre-commit \
    onnx onnxscript onnxruntime pyarrow tensorboard
"${pip[@]}" --no-deps segment-anything
"${pip[@]}" --no-deps -e .
rm -f .venv/.stamp-*
touch "$stamp"
