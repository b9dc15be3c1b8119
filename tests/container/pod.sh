#!/usr/bin/env bash
# Runs the sidecar's own manifests as a pod, without a cluster: `kubectl kustomize` renders them, `podman kube play` runs them.
# A commit that git-sync checks out becomes live, and so does the next one. git-sync itself is a stand-in with busybox that
# publishes two commits by the same three steps: a link to the new tree, renamed over the old link, and the old tree goes.
#
# Needs what run.sh needs, kubectl (.ci/deploy puts one into target/deploy-tools) and Debian's busybox-static. Where a part
# can't be had it says that it is skipped, and why, and exits with 77.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/container/lib.sh
. tests/container/lib.sh
PATH="$PATH:$PWD/target/deploy-tools/bin"
kubectl version --client >/dev/null 2>&1 || skip "there is no kubectl (.ci/deploy gets one)"
command -v catatonit >/dev/null || skip "there is no catatonit, which pods begin with (Debian: apt-get install catatonit)"
in_namespace tests/container/pod.sh

cleanup() {
    podman pod rm --force --time 5 chatward-pod-0 >/dev/null 2>&1 || true
    podman rm --force --time 5 chatward-tenant >/dev/null 2>&1 || true
    podman volume rm --force chatward-state chatward-credentials >/dev/null 2>&1 || true
    rm -rf "$work" target/pod
}
trap cleanup EXIT

step "images"
podman image exists "$image" || build
stand_in() {
    local tag=$1 first=$2 second=$3 context=$work/git-sync
    mkdir -p "$context/revisions/$first/policies" "$context/revisions/$second/policies"
    (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root busybox-static && dpkg -x busybox-static_*.deb busybox) ||
        skip "busybox-static can't be had from Debian"
    cp "$work"/busybox/bin/busybox "$context/"
    cp policies/default/checkout-chat.yaml "$context/revisions/$first/policies/"
    sed 's#^    img-src: .*#    img-src: ["'"'self'"'", "https://edited.example"]#' policies/default/checkout-chat.yaml \
        >"$context/revisions/$second/policies/checkout-chat.yaml"
    cat >"$context/git-sync" <<SCRIPT
#!/busybox sh
publish() {
    /busybox mkdir -p /git/.worktrees
    /busybox cp -r /revisions/\$1 /git/.worktrees/\$1
    /busybox ln -s .worktrees/\$1 /git/tmp-link
    /busybox mv -T /git/tmp-link /git/current
}
trap exit TERM
publish $first
while [ ! -e /git/next ]; do /busybox sleep 0.1; done
publish $second
/busybox rm -r /git/.worktrees/$first
while :; do /busybox sleep 3600 & wait; done
SCRIPT
    chmod -R a+rX,a+x "$context/git-sync"
    printf 'FROM scratch\nCOPY . /\nENTRYPOINT ["/git-sync"]\n' >"$context/Dockerfile"
    buildah bud --quiet --isolation chroot --tag "$tag" "$context" >/dev/null
}
first=1111111111111111111111111111111111111111 second=2222222222222222222222222222222222222222
stand_in "$(sed -n 's/^ *image: //p' deploy/kubernetes/overlays/git-sync/git-sync.yaml)" "$first" "$second"

step "an overlay of one's own, as the README has it"
tenant
listen=$(free_port)
mkdir -p target/pod
# podman 4.3 gives no host aliases to a pod in the host's network.
sed 's/tenant.example/127.0.0.1/' "$work/chatward.yaml" >target/pod/chatward.yaml
cat >target/pod/kustomization.yaml <<KUSTOMIZATION
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: chatward
resources: [../../deploy/kubernetes/overlays/git-sync]
configMapGenerator:
  - name: chatward-settings
    behavior: replace
    files: [chatward.yaml]
secretGenerator:
  - name: chatward-credentials
    options: { disableNameSuffixHash: true }
    files: [secrets/client-id, secrets/client-secret, secrets/listen-token]
  - name: chatward-git
    options: { disableNameSuffixHash: true }
    literals: [token=none]
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: chatward
      spec:
        template:
          spec:
            containers:
              - name: chatward
                image: $image
                env:
                  - { name: CHATWARD_LISTEN, value: "127.0.0.1:$listen" }
                # The host's network, in which the tenant is, has no ports to map.
                ports: [{ containerPort: 8686, \$patch: delete }]
            volumes:
              # podman 4.3 falls over a secret that leaves this out.
              - { name: credentials, secret: { secretName: chatward-credentials, optional: false } }
KUSTOMIZATION
cp -r "$work/secrets" target/pod/
kubectl kustomize target/pod >"$work/pod.yaml"

step "the pod"
podman kube play --network host "$work/pod.yaml"
pod="chatward-pod-0"
chatward="$pod-chatward"
await "$chatward" 1 '"policy.deployed"'
podman logs "$chatward" 2>&1 | grep "$first" >/dev/null || fail "the commit is not told"
podman exec "$pod-git-sync" /busybox touch /git/next
await "$chatward" 2 '"policy.deployed"'
podman logs "$chatward" 2>&1 | grep "$second" >/dev/null || fail "the next commit is not told"
pid=$(podman inspect --format '{{.State.Pid}}' "$chatward")
grep -E '^(Uid|Gid|CapEff|NoNewPrivs|VmRSS)' "/proc/$pid/status"
podman exec "$chatward" /chatward status
podman exec "$chatward" /chatward audit verify
podman pod stop --time 40 "$pod" >/dev/null
[ "$(podman inspect --format '{{.State.ExitCode}}' "$chatward")" = 0 ] || fail "SIGTERM did not end it well"
printf '\npassed: the manifests of the sidecar, as a pod\n'
