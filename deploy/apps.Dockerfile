# All apps in one image, so that one build, one transfer and one tag serve for all of them. A container names the program
# that it runs. `make images` builds it from bin/image/apps, which has only the files of the image. Nothing is pulled: the
# programs are static.
FROM scratch
COPY . /
USER 65532:65532
WORKDIR /state
