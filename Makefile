# make demo and make test need Go, and nothing else. The race detector needs cgo and a
# C compiler that works; where there is none the tests run without it.
RACE := $(shell { test "$$(go env CGO_ENABLED)" = 1 && echo 'int x;' | $$(go env CC) -x c -fsyntax-only - && echo -race; } 2>/dev/null)
FUZZTIME ?= 10000x

# What Go compiles needs a folder. Go names one that it cannot write, and no cure.
cache:
	@command -v go >/dev/null || { echo 'make: go was not found: install Go 1.26 or later (https://go.dev/dl), or add its bin folder to PATH'; exit 1; }
	@dir="$$(go env GOCACHE)"; { test "$$dir" != off && mkdir -p "$$dir" && test -w "$$dir"; } 2>/dev/null || \
		{ test "$$dir" != off || dir="a build cache, for neither HOME nor GOCACHE is set"; echo "make: cannot write $$dir: set GOCACHE to a folder of yours, and GOMODCACHE if that is in the way too"; exit 1; }

.PHONY: cache demo test releases lint fuzz mutations conformance e2e bench bench-peers image push app clean

# Four servers, one rolling update each: which drop connections, and why. The
# demo is a program of its own, and GOWORK=off keeps it to the modules it needs.
demo: cache
	@mkdir -p bin 2>/dev/null && test -w bin || { echo 'make: cannot write bin/ in this checkout: clone into a folder of yours'; exit 1; }
	@test -x bin/demo || echo 'compiling the demo; the first time that takes about a minute'
	@GOWORK=off go build -C cmd/lameduck -o ../../bin/demo ./demo
	@bin/demo

# The tests of every module. Packages run side by side, for most of them wait: two
# more than twice the processors, so that four share a single one. The tool's own
# trials, which need the machine most, come last and alone.
#
# The race detector makes what computes up to eight times slower, and links slowly. What
# has no goroutine to watch goes without it; and with -short what is beside the library
# and the tool: clients, peers and examples. It also sleeps at the end of every program,
# for a second unless told otherwise. CGO_ENABLED=0 compiles for them what the trials
# need again. vet is part of make lint.
# -short tries less of the same: CI tries all of it, with the race detector, by
# make test SHORT=
SHORT ?= -short
PACKAGES ?= $(shell echo $$((2 + 2 * $$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN))))
computes = /internal/(attribute|console|diagnose|hint|hpack|labtrial|manifest|order|report|savefile|short|timeline|typecheck|vocabulary|workers/wire)$$|/deploy/image|/e2e/(images|cmd/.*)$$
beside = $(if $(SHORT),|lameduck/(bench|conformance|examples|tutorial)(/|$$))
trials = /cmd/lameduck$$
packages = $$(go list work | grep -E '$(1)')
waits = -p $(PACKAGES) -parallel 8 -timeout 15m
test: export GORACE ?= atexit_sleep_ms=50
test: cache
	$(if $(RACE),,@echo 'no C compiler that works, or CGO_ENABLED=0: testing without the race detector')
	go test $(RACE) $(SHORT) -vet=off $(waits) $$(go list work | grep -Ev '$(computes)$(beside)|$(trials)')
	CGO_ENABLED=0 go test $(SHORT) -vet=off $(waits) $(call packages,$(computes)$(beside))
	go test $(RACE) $(SHORT) -vet=off -timeout 15m $(call packages,$(trials))

# The library's tests with the oldest release of Go that go.mod allows, and the newest
# that can be had. The first time it downloads them.
releases: cache
	@.ci/releases

# Every fuzz target for a while.
fuzz: cache
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

# Each assumption about net/http, and each line that rests on one, has a test that fails
# when it is changed. About five minutes.
mutations: cache
	@.ci/mutations

# Clients and proxies that others wrote go through a termination. As root on Debian
# it installs those that are missing; elsewhere their tests are skipped.
conformance: cache
	@.ci/conformance
	go test $(RACE) -count=1 -timeout 10m ./conformance/...

# The same on real Kubernetes: the cluster of KUBECONFIG, or else one of its own
# on this machine, which needs root and Linux. The first time it builds Kubernetes.
e2e: cache
	@.ci/e2e

# gofmt, vet, go fix, staticcheck and go mod tidy, over every module.
lint: cache
	@.ci/lint

# The library against bare net/http and the usual recipes, side by side.
bench: cache
	go run ./bench

# The library beside its peers: writes the tables of docs/PEERS.md. About 50 minutes.
bench-peers: cache
	go run ./bench -peers -runs 30 -pairs 400 -update

# The example app, to try it with lameduck verify.
app: cache
	go build -o bin/app ./cmd/app

# The builder is compiled as the programs in the images are, and shares their packages.
build-image = CGO_ENABLED=0 go run -trimpath ./deploy/image

# The images of the example app and of the tool as OCI archives, without Docker.
image: cache
	@mkdir -p dist
	$(build-image) -o dist/app.tar
	$(build-image) -package ./cmd/lameduck -o dist/lameduck.tar

# make push IMAGE=registry.example/team/app:1.0.0
# make push IMAGE=registry.example/team/lameduck:1.0.0 PACKAGE=./cmd/lameduck
push: cache
	$(build-image) -package '$(or $(PACKAGE),./cmd/app)' -push '$(IMAGE)'

clean:
	rm -rf bin dist
