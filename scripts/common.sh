# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

# Sourced by the scripts: they run in the root of the tree.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'parley: %s\n' "$*"; }

fail() {
    printf 'parley: %s\n' "$*" >&2
    exit 1
}

# quietly <log> <command...>: shows what the command printed only when it fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    "$@" > "$log" 2>&1 || {
        local code=$?
        cat "$log" >&2
        printf 'parley: failed: %s\n' "$*" >&2
        return "$code"
    }
}

# missing_packages <package...>: those that Debian's package manager has not installed, one a line.
missing_packages() {
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)" = installed ] \
            || printf '%s\n' "$package"
    done
}

# install_packages <log> <package...>: as root or with sudo. Never removes a package.
install_packages() {
    local log=$1 as_root=()
    shift
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null || fail "install as root: apt-get install $*"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    say "installing $*"
    quietly "$log" "${as_root[@]}" update < /dev/null \
        || say "the package lists could not be updated; going on with the old ones"
    quietly "$log" "${as_root[@]}" install --yes --no-remove --no-install-recommends "$@" < /dev/null
}

jobs() { nproc 2> /dev/null || echo 2; }

# configure <preset> [cmake arguments]: with Ninja where it is installed; an earlier tree keeps its generator.
configure() {
    local preset=$1 cache="build/$1/CMakeCache.txt" generator=()
    shift
    if [ -f "$cache" ]; then
        generator=(-G "$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$cache")")
    elif ! command -v ninja > /dev/null; then
        generator=(-G "Unix Makefiles")
    fi
    quietly "build/$preset.configure.log" cmake --preset "$preset" "${generator[@]}" "$@"
}

# build <preset> [target...]
build() {
    local preset=$1
    shift
    quietly "build/$preset.build.log" cmake --build "build/$preset" --parallel "$(jobs)" ${1:+--target "$@"}
}

# run_tests <preset> [ctest arguments]: several tests at a time, more than there are processors, because most of them wait.
# Ends with a line that says how it went.
run_tests() {
    local preset=$1 wrapper=() began=$SECONDS results="$PWD/build/$1.tests.xml" code=0
    shift
    rm -f "$results"
    # ThreadSanitizer of older compilers cannot map its memory where addresses are very random.
    if [ "$preset" = tsan ] && [ "$(cat /proc/sys/vm/mmap_rnd_bits 2> /dev/null || echo 0)" -gt 28 ] \
        && setarch -R true 2> /dev/null; then
        wrapper=(setarch -R)
    fi
    "${wrapper[@]}" ctest --preset "$preset" -j "$(($(jobs) * 3 / 2))" --output-junit "$results" \
        --test-output-size-passed 1000000 "$@" || code=$?
    if [ -f "$results" ] && command -v python3 > /dev/null; then
        ./scripts/test_summary "$results" $((SECONDS - began))
    fi
    [ "$code" -eq 0 ] || second_try "$preset" "${wrapper[@]}"
}

# second_try <preset> [wrapper...]: where the file PARLEY_FLAKY is named, as .ci/run does, and one or two tests have
# failed, runs them once more, alone. One that passes now is written there: it depends on chance, which is a bug, and no
# reason to turn a change away.
second_try() {
    local preset=$1 failed="build/$1/Testing/Temporary/LastTestsFailed.log" names
    shift
    [ -n "${PARLEY_FLAKY:-}" ] && [ -s "$failed" ] && [ "$(wc -l < "$failed")" -le 2 ] || return 1
    names=$(sed "s/^[0-9]*:/$preset: /" "$failed")
    say "once more, alone: ${names//$'\n'/, }"
    "$@" ctest --preset "$preset" --rerun-failed || return 1
    printf '%s\n' "$names" >> "$PARLEY_FLAKY"
}
