#!/bin/sh
# Makes sure that there is an nginx for the tests of docker/nginx.conf: Debian's own, installed where that may be (root
# with apt), else named with its command.
set -eu
PATH="$PATH:/usr/sbin"
if command -v nginx >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "安装 nginx（检查 docker/nginx.conf 用，不会启动服务）……"
    # Debian starts what it installs; nothing of ours is to listen on this machine's port 80.
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    apt-get update -qq
    if apt-get install -y -qq --no-install-recommends nginx-light >/dev/null; then exit 0; fi
fi
echo "缺少 nginx，反向代理的测试无法运行。请执行：sudo apt-get install -y nginx-light，然后重试。" >&2
exit 1
