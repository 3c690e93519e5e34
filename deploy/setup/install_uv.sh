#!/bin/sh
# Install uv, which installs everything else: install_uv.sh PYTHON FOLDER
python=$1 folder=$2
echo "Installing uv into $folder"
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "error: $python cannot make environments: its modules venv and ensurepip are missing." >&2
    echo "  cure: install them (Debian, Ubuntu: apt install python3-venv), or put uv on the PATH." >&2
    exit 3
fi
"$python" -m venv --clear "$folder" && "$folder/bin/python" -m pip install --quiet 'uv>=0.5' && exit 0
echo "error: uv could not be installed; the lines above say why." >&2
echo "  cure: check the network and the settings of pip, then run make setup again." >&2
rm -rf "$folder"
exit 4
