#!/bin/sh
# A virtual environment from the bundle's own wheels: nothing is downloaded on the host.
set -eu
app="$LOCKGATE_ROOT/app"
rm -rf "$app/venv"
python3 -m venv --without-pip "$app/venv"
python3 -m pip --python "$app/venv/bin/python" install --quiet --no-index --no-compile --find-links "$app/wheelhouse" tidewater
