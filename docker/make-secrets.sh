#!/bin/sh
# Makes the secrets that can be made, in docker/secrets, and keeps those that are there. Empty files are for what only
# you can get: WeChat's, and the certificate.
set -eu
umask 077
mkdir -p "$(dirname "$0")/secrets"
cd "$(dirname "$0")/secrets"

random() { head -c 512 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c "$1"; }
make() { if [ ! -e "$1" ]; then printf '%s' "$2" > "$1"; echo "生成 secrets/$1"; fi; }

make mongodb_key "$(head -c 512 /dev/urandom | base64)"
make mongodb_admin_password "$(random 40)"
members=mongo1:27017,mongo2:27017,mongo3:27017
make zhiping_mongodb_uri "mongodb://zhiping:$(random 40)@$members/?replicaSet=zhiping&authSource=admin"
for name in zhiping_wechat_app_secret zhiping_wechat_push_token zhiping_wechat_aes_key tls_certificate tls_key; do
    make "$name" ""
done
# Containers do not run as you; the folder itself stays yours alone.
chmod 644 ./*
for name in tls_certificate tls_key; do
    if [ ! -s "$name" ]; then echo "还缺 secrets/$name：请放入域名的证书链和私钥（PEM）。"; fi
done
