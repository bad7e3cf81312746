# Everything that CI does has a name here, and CI does nothing else. `make` alone lists the targets.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help first tools sentry dapr-cli build binaries up down status logs doctor credentials seed dapr-run dapr-stop \
	traces measured bench bench-long bench-matrix bench-settings check test test-unit test-race test-long test-quick test-system test-kit test-official test-e2e test-browser pictures upgrade-test conformance conformance-quick redis chromium xmllint prometheus namespaces \
	lint vuln generate check-generated clean \
	images image-folders compose-up compose-down compose-test compose-check kubernetes-tools kubernetes-packages kubernetes-test kubernetes-check kubernetes-scale-test kubernetes-up

# Programs are static, so that they run in an image that contains nothing else. Programs, tests and checks are compiled in the same
# way, without the name of this folder: so each package is, once, for all of them and for all checkouts. Tests are vetted by `make lint`.
export CGO_ENABLED := 0
export GOFLAGS := $(GOFLAGS) -trimpath -vet=off

# The programs and the packages that they are built from; apps.mk names those of dapr.yaml, APPS.
include apps.mk
bin/stoa:             PACKAGE := ./cmd/stoa
bin/pod:              PACKAGE := ./deploy/pod
bin/stoa-api-key:     PACKAGE := ./gateway/kong/plugin

# Every file that a program may be built from, and every folder, whose time changes when a file is removed. So `make build`
# ends at once when nothing has changed; otherwise Go decides what to build.
NOT_SOURCES := .git .stoa bench bin docs test tools
SOURCES = $(shell find . -mindepth 1 \( -name '* *' $(NOT_SOURCES:%=-o -path ./%) \) -prune -o -print)

# Tests below test/ start real processes; all others are unit tests.
UNIT = $(shell go list ./... | grep -v '^stoa/test/')
# The race detector needs a C compiler, which nothing else here does.
RACE = $(shell command -v "$$(go env CC)" >/dev/null && echo -race)
# The packages of tests that repeat themselves in one goroutine: these run without it (must.HaveTime).
LONG = $(shell grep -rl --include=*_test.go 'must\.HaveTime' . | xargs -n1 dirname | sort -u)
LINT := go tool -modfile=tools/lint/go.mod

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Building

tools: bin/stoa ## Build the Dapr sidecar, once for all checkouts, unless a suitable one is installed
	@bin/stoa tools

bin/official/daprd: bin/stoa
	@mkdir -p bin/official && bin/stoa tools --official --copy bin/official

sentry: bin/stoa ## Build Dapr's certificate authority, for `bin/stoa up --mtls`; a minute or two the first time
	@bin/stoa tools --mtls

dapr-cli: bin/dapr ## Build the official dapr CLI into bin/; about four minutes the first time

# A module of its own: it needs older versions of Dapr's packages than the sidecar.
bin/dapr: tools/dapr-cli/go.mod tools/dapr-cli/go.sum
	go build -C tools/dapr-cli -o ../../bin/dapr github.com/dapr/cli

build: ## Build all programs into bin/
	@$(MAKE) --no-print-directory -j4 binaries

binaries: bin/stoa $(APPS:%=bin/%)
	@:

bin/%: $(SOURCES)
	@go build -ldflags '-s -w' -o $@ $(PACKAGE) && touch $@

## Running

# In a new checkout the sidecar and the programs are built at the same time: each alone would leave a core idle for a while.
FIRST := $(if $(wildcard bin/stoa),,first)
BEGAN := $(shell date +%s)
up: $(or $(FIRST),tools) build ## Start everything, wait until it is ready, and fill an empty shop; ARGS="--scale order-worker=2"
	@bin/stoa up -d $(ARGS)
	@bin/stoa seed --began $(BEGAN)

