#!/usr/bin/env bash
# Line coverage of both languages, each at least 95 %. The Rust tests and the Python tests run
# against instrumented builds in target/coverage; nothing there is installed, so .venv keeps the
# release build.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$PWD/.venv/bin/python
here=$PWD/target/coverage
profiles=$here/profiles
threshold=95
crates=(-p bot4-engine -p bot4-journal -p bot4-desk -p bot4-gauge)

say() { echo "coverage: $*"; }
fail() {
    echo "coverage: $*" >&2
    exit 1
}

# The tools that read rustc's profiles: rustup's own fit exactly, others must be new enough.
find_tools() {
    local folder number
    for folder in "$(rustc --print sysroot)"/lib/rustlib/*/bin; do
        if [[ -x $folder/llvm-profdata && -x $folder/llvm-cov ]]; then
            profdata=$folder/llvm-profdata
            cov=$folder/llvm-cov
            return 0
        fi
    done
    for number in "" -23 -22 -21 -20 -19; do
        command -v "llvm-profdata$number" >/dev/null || continue
        command -v "llvm-cov$number" >/dev/null || continue
        # Without a number it may be of any age.
        if [[ -z $number ]] && (($(llvm-cov --version | grep -oE '[0-9]+' | head -1) < 19)); then
            continue
        fi
        profdata=llvm-profdata$number
        cov=llvm-cov$number
        return 0
    done
    return 1
}

profdata=
cov=
if ! find_tools; then
    say "llvm-cov is missing; trying rustup, then apt-get"
    timeout 60 rustup component add llvm-tools >/dev/null 2>&1 || true
    if ! find_tools && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        timeout 300 bash -c 'apt-get update && apt-get install -y llvm-19' >/dev/null 2>&1 || true
    fi
    find_tools || fail "llvm-cov >= 19 is missing: run 'rustup component add llvm-tools'"
fi

# Old profiles would count as covered what is not run any more; the compiled code may stay.
rm -rf "$profiles" "$here/python" "$here/wheel"
mkdir -p "$profiles"

export CARGO_TARGET_DIR=$here/build
export RUSTFLAGS="-C instrument-coverage"
# Backtests over long histories would take minutes unoptimised; line counts do not change.
export CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_TEST_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=0
# Build scripts and macros are instrumented too; their profiles are nobody's business.
export LLVM_PROFILE_FILE=$here/build-scripts/%p-%m.profraw

say "building the engine's tests and the binding, instrumented"
cargo test --locked --quiet "${crates[@]}" --lib --tests --no-run --message-format=json \
    >"$here/artifacts.json"
"$PWD/.venv/bin/maturin" build --quiet --profile dev --locked --auditwheel skip --out "$here/wheel"
rm -rf "$here/build-scripts"
"$python" -m zipfile -e "$here"/wheel/bot4-*.whl "$here/python"
extension=$(echo "$here"/python/bot4/_engine*.so)

say "running the Rust tests"
LLVM_PROFILE_FILE=$profiles/rust-%p-%m.profraw \
    cargo test --locked --quiet "${crates[@]}" --lib --tests

# PYTHONPATH stands before the editable install: prove that the instrumented copy is imported.
say "running the Python tests"
export PYTHONPATH=$here/python
imported=$(LLVM_PROFILE_FILE=$profiles/probe.profraw "$python" -c \
    'import bot4._engine, bot4.cli; print(bot4._engine.__file__)')
[[ $imported == "$extension" ]] || fail "imported $imported instead of $extension"
rm -f "$here"/python.data*
# tests/house reads text, tests/readme runs the installed package: neither belongs to this measure.
LLVM_PROFILE_FILE=$profiles/python-%p-%m.profraw "$python" -m pytest --quiet \
    --ignore tests/house --ignore tests/readme \
    --cov --cov-fail-under=0 --cov-report=term --cov-report="json:$here/python.json"
unset PYTHONPATH
compgen -G "$profiles/python-*.profraw" >/dev/null || fail "the extension wrote no profile"

# A test that kills its process leaves half a profile.
"$profdata" merge --sparse --failure-mode=warn "$profiles"/*.profraw --output "$here/rust.profdata"
objects=("$extension")
while IFS= read -r binary; do
    objects+=(--object "$binary")
done < <("$python" scripts/coverage_lines.py binaries "$here/artifacts.json")
"$cov" export --format=lcov --instr-profile "$here/rust.profdata" \
    --ignore-filename-regex '(/registry/|/rustc/|/tests/|/tests\.rs$)' "${objects[@]}" \
    >"$here/rust.lcov"
"$python" scripts/coverage_lines.py report "$here/rust.lcov" "$here/python.json" "$threshold"
