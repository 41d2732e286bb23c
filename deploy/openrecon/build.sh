#!/bin/sh
# Builds image and package from what "recon mrd openrecon -o FOLDER" wrote; run from the root of the checkout.
# usage: deploy/openrecon/build.sh FOLDER
set -eu
folder=$1
. "$folder/package.env"
docker build --platform linux/amd64 -f deploy/openrecon/Dockerfile \
    --build-arg "METADATA=$(cat "$folder/label.base64")" -t "$TAG" .
docker save -o "$folder/$NAME.tar" "$TAG"
cd "$folder"
rm -f "$NAME.zip"
zip -Z deflate "$NAME.zip" "$NAME.tar" "$NAME.pdf"
sha256sum "$NAME.zip" | tee "$NAME.zip.sha256"
