# The sidecar, and `stoa`, which runs it, probes it, and is the embedded broker. Made by `make images` from
# bin/image/sidecar. The folders of the state belong to the user of the containers: a new volume takes that over.
FROM scratch
COPY daprd stoa /
COPY --chown=65532:65532 state /state
USER 65532:65532
WORKDIR /state
