# Everything that a developer or a machine does with Pollard. `make help` lists it; test/tools/setup
# installs what a target needs beyond Go, on Debian as root, and says what is missing elsewhere.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO        ?= go
BENCH     ?= .
FUZZTIME  ?= 20s
# Of one package: a test that hangs shows its goroutines instead of outlasting the machine it runs on.
TIMEOUT   ?= 5m
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
RESULTS   := test/bench/results

# No paths of the machine, no build ID; the commit is in it where there is a repository.
REPRODUCIBLE := -trimpath -buildvcs=auto -ldflags=-buildid=

# Debian keeps servers where only root looks.
export PATH := $(PATH):/usr/sbin

# Flags for the command that a target runs: make demo ARGS='--duration 20s', make bench ARGS='-run hits'.
ARGS ?=

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/pollard: one static binary, the same to the byte for the same commit and Go
	CGO_ENABLED=0 $(GO) build $(REPRODUCIBLE) -o bin/pollard ./cmd/pollard

.PHONY: demo
demo: build ## see the calls fall: a polling application, Pollard in front of it, and viewers
	@bin/pollard demo $(ARGS)

.PHONY: test
test: setup-test check test-race test-plain test-k8s test-grafana test-browser test-clients ## run every test, and install what they need first

.PHONY: test-short
test-short: check ## run the Go tests without the race detector and without the long ones
	$(GO) test -short -timeout $(TIMEOUT) ./...

.PHONY: test-race
test-race: ## run the Go tests under the race detector; all of them: go cannot see that a test of the program needs it built anew
	$(GO) test -race -count 1 -timeout $(TIMEOUT) ./...

.PHONY: test-push-long
test-push-long: build ## send 2,000 watchers away in every way; see pages poll for five minutes, with client.js and without
	$(GO) test ./test/push -count 1 -timeout $(TIMEOUT) -run 'SentAway' -watchers 2000
	cd test/browser && npm ci --no-audit --no-fund && PUSH_SECONDS=300 node --test --test-reporter=spec push-long.test.js

.PHONY: test-certificates-long
test-certificates-long: ## rotate every certificate three times under 2,000 sockets and 100 pollers, each over twenty seconds
	$(GO) test ./test/certificates -count 1 -v -timeout 15m -run Rotated -sockets 2000 -window 20s

.PHONY: test-upstreams-long
test-upstreams-long: ## roll the upstream's instances 50 times, from a list and behind DNS, and kill them 50 times
	$(GO) test ./test/upstreams -count 1 -v -timeout 15m -rolls 50

.PHONY: test-migration-long
test-migration-long: ## hold predictions to a day of five minutes, and guards to five seconds after the evidence is in
	$(GO) test ./test/migration -count 1 -timeout 15m -v -run 'Predicted' -day 5m
	$(GO) test ./test/migration -count 1 -timeout $(TIMEOUT) -v -skip 'Predicted' -within 5s

.PHONY: test-fleet-long
test-fleet-long: ## 3,000 clients of three instances: calm, restarts, stops, a failover, lost hints, Redis slow and away; 18 minutes
	$(GO) test ./test/fleet -count 1 -v -parallel 1 -timeout 30m -clients 3000 -calm 60s -away 2m -strict

.PHONY: test-abuse
test-abuse: ## attack with slowhttptest, rapid resets and 20,000 half-open connections; what others who poll notice
	test/tools/setup abuse
	$(GO) test ./test/abuse -count 1 -timeout $(TIMEOUT) -v -run OthersAreServed -figures 20s $(ARGS)

.PHONY: test-rolling-long
test-rolling-long: ## 50 rolling restarts behind a balancer that notices 5 s late, under clients that must not notice; 7 minutes
	$(GO) test ./test/leaving -count 1 -v -timeout 20m -run Rolling -restarts 50 -late 5s

.PHONY: chaos
chaos: ## ten minutes in which upstream, Redis and instances fail in an order that a seed decides; ARGS='-storm 1m -seed 7'
	$(GO) test ./test/chaos -count 1 -v -timeout 60m -storm 10m $(ARGS)

.PHONY: test-plain
test-plain: ## run what the race detector is no ground for: simulations in full, allocations that are pinned, evidence that needs its time
	$(GO) test -count 1 -timeout $(TIMEOUT) ./coalescer ./proxy ./rollout/advice ./rollout/guard ./rollout/observe
	$(GO) test -count 1 -timeout $(TIMEOUT) ./test/migration

.PHONY: test-grafana
test-grafana: ## hold Grafana's dashboards to the types that Grafana publishes
	cd test/grafana && npm ci --no-audit --no-fund && npm test

.PHONY: test-browser
test-browser: build ## run the tests in a real browser
	cd dashboards/console && npm ci --no-audit --no-fund
	cd test/browser && npm ci --no-audit --no-fund && npm test

