# shellcheck shell=bash
# What both tests of containers need: a place where containers run, the image, and waiting for a line of a log.

step() { printf '\n== %s\n' "$*"; }
skip() { printf 'skipped: %s\n' "$*"; exit 77; }
fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

image=localhost/chatward:test

# Goes on in a mount namespace of its own, in which containers can run where they otherwise could not: crun needs the older
# layout of cgroups to itself, so the unified one is not mounted there.
in_namespace() {
    [ "$(id -u)" = 0 ] || skip "containers are built and run as root here"
    local part
    for part in buildah podman crun unshare; do
        command -v "$part" >/dev/null || skip "there is no $part (Debian: apt-get install buildah podman crun mmdebstrap)"
    done
    if [ -z "${CHATWARD_IN_NAMESPACE:-}" ]; then
        CHATWARD_IN_NAMESPACE=1 exec unshare --mount --propagation private "$@"
    fi
    if [ -d /sys/fs/cgroup/unified ]; then umount /sys/fs/cgroup/unified 2>/dev/null || true; fi
    work=$(mktemp -d)
    export CONTAINERS_CONF="$work/containers.conf"
    cat >"$CONTAINERS_CONF" <<'CONF'
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
runtime = "crun"
events_logger = "file"
CONF
}

# Builds the image of the Dockerfile, from a base image that is pulled or, where no registry is reached, made.
build() {
    local base
    base=$(sed -n 's/^ARG RUST_IMAGE=//p' Dockerfile)
    if ! podman image exists "$base" && ! podman pull --quiet "$base" 2>/dev/null; then
        command -v mmdebstrap >/dev/null || skip "$base can't be pulled, and there is no mmdebstrap to make one"
        make_base "$base"
    fi
    buildah bud --quiet --format docker --layers --isolation chroot --network host --pull-never \
        --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" --tag "$image" .
}

# Makes an image of that name: Debian with gcc, and a copy of this machine's Rust toolchain and certificate authorities.
make_base() {
    local name=$1 toolchain context=$work/base
    toolchain=$(rustc --print sysroot)
    mmdebstrap --quiet --variant=minbase --include=gcc,libc6-dev,ca-certificates bookworm "$work/debian.tar"
    podman import --quiet "$work/debian.tar" localhost/chatward-debian >/dev/null
    rm "$work/debian.tar"
    mkdir -p "$context/toolchain/bin" "$context/toolchain/lib/rustlib"
    cp "$toolchain/bin/cargo" "$toolchain/bin/rustc" "$context/toolchain/bin/"
    cp -a "$toolchain"/lib/*.so* "$context/toolchain/lib/"
    cp -a "$toolchain/lib/rustlib/$(rustc --print host-tuple)" "$context/toolchain/lib/rustlib/"
    cp /etc/ssl/certs/ca-certificates.crt "$context/"
    cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM localhost/chatward-debian
COPY toolchain /usr/local/toolchain
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PATH=/usr/local/toolchain/bin:/usr/bin:/bin CARGO_HOME=/usr/local/cargo
DOCKERFILE
    buildah bud --quiet --isolation chroot --network host --pull-never --tag "$name" "$context" >/dev/null
    rm -rf "$context"
}

# A container of this image; whatever a cluster's restricted profile asks for is asked for here too.
run() {
    podman run --network host --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges \
        --no-healthcheck --ulimit host --pids-limit 0 --log-driver k8s-file "$@"
}

# Waits until a container's log has so many lines with a text.
await() {
    local name=$1 count=$2 text=$3
    for _ in $(seq 300); do
        if [ "$(podman logs "$name" 2>&1 | grep -c -- "$text" || true)" -ge "$count" ]; then return 0; fi
        [ "$(podman inspect --format '{{.State.Running}}' "$name")" = true ] || break
        sleep 0.2
    done
    podman logs "$name" >&2
    fail "$name never logged $count times: $text"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A simulated tenant in a container of its own, reached by a name, so that names are resolved in an image with nothing else in
# it; with the settings and credentials to reach it.
tenant() {
    local port
    port=$(free_port)
    run --detach --name chatward-tenant "$image" sandbox --listen "127.0.0.1:$port" >/dev/null
    await chatward-tenant 1 CXONE_BASE_URL
    mkdir "$work/secrets"
    told CXONE_CLIENT_ID >"$work/secrets/client-id"
    told CXONE_CLIENT_SECRET >"$work/secrets/client-secret"
    echo not-much-of-a-secret >"$work/secrets/listen-token"
    cat >"$work/chatward.yaml" <<SETTINGS
tenants:
  - name: default
    base_url: http://tenant.example:$port/tenants/default
    token_url: $(told CXONE_TOKEN_URL)
    allow_plain_http: true
    client_id: { file: /run/secrets/chatward/client-id }
    client_secret: { file: /run/secrets/chatward/client-secret }
    job: { base_delay: 100ms }
SETTINGS
}

# What the simulated tenant says is needed to reach it.
told() { podman logs chatward-tenant 2>&1 | sed -n "s/^export .*\b$1=\([^ ]*\).*/\1/p;s/^export $1=\(.*\)/\1/p" | head -n 1; }
