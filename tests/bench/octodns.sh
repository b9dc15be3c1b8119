#!/bin/sh
# What a plan with nothing to do costs beside a peer of another field: octoDNS, over as many records.
#
#   tests/bench/octodns.sh [COUNT...]     1000 and 10000, where none is given
#
# octoDNS is installed from PyPI below target/. It plans from YAML files to a folder that holds the same, chatward from its
# documents of 3 KB to what the state says, so neither touches a network. Times are wall-clock, the best of three runs.
set -eu

[ $# -gt 0 ] || set -- 1000 10000
root=$(cd "$(dirname "$0")/../.." && pwd)
octodns=$root/target/octodns
chatward=$root/target/release/chatward
cargo build --quiet --release --manifest-path "$root/Cargo.toml"
if [ ! -x "$octodns/bin/octodns-sync" ]; then
    python3 -m venv "$octodns"
    "$octodns/bin/pip" install --quiet octodns==1.22.0
fi
world=$(mktemp -d)
served=
trap '[ -z "$served" ] || kill "$served"; rm -rf "$world"' EXIT
cd "$world"

# The milliseconds of the quickest of three runs of a command that has nothing to do, and says so.
best_of_three() {
    best=
    for _ in 1 2 3; do
        began=$(date +%s%N)
        "$@" >said 2>&1 || { cat said >&2; exit 1; }
        took=$((($(date +%s%N) - began) / 1000000))
        grep -qE 'No changes were planned|Plan: 0 to create, 0 to update, 0 to remove' said || { cat said >&2; exit 1; }
        [ "${best:-$took}" -lt "$took" ] || best=$took
    done
    echo "$best"
}

say() {
    printf '%9s  %-36s %6d ms  %6s\n' "$1" "$2" "$3" "$(awk "BEGIN { printf \"%.1f\", $3 / $4 }")"
}

# Documents, and a state in which all of them are applied.
documents() {
    awk -v count="$1" 'BEGIN {
        for (number = 0; number < count; number++) {
            file = sprintf("policies/folder-%02d/shop-%d.yaml", number % 100, number)
            printf "apiVersion: chatward.dev/v1\nkind: WebchatSecurityPolicy\nmetadata: { name: shop-%d, tenant: default }\n", \
                number > file
            printf "spec:\n  cspDirectives:\n    default-src: \"'\''self'\''\"\n    object-src: \"'\''none'\''\"\n" > file
            printf "    base-uri: \"'\''none'\''\"\n" > file
            split("script style img connect font", kinds, " ")
            for (kind = 1; kind <= 5; kind++) {
                printf "    %s-src:\n      - \"'\''self'\''\"\n", kinds[kind] > file
                for (host = 0; host < 10; host++)
                    printf "      - https://host-%d.cdn-%d.example/%s/\n", host, (number + host) % 50, kinds[kind] > file
            }
            close(file)
        }
    }'
    "$chatward" sandbox --listen 127.0.0.1:0 --job-duration 0s >exports 2>/dev/null &
    served=$!
    until grep -q CXONE_CLIENT_SECRET exports; do sleep 0.1; done
    eval "$(grep '^export' exports)"
    cat >chatward.yaml <<SETTINGS
tenants:
  - name: default
    base_url: $CXONE_BASE_URL
    token_url: $CXONE_TOKEN_URL
    client_id: { env: CXONE_CLIENT_ID }
    client_secret: { env: CXONE_CLIENT_SECRET }
    job: { base_delay: 10ms }
SETTINGS
    "$chatward" apply --config chatward.yaml >said 2>&1 || { cat said >&2; exit 1; }
    kill "$served"
    served=
}

cold() {
    rm -f .chatward/index
    "$chatward" plan --config chatward.yaml
}

warm() {
    "$chatward" plan --config chatward.yaml
}

# Zones, each with so many records, twice over: where they come from, and where they go to.
zones() {
    {
        echo 'manager: { max_workers: 2 }'
        echo 'providers:'
        for folder in from to; do
            echo "  $folder: { class: octodns.provider.yaml.YamlProvider, directory: ./$folder, default_ttl: 3600 }"
        done
        echo 'zones:'
        awk -v count="$1" 'BEGIN {
            for (zone = 0; zone < count; zone++) printf "  zone-%d.example.: { sources: [from], targets: [to] }\n", zone
        }'
    } >"zones.yaml"
    awk -v zones="$1" -v records="$2" 'BEGIN {
        for (zone = 0; zone < zones; zone++) {
            file = sprintf("from/zone-%d.example.yaml", zone)
            print "---" > file
            for (record = 0; record < records; record++)
                printf "r%07d: { type: A, values: [192.0.2.1, 192.0.2.2] }\n", record > file
            close(file)
        }
    }'
    cp from/* to/
}

peer() {
    "$octodns/bin/octodns-sync" --config-file zones.yaml
}

printf '%9s  %-36s %9s  %6s\n' count what best 'of ours'
for count in "$@"; do
    rm -rf ./* .chatward
    awk 'BEGIN { for (folder = 0; folder < 100; folder++) printf "policies/folder-%02d\n", folder }' | xargs mkdir -p
    documents "$count"
    sleep 2.1 # a file that was changed just now is read again, whatever its metadata says
    ours=$(best_of_three cold)
    say "$count" 'chatward plan, without its index' "$ours" "$ours"
    warm >/dev/null
    say "$count" 'chatward plan, with its index' "$(best_of_three warm)" "$ours"
    for shape in "$count 1" "1 $count"; do
        rm -rf from to
        mkdir from to
        # shellcheck disable=SC2086
        zones $shape
        say "$count" "octodns-sync, $(echo "$shape" | awk '{ print $1 " zones of " $2 " records" }')" \
            "$(best_of_three peer)" "$ours"
    done
done
