#!/bin/sh
# Builds the wheel as a release would (`make wheel`), installs it into an environment of its own, and asks the service
# that runs from there for the phone's pages. Node comes from the machine, or else from a wheel.
set -eu
cd "$(dirname "$0")/.."
folder=build/wheel
rm -rf "$folder"
# By way of the source archive: what is missing there would be missing in a release, and node_modules here stay as they are.
.venv/bin/python -m uv build --quiet --out-dir "$folder"
wheel=$(ls "$folder"/*.whl)
.venv/bin/python -m uv venv --quiet --python .venv/bin/python "$folder/venv"
.venv/bin/python -m uv pip install --quiet --python "$folder/venv/bin/python" "$wheel[embedded]"
cd "$folder"
exec venv/bin/python - <<'PYTHON'
import os
import re
import signal
import subprocess
import sys
import urllib.request

service = subprocess.Popen(
    [sys.executable, "-m", "backend", "serve", "--port", "0"],
    env=os.environ | {"ZHIPING_DATA_FOLDER": "data"},
    stdout=subprocess.PIPE,
    text=True,
)
try:
    found = (re.search(r"http://[0-9.]+:[0-9]+", line) for line in service.stdout)
    address = next(each for each in found if each)[0]
    page = urllib.request.urlopen(f"{address}/m/", timeout=20).read().decode()
    (script,) = re.findall(r'src="(/m/assets/[^"]+\.js)"', page)
    for path in (script, "/m/sw.js", "/m/manifest.webmanifest"):
        assert urllib.request.urlopen(address + path, timeout=20).read(), path
finally:
    service.send_signal(signal.SIGTERM)
    service.wait(40)
print("安装包可用：", address, script)
PYTHON