first:
	@echo "Building the sidecar and the programs. With empty caches this takes some minutes; later builds take seconds."
	@GOGC=400 go run ./tools/build -link '$(MAKE) --no-print-directory -j2 binaries' ./cmd/stoa ./gateway $(wildcard ./services/*/cmd/*)

down: bin/stoa ## Stop everything
	@bin/stoa down

status: bin/stoa ## Show every process
	@bin/stoa status $(ARGS)

logs: bin/stoa ## Show the logs of all processes in order of time; ARGS="-f order-api"
	@bin/stoa logs $(ARGS)

doctor: bin/stoa ## Say what is missing or in the way, and what to do about it
	@bin/stoa doctor

credentials: bin/stoa ## Show the API key and the sign-ins of this installation
	@bin/stoa credentials $(ARGS)

seed: bin/stoa ## Fill a running shop with a small demo catalogue, and its blog with posts
	@bin/stoa seed $(ARGS)

dapr-run: tools build dapr-cli ## Start the same system by the official `dapr run`, until Ctrl-C or `make dapr-stop`
	@bin/stoa run -- bin/dapr run -f dapr.yaml

traces: tools build ## Start Zipkin and the system, place an order, and show its trace, until Ctrl-C; needs Java, or OTEL_EXPORTER_OTLP_ENDPOINT
	@go run ./test/traces/show

dapr-stop: down ## Stop what `make dapr-run` started

## Containers

COMPOSE ?= $(shell command -v docker-compose || echo docker compose)
# OVERLAY=redis, or OVERLAY="kafka postgres": other brokers and stores, from public images. OVERLAY=kong: Kong as the gateway.
OVERLAID = $(COMPOSE) -f docker-compose.yml $(OVERLAY:%=-f deploy/compose/%.yml)

# The folders of the images: a builder gets only the files of its image.
IMAGES := bin/image
image-folders: build bin/pod
	@rm -rf $(IMAGES) && install -d $(IMAGES)/apps $(IMAGES)/sidecar/state
	@install -d -m 700 $(addprefix $(IMAGES)/sidecar/state/.stoa,/. /data /mail)
	@install $(APPS:%=bin/%) bin/stoa bin/pod $(IMAGES)/apps
	@install bin/stoa $(IMAGES)/sidecar
	@bin/stoa tools --copy $(IMAGES)/sidecar

images: image-folders bin/stoa-api-key ## Build both container images FROM scratch, with our own programs; nothing is pulled
	@for image in apps sidecar; do \
		docker build --quiet --tag localhost/stoa/$$image --file deploy/$$image.Dockerfile $(IMAGES)/$$image || exit 1; done
	@rm -rf $(IMAGES)

# The tokens between the apps and their sidecars, and the password of the servers of an overlay.
.stoa/compose.env: SECRETS := DAPR_API_TOKEN APP_API_TOKEN
.stoa/servers.env: SECRETS := SERVER_PASSWORD
.stoa/%.env:
	@install -d -m 700 .stoa && umask 077 && for name in $(SECRETS); do \
		echo "$$name=$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"; done > $@

compose-up: images .stoa/compose.env .stoa/servers.env ## Start everything in containers; OVERLAY=redis uses another broker and store, OVERLAY=kong another gateway
	@$(OVERLAID) up -d
	@echo "The shop is at http://127.0.0.1:$${STOA_PORT:-8080} in a moment; the sign-ins: $(COMPOSE) exec broker /stoa credentials"

compose-down: .stoa/compose.env .stoa/servers.env ## Stop and remove the containers; ARGS=-v removes their data too
	@$(OVERLAID) down $(ARGS)

compose-test: ## Build the images, run them, place orders, kill containers, count the results
	@test/compose/with-docker $(MAKE) --no-print-directory compose-check

compose-check: images .stoa/compose.env .stoa/servers.env
	COMPOSE='$(COMPOSE)' go test -count=1 stoa/test/compose/...

## Kubernetes

# Debian's parts of a node, and the database beside it; only what is missing is installed, and nothing is started.
kubernetes-packages:
	@missing="$$(for program in containerd ctr runc; do command -v $$program >/dev/null || echo containerd runc; done; \
			command -v iptables >/dev/null || echo iptables; command -v ip >/dev/null || echo iproute2; \
			ls /usr/lib/cni/bridge /opt/cni/bin/bridge 2>/dev/null | grep -q . || echo containernetworking-plugins; \
			command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo postgresql)"; \
		[ -z "$$missing" ] || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
			RUNLEVEL=1 apt-get install -q -y --no-install-recommends $$missing; } || \
		echo "Programs of a node are missing. Debian calls their packages:" $$missing

kubernetes-tools: bin/stoa kubernetes-packages ## Build a Kubernetes node, helm and Dapr's control plane, once for all checkouts; some fifteen minutes
	@bin/stoa tools --kubernetes bin/kubernetes

# KUBECONTEXT=test uses a cluster that runs, with images that it can pull: see docs/kubernetes.md.
kubernetes-test: ## The whole system on a real Kubernetes node with Dapr's control plane: orders, kills, upgrades; BASE=<commit> upgrades from it
	@[ -n "$(KUBECONTEXT)" ] || [ "$$(uname)/$$(id -u)" = Linux/0 ] || { printf '%s\n' "" \
		"**********************************************************************" \
		"NOT TESTED: Kubernetes. Only root on Linux can start a node, and KUBECONTEXT names no cluster." \
		"**********************************************************************" "0 passed, 0 failed"; exit 0; } && \
		$(MAKE) --no-print-directory kubernetes-check

kubernetes-check: kubernetes-tools image-folders
	go test stoa/test/kubernetes/node
	go test -count=1 -timeout 30m -failfast -v stoa/test/kubernetes -args -context='$(KUBECONTEXT)' -base='$(BASE)'

kubernetes-scale-test: kubernetes-tools image-folders ## On the same node, KEDA and metrics-server scale apps by their load; builds them first, some twenty minutes; not in CI
	@bin/stoa tools --scalers
	go test -count=1 -timeout 30m -v -run TestScaling stoa/test/kubernetes -args -scaling

kubernetes-up: kubernetes-tools image-folders ## The same node with everything on it, until Ctrl-C
	go test -count=1 -timeout 0 -v -run '^$$' stoa/test/kubernetes -args -keep

## Checking

# Runs targets one after another, and says at the end what each of them, and each test package, took.
TIMED := MAKE='$(MAKE)' tools/timed

check: ## All that can be checked without starting a system, in a minute; SERVICE=order checks one service, in seconds
	@$(TIMED) $(if $(SERVICE),,check-generated) lint test-quick

# The suites of the whole system wait most of the time at first. What needs processors and no answer in time runs beside them.
# Programs are installed before, since two installations at once get in each other's way.
test: redis prometheus chromium xmllint ## Everything that CI runs
	@$(TIMED) check-generated vuln test-system -- test-race lint test-long

# Four packages at once, since linking and waiting leave processors idle; and memory costs less here than to collect garbage.
TEST_UNIT := GOGC=400 go test -p 4
test-unit: test-race test-long ## Unit tests, with the race detector where there is a C compiler

test-race: xmllint prometheus
	@[ -n "$(RACE)" ] || echo "The race detector is off: it needs a C compiler."
	$(RACE:%=CGO_ENABLED=1) $(TEST_UNIT) $(RACE) $(RACE:%=-short) $(UNIT)

test-long:
	$(RACE:%=$(TEST_UNIT) $(LONG))

# Those of one service go with what guards it: its OpenAPI file, its anatomy, its place in the description, who may call it.
test-quick: # unit tests without the race detector
	go test $(if $(SERVICE),$(PACKAGES) ./internal/architecture ./internal/topology ./api/...,$(UNIT))

# Most suites wait most of the time, for timeouts and for processes that come back, so several of them run at once. The first
# one sends crowds: beside others, its requests would time out.
CROWDS := e2e
KIT := kit stack hosts kong
E2E := chaos hostile scaffold cost security runner observability
test-system: tools sentry build dapr-cli redis prometheus chromium namespaces ## Tests on real processes: all of the next three, several at once
	go test -count=1 -timeout 20m -parallel 6 $(CROWDS:%=stoa/test/%/...)
	go test -count=1 -timeout 20m -p 3 -parallel 4 $(patsubst %,stoa/test/%/...,browser $(E2E) conformance $(KIT))

test-kit: tools redis namespaces ## Tests of the kit and of the stack against real sidecars
	go test -count=1 -parallel 4 $(KIT:%=stoa/test/%/...)

test-official: bin/official/daprd redis ## The same on the official sidecar with all components; builds it first, in about eight minutes
	STOA_DAPRD=$(CURDIR)/bin/official/daprd go test -count=1 -parallel 4 stoa/test/kit/...

test-e2e: tools sentry build dapr-cli redis prometheus ## Tests of the whole system on its real processes
	go test -count=1 -p 1 -parallel 4 $(patsubst %,stoa/test/%/...,$(CROWDS) $(E2E))

test-browser: tools build chromium ## Tests of all pages in a headless browser
	go test -count=1 -parallel 4 stoa/test/browser/...

PICTURES := $(CURDIR)/.stoa/pictures
pictures: tools build chromium ## Pictures of each page in both colour schemes and two widths, and those of the README
	go test -count=1 -parallel 4 -run TestPictures stoa/test/browser -args -pictures=$(PICTURES)
	@echo "Look at $(PICTURES)/index.html."

# The last release; before the first one, the earliest commit whose documents can be read.
UPGRADED = $(or $(BASE),$(shell git describe --tags --abbrev=0 2>/dev/null || cat test/upgrade/base))
upgrade-test: tools build ## An earlier build, this one on its state, and back; then both side by side. BASE=<commit>; DAPR=former: on Dapr's last version, too
	$(if $(filter former,$(DAPR)),@bin/stoa tools --former)
	go test -count=1 -timeout 20m -v stoa/test/upgrade -args -base=$(UPGRADED) $(if $(filter former,$(DAPR)),-former)

conformance: tools build ## Measure each bus and store, and the shop on each pair: docs/conformance.md; BUS=kafka STORE=redis limit it
	go test -count=1 stoa/test/servers
	go test -count=1 -timeout 2h -parallel 3 -v stoa/test/conformance -args \
		-full -bus='$(BUS)' -store='$(STORE)' -report=../../docs/conformance.json

conformance-quick: tools build redis ## The same for nats x sqlite and redis x redis, with fewer events, in about a minute
	go test -count=1 -timeout 10m -parallel 3 stoa/test/conformance/...

redis: # a server for tests; installed where that is allowed, and not started
	@command -v redis-server >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
			RUNLEVEL=1 apt-get install -q -y --no-install-recommends redis-server; } || \
		echo "NOT TESTED: all that needs Redis, since redis-server is not installed and cannot be installed from here."

namespaces: # hosts for tests
	@[ "$$(id -u)" = 0 ] && command -v ip >/dev/null || echo "Several hosts are NOT TESTED: that needs root and the command ip."

chromium: # a browser for tests, at best without the parts that need a screen; installed where that is allowed
	@command -v chromium-headless-shell >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
			apt-get install -q -y --no-install-recommends chromium-headless-shell; } || \
		command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
		echo "NOT TESTED: the pages in a browser, since no browser is installed and none can be installed from here."

xmllint: # the validator of feeds and sitemaps; installed where that is allowed
	@command -v xmllint >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
			apt-get install -q -y --no-install-recommends libxml2-utils; } || \
		echo "NOT TESTED: feeds against the schemas of their formats, since xmllint is not installed and cannot be installed from here."

prometheus: # what asks the queries of dashboards and alerts; installed where that is allowed, and not started
	@command -v prometheus >/dev/null && command -v promtool >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
			RUNLEVEL=1 apt-get install -q -y --no-install-recommends prometheus; } || \
		echo "NOT TESTED: dashboards and alerts, since Prometheus is not installed and cannot be installed from here."

measured: tools build # all that is measured: with the programs that take the place of the apps
	@go build -ldflags '-s -w' -o bin/ ./bench/twin ./bench/bare

bench: measured ## What Stoa costs: docs/performance.md; BASE=<commit> compares with that build, too; PARTS=orders,reads
	@go run ./bench $(if $(BASE),-base $(BASE)) $(if $(PARTS),-parts $(PARTS)) $(ARGS)

bench-long: measured ## Memory after an hour under load; ARGS="-early 10s -late 1m" tries it
	@go run ./bench -parts hour $(ARGS)

bench-matrix: measured ## What an order costs on each broker and store; ARGS="-servers redis/sqlite" chooses pairs
	@go run ./bench -parts matrix $(ARGS)

bench-settings: tools ## What single settings of a sidecar and its client cost for each call
	@go run ./bench/settings

PACKAGES = $(if $(SERVICE),$(or $(wildcard ./services/$(SERVICE)),./$(SERVICE))/...,./...)
lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
		if [ -n "$$unformatted" ]; then echo "Run gofmt -w on:" $$unformatted; exit 1; fi
	go vet $(PACKAGES)
	$(LINT) staticcheck $(PACKAGES)

VULNERABILITIES := https://vuln.go.dev
vuln: ## Known vulnerabilities in the code that the programs call
	@if curl -sSf --max-time 5 -o /dev/null $(VULNERABILITIES)/index/db.json; then \
		$(LINT) govulncheck -db $(VULNERABILITIES) ./...; \
	else \
		echo "govulncheck skipped: its database, $(VULNERABILITIES), cannot be reached from here."; \
	fi

generate: ## Write all generated files, those that .gitattributes lists
	go generate ./...
	STOA_UPDATE=1 go test -count=1 -run 'TestOpenAPI|TestMail' ./services/...
	STOA_UPDATE=1 go test -count=1 -run TestMatrix ./api/access
	go run ./internal/topology/generate
	go run ./internal/monitoring/generate
	go run ./bench/report/generate

CHECKSUM = git ls-files -co --exclude-standard ':(attr:linguist-generated)' docs/architecture.md | LC_ALL=C sort | xargs cksum | cksum
check-generated: ## Fail when a generated file is out of date
	@before=$$($(CHECKSUM)); $(MAKE) --no-print-directory generate; \
		if [ "$$before" != "$$($(CHECKSUM))" ]; then \
			echo "Generated files were out of date. They are up to date now: look at the changes and commit them."; exit 1; \
		fi

clean: ## Remove what was built; the state in .stoa stays
	rm -rf bin
