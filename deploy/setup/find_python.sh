#!/bin/sh
# Print the path of a Python that Anabranch runs on, or say what to install. PYTHON=... names one.
try() {
    "$1" -c 'import sys; assert sys.version_info >= (3, 11); print(sys.executable)' 2>/dev/null
}

if [ -n "${PYTHON:-}" ]; then
    try "$PYTHON" && exit 0
    echo "error: PYTHON=$PYTHON is not a Python 3.11 or later." >&2
    exit 3
fi
# 3.11 first: it is what the lock file was made on.
for name in python3.11 python3.12 python3.13 python3 python; do
    try "$name" && exit 0
done
found=$(python3 --version 2>/dev/null || echo none)
echo "error: Anabranch needs Python 3.11 or later; found: $found." >&2
echo "  cure: install one (Debian, Ubuntu: apt install python3.11 python3.11-venv; macOS: brew install python@3.11)," >&2
echo "        or name it: make setup PYTHON=/path/to/python3.11" >&2
exit 3