.PHONY: test-clients
test-clients: build ## run the tests with the real push clients: Rails' and AnyCable's, EventSource, WebSocket, curl
	cd test/clients && npm ci --no-audit --no-fund && npm test

.PHONY: test-k8s
test-k8s: ## hold k8s/ to the types of Kubernetes' API, of the Gateway API and the Prometheus operator, and to Pollard's configuration
	$(GO) -C test/k8s vet ./...
	$(GO) -C test/k8s test -count 1 -timeout $(TIMEOUT) ./...

# Both are of one version of Kubernetes, which test/k8s/apiserver/go.mod says.
.PHONY: test-k8s-apiserver
test-k8s-apiserver: ## build a real kube-apiserver and its etcd (minutes of CPU); apply every overlay to it
	mkdir -p bin
	version=$$($(GO) -C test/k8s/apiserver list -m -f '{{.Version}}' k8s.io/kubernetes) && \
		$(GO) -C test/k8s/apiserver build -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$$version" \
			-o ../../../bin/kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
	$(GO) -C test/k8s/apiserver build -ldflags '-s -w' -o ../../../bin/etcd go.etcd.io/etcd/server/v3
	$(GO) -C test/k8s test -count 1 -timeout $(TIMEOUT) -v -run APIServer ./... \
		-args -apiserver $(CURDIR)/bin/kube-apiserver -etcd $(CURDIR)/bin/etcd

.PHONY: k8s-rules
k8s-rules: ## write the PrometheusRule of k8s/ anew, from dashboards/prometheus
	$(GO) -C test/k8s test -count 1 -run RulesAreThose ./... -args -update

.PHONY: check
check: ## look for code that is not gofmt'ed or that vet complains about
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	$(GO) vet ./...

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (20s)
	test/tools/fuzz $(FUZZTIME)

.PHONY: bench
bench: setup-bench ## compare with nginx, Varnish, Nchan, ReverseProxy; ARGS='-quick', '-run hits', '-write', …
	$(GO) run ./test/bench $(ARGS)

.PHONY: bench-workload
bench-workload: ## GitLab's pages of CI jobs, in miniature: calls and staleness by every way to learn of a change
	$(GO) run ./test/bench -run workload -without nginx,varnish,nchan,reverseproxy $(ARGS)

.PHONY: bench-go
bench-go: ## run the Go benchmarks (BENCH: a pattern) and compare them with the recorded baseline
	mkdir -p $(RESULTS)
	$(GO) test -run '^$$' -bench "$(BENCH)" -benchmem -count 6 ./... | tee $(RESULTS)/latest.txt
	$(GO) run $(BENCHSTAT) $(wildcard $(RESULTS)/baseline.txt) $(RESULTS)/latest.txt

.PHONY: bench-record
bench-record: ## make the last bench-go the baseline
	cp $(RESULTS)/latest.txt $(RESULTS)/baseline.txt

.PHONY: bench-store
bench-store: ## hits where ten documents are stored and where there are a million; memory and pauses meanwhile
	$(GO) test ./coalescer -run '^$$' -bench Stored -benchtime 2000000x -timeout 30m -documents 1000000 $(ARGS)

.PHONY: dashboards
dashboards: ## generate Grafana's dashboards; run every expression and alert against a real Prometheus
	$(GO) generate ./dashboards/...
	$(GO) test -count 1 -timeout $(TIMEOUT) ./dashboards/... ./test/dashboards

.PHONY: test-figures-long
test-figures-long: ## hold everything that shows figures to the upstream's log, after a mixed run of a minute
	$(GO) test ./test/dashboards -count 1 -timeout $(TIMEOUT) -v -run 'ShowsTheSame' -mixed 1m

.PHONY: test-alerts-long
test-alerts-long: ## cause every alert, with rules that look back half a minute and a minute; four minutes
	$(GO) test ./test/dashboards -count 1 -timeout 20m -v -run 'TestAlertsFire(For|While)' -quarter 30s

.PHONY: docs
docs: ## write the generated documents anew
	$(GO) generate ./...

.PHONY: console
console: ## make the console's embedded files of their sources; building Pollard needs neither node nor npm
	cd dashboards/console && npm ci --no-audit --no-fund && npm run --silent build

.PHONY: screenshots
screenshots: build ## take the pictures of docs/console.md anew, from five minutes of the demo
	cd test/browser && npm ci --no-audit --no-fund && node screenshots.js

.PHONY: setup-test
setup-test: ## install what the tests need and is missing
	test/tools/setup test

.PHONY: setup-bench
setup-bench: ## install what the benchmarks need and is missing
	test/tools/setup bench

.PHONY: clean
clean: ## remove what was built
	rm -rf bin test/browser/node_modules test/grafana/node_modules test/clients/node_modules dashboards/console/node_modules $(RESULTS)/latest.txt
