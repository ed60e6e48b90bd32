#!/bin/sh
# Makes sure that there is a Chromium for the tests in a browser: Debian's own, installed where that may be (root with
# apt), else named with its command.
set -eu
if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "安装 Chromium（浏览器测试用）……"
    apt-get update -qq
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; then exit 0; fi
fi
echo "缺少 Chromium，浏览器测试无法运行。请执行：sudo apt-get install -y chromium，然后重试。" >&2
exit 1
