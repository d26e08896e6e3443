#!/usr/bin/env bash
# Prints the path of a Python 3.11. Where the machine has none, uv installs one: the user's own uv
# where it keeps all of them, that of requirements.lock in .python, which `make clean` removes.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

NEEDS_PYTHON="Please install Python 3.11 (with its venv module): iNNvestigate and TensorFlow 2.14 \
do not run on a later Python, pandas 3 does not run on an earlier one."
NO_UV="uv, which would download it, could not be installed. Either of these commands helps:
    sudo apt-get install python3-pip
    curl -LsSf https://astral.sh/uv/install.sh | sh"
NO_DOWNLOAD="uv could not install it. Either of these commands helps:
    export UV_PYTHON_INSTALL_MIRROR=URL      # of a mirror of python-build-standalone
    conda create --prefix .python/conda python=3.11"

find_python() {
    local name found
    for name in python3.11 python3 python .python/*/bin/python3.11; do
        found=$("$name" -c 'import sys; sys.version_info[:2] == (3, 11) and print(sys.executable)' \
            2> /dev/null) && [[ -n $found ]] && echo "$found" && return
    done
    return 1
}

# Its own folder: a distribution's Python takes no packages, and may lack either venv or pip.
install_uv() {
    local folder=$1 name install
    for name in python3 python; do
        if "$name" -m venv --clear "$folder"; then
            install=("$folder/bin/python" -m pip install)
        elif rm -rf "$folder" && "$name" -m pip --version; then
            install=("$name" -m pip install --target "$folder")
        else
            continue
        fi &> /dev/null
        sed -n '/^uv==/,/# via/p' requirements.lock |
            "${install[@]}" --quiet --disable-pip-version-check --no-deps \
                --require-hashes -r /dev/stdin >&2 && return
    done
    return 1
}

give_up() {
    printf '%s\n' "$NEEDS_PYTHON" "$1" "Then run make again." >&2
    exit 1
}

find_python && exit
echo "There is no Python 3.11 on this machine: installing one by uv." >&2

uv=$(type -P uv) || {
    temporary=$(mktemp -d) && trap 'rm -rf "$temporary"' EXIT
    install_uv "$temporary/uv" || give_up "$NO_UV"
    uv=$temporary/uv/bin/uv
    export UV_PYTHON_INSTALL_DIR="${UV_PYTHON_INSTALL_DIR:-$PWD/.python}"
}
UV_PYTHON_INSTALL_BIN=0 "$uv" python install 3.11 >&2 || give_up "$NO_DOWNLOAD"
"$uv" python find --system 3.11
