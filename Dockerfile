# chatward in an image of its own: one static binary, the roots of public certificate authorities, nothing else.
#
#   docker build -t chatward --build-arg REVISION="$(git rev-parse HEAD)" .
#
# No shell, no package manager, no root: it runs as 65532 with a read-only root, writes to /var/lib/chatward alone, and
# reads /policies. tests/container/run.sh builds and runs it.
ARG RUST_IMAGE=docker.io/library/rust:1.95.0-slim-bookworm

FROM ${RUST_IMAGE} AS build
SHELL ["/bin/sh", "-euc"]
WORKDIR /src
# What the C library knows is linked in, and host names are resolved by it as anywhere else. With a target named, the
# flag is for the program and not for what runs while it is built.
ENV RUSTFLAGS="-C target-feature=+crt-static" CARGO_TERM_COLOR=never

# Dependencies first, from the manifests alone, so that this layer is built anew only when they change. An empty library
# and program stand in for the real ones; what cargo made of these two goes, and what it made of the rest stays.
COPY Cargo.toml Cargo.lock ./
# Features besides the default ones, such as otlp.
ARG FEATURES=
RUN mkdir src; \
    touch src/lib.rs; \
    echo 'fn main() {}' > src/main.rs; \
    cargo build --release --locked --bin chatward --features "${FEATURES}" --target "$(rustc --print host-tuple)"; \
    cargo clean --release --package chatward --target "$(rustc --print host-tuple)"

COPY src src
ARG REVISION=unknown
RUN CHATWARD_REVISION="${REVISION}" \
    cargo build --release --locked --bin chatward --features "${FEATURES}" --target "$(rustc --print host-tuple)"

# The root of the image. A mount point for policies is made by whoever mounts them.
RUN mkdir -p /image/etc/ssl/certs; \
    install -d -m 0700 -o 65532 -g 65532 /image/var/lib/chatward; \
    install -m 0755 "target/$(rustc --print host-tuple)/release/chatward" /image/chatward; \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
ARG REVISION=unknown
LABEL org.opencontainers.image.title="chatward" \
      org.opencontainers.image.description="GitOps for webchat security policies" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image/ /
ENV CHATWARD_POLICIES=/policies \
    CHATWARD_STATE_DIR=/var/lib/chatward \
    CHATWARD_LOG_FORMAT=json
USER 65532:65532
EXPOSE 8686
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["/chatward", "status", "--check"]
ENTRYPOINT ["/chatward"]
CMD ["run"]
