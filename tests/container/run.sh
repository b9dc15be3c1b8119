#!/usr/bin/env bash
# Builds the image for real, and runs it as a container beside a simulated tenant: read-only root, nobody's user, no
# capability. A policy in a mounted directory becomes live; an edit does; SIGTERM ends it; a restart deploys nothing.
#
# Needs root on Debian with buildah, podman, crun and mmdebstrap, and the Rust toolchain of rust-toolchain.toml. Where a part
# can't be had it says that it is skipped, and why, and exits with 77.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/container/lib.sh
. tests/container/lib.sh
in_namespace tests/container/run.sh

prometheus=
cleanup() {
    [ -z "$prometheus" ] || kill "$prometheus" || true
    podman rm --force --time 5 chatward-test chatward-tenant >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

step "build"
build
bytes=$(podman image inspect --format '{{.Size}}' "$image")
echo "$image: $((bytes / 1000)) kB"
[ "$bytes" -lt 25000000 ] || fail "the image has $bytes bytes, and at most 25 MB are asked for"

step "what is in it"
root=$(podman image mount "$image")
files=$(cd "$root" && find . -type f | sort)
podman image unmount "$image" >/dev/null
echo "$files"
[ "$files" = "$(printf './chatward\n./etc/ssl/certs/ca-certificates.crt')" ] || fail "more than the program and its roots"
[ "$(podman image inspect --format '{{.Config.User}}' "$image")" = 65532:65532 ] || fail "it would run as root"

step "chatward beside a simulated tenant"
tenant
listen=127.0.0.1:$(free_port)
mkdir -p "$work/policies" "$work/state"
cp policies/default/checkout-chat.yaml "$work/policies/"
chown -R 65532:65532 "$work/state"
chmod -R a+rX "$work"
mounts=(
    --volume "$work/policies:/policies:ro" --volume "$work/state:/var/lib/chatward"
    --volume "$work/secrets:/run/secrets/chatward:ro" --volume "$work/chatward.yaml:/etc/chatward/chatward.yaml:ro"
    --env CHATWARD_CONFIG=/etc/chatward/chatward.yaml --env "CHATWARD_LISTEN=$listen" --add-host tenant.example:127.0.0.1
)
start() { run --detach --name chatward-test --memory 256m "${mounts[@]}" "$image" >/dev/null; }
stop() {
    podman stop --time 40 chatward-test >/dev/null
    [ "$(podman inspect --format '{{.State.ExitCode}}' chatward-test)" = 0 ] || fail "SIGTERM did not end it well"
}
chatward() { run --rm "${mounts[@]}" "$image" "$@"; }
ready() {
    for _ in $(seq 100); do
        if curl --silent --fail "http://$listen/readyz"; then echo; return 0; fi
        sleep 0.1
    done
    fail "it never became ready"
}
start
await chatward-test 1 '"policy.deployed"'
pid=$(podman inspect --format '{{.State.Pid}}' chatward-test)
grep -E '^(Uid|Gid|CapEff|NoNewPrivs|Seccomp|VmRSS)' "/proc/$pid/status"
grep -q '^Uid:.65532.65532.65532.65532$' "/proc/$pid/status" || fail "it runs as somebody else"
grep -q '^CapEff:.0000000000000000$' "/proc/$pid/status" || fail "it has capabilities"
ready
podman exec chatward-test /chatward status --check || fail "the health check fails"
podman exec chatward-test /chatward status

step "an edit of the mounted directory becomes live"
sed -i 's#^    img-src: .*#    img-src: ["'"'self'"'", "https://edited.example"]#' "$work/policies/checkout-chat.yaml"
await chatward-test 2 '"policy.deployed"'

step "Prometheus scrapes it, and can evaluate every alert"
scrape() {
    local at found=''
    at=127.0.0.1:$(free_port)
    cat >"$work/prometheus.yml" <<CONF
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [$PWD/deploy/prometheus/alerts.yaml]
scrape_configs: [{ job_name: chatward, static_configs: [{ targets: ["$listen"] }] }]
CONF
    prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address="$at" \
        >"$work/prometheus.log" 2>&1 &
    prometheus=$!
    for _ in $(seq 150); do
        found=$(curl --silent --get "http://$at/api/v1/query" --data-urlencode 'query=chatward_policies{sync="Synced"} == 1' || true)
        if grep -q '"tenant":"default"' <<<"$found"; then break; fi
        sleep 0.2
    done
    grep -q '"tenant":"default"' <<<"$found" || fail "nothing was scraped: $found"
    echo "$found"
    sleep 2 # every rule is evaluated once a second
    [ "$(curl --silent "http://$at/api/v1/rules" | grep -o '"health":"ok"' | wc -l)" = \
        "$(grep -c 'alert:' deploy/prometheus/alerts.yaml)" ] || fail "some rules can't be evaluated"
    if curl --silent "http://$at/api/v1/alerts" | grep -q '"state":"firing"'; then fail "an alert fires although all is well"; fi
    kill "$prometheus"
    wait "$prometheus" || true
    prometheus=
}
if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
    curl --silent --fail "http://$listen/metrics" | promtool check metrics
    scrape
else
    echo "skipped: there is no prometheus (Debian: apt-get install prometheus)"
fi

step "SIGTERM ends it, and a restart deploys nothing"
stop
podman rm chatward-test >/dev/null
start
ready
stop
if podman logs chatward-test 2>&1 | grep '"policy.submitted"'; then fail "it deployed again"; fi
chatward plan --detailed-exitcode
chatward audit verify
chatward audit show
printf '\npassed: %s, %s kB\n' "$image" "$((bytes / 1000))"
