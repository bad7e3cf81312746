# The sidecar, and `stoa`, which runs it, probes it, and is the embedded broker. `make images` builds it from
# bin/image/sidecar. The user of the containers owns the folders of the state, and so every new volume there.
# Dapr's injector says only which command to run, so `stoa sidecar` runs that: with STOA_BROKER it waits for that broker.
FROM scratch
COPY daprd stoa /
COPY --chown=65532:65532 state /state
USER 65532:65532
WORKDIR /state
ENTRYPOINT ["/stoa", "sidecar", "--"]
