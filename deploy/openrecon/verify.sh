#!/bin/sh
# Verifies a package: its files, the label, the start without a network, and the image of a known phantom.
# usage: deploy/openrecon/verify.sh PACKAGE.zip
# Scanners want it to listen within 10 s; LISTEN_S is for machines that do other things as well.
set -eu
package=$1
label=com.siemens-healthineers.magneticresonance.openrecon.metadata:1.1.0
work=$(mktemp -d)
container=
finish() {
    test -z "$container" || docker rm -f "$container" > /dev/null
    rm -rf "$work"
}
trap finish EXIT
fail() { echo "FAILED: $1"; exit 1; }

base=$(basename "$package" .zip)
test "$(unzip -Z1 "$package" | sort | tr '\n' ' ')" = "$base.pdf $base.tar " ||
    fail "the package holds not exactly $base.tar and $base.pdf"
unzip -Zv "$package" | grep -q 'compression method: *deflated' || fail "not packed with Deflate"
unzip -q "$package" -d "$work"
head -c 5 "$work/$base.pdf" | grep -q '%PDF-' || fail "$base.pdf is no PDF"

image=$(docker load -i "$work/$base.tar" | sed -n 's/^Loaded image: //p')
test -n "$image" || fail "$base.tar holds no image"
user=$(docker inspect -f '{{.Config.User}}' "$image")
case "$user" in "" | 0 | root) ;; *) fail "the image runs as $user, scanners start it as root" ;; esac
docker inspect -f "{{index .Config.Labels \"$label\"}}" "$image" > "$work/label.base64"
docker run --rm -i --network none "$image" recon mrd openrecon --verify - < "$work/label.base64" || fail "the label"

container=$(docker run -d --network none "$image")
second=0
until docker logs "$container" 2>&1 | grep -q 'recon mrd listens on'; do
    second=$((second + 1))
    test "$second" -le "${LISTEN_S:-10}" || fail "it does not listen after ${LISTEN_S:-10} s"
    sleep 1
done
docker exec "$container" recon mrd check -a 127.0.0.1:9002 || fail "the phantom's image is not right"
sha256sum "$package"
echo "VERIFIED: $package"
