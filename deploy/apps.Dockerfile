# All apps in one image: they share nothing but the folder, yet one build, one transfer and one tag serve for eight
# services, and a container names the program that it runs. Made by `make images` from bin/image/apps, which holds just
# what goes in. Nothing is pulled: the programs are static.
FROM scratch
COPY . /
USER 65532:65532
WORKDIR /state
