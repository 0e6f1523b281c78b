#!/usr/bin/env bash
# Makes a virtual environment from a file of pins: venv.sh FOLDER LOCK [lenient]. Finds a Python of
# at least 3.11. With `lenient`, a package that is not there for that Python is left out, and named.
set -euo pipefail

folder=$1
lock=$2
lenient=${3:-}
enough='import sys; sys.exit(sys.version_info < (3, 11))'

works() { "$1" -c "$enough" >/dev/null 2>&1; }

if ! works "$folder/bin/python"; then
    # 3.11 first: the pins were resolved there. `works` also turns away shims that lead nowhere.
    python=
    for candidate in "${PYTHON:-python3.11}" python3.12 python3.13 python3 python; do
        if works "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [[ -z $python ]]; then
        echo "setup: no Python >= 3.11 found: install one, or name it: PYTHON=/path/to/python" >&2
        exit 1
    fi
    echo "setup: $folder with $("$python" --version)"
    if ! "$python" -m venv --clear "$folder"; then
        echo "setup: '$python -m venv' failed: install its venv module (Debian: python3-venv)" >&2
        exit 1
    fi
fi
echo "setup: installing the pins of $lock into $folder"
pip() { "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
# Dependency groups, which maturin hands to pip, came with 25.1; Python 3.11 brings an older one.
pip 'pip>=25.1'
if [[ $lenient != lenient ]]; then
    pip --requirement "$lock"
elif ! pip --requirement "$lock" 2>/dev/null; then
    echo "setup: not all of $lock is there for this Python; installing one by one"
    while IFS= read -r pin; do
        [[ $pin == \#* ]] || pip --no-deps "$pin" 2>/dev/null || echo "setup: left out: $pin"
    done <"$lock"
fi
