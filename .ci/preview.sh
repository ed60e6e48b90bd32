#!/bin/sh
# What `make preview` needs to render documents; installed where that may be (root on Debian or Ubuntu), else named.
set -eu

has_font() { [ -n "$(fc-list "$1" 2>/dev/null)" ]; }

if command -v soffice >/dev/null && command -v pdftoppm >/dev/null && has_font :lang=zh && has_font 'Noto Color Emoji'; then
    exit 0
fi

packages="libreoffice-writer-nogui poppler-utils fonts-noto-cjk fonts-noto-color-emoji"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "安装系统包：$packages"
    # shellcheck disable=SC2086 # several words, several packages
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
    exit 0
fi
echo "缺少系统包。请执行：sudo apt-get install -y $packages，然后重试。" >&2
exit 1
