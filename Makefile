# All tasks of development. `make` without a target lists them.

GO        ?= go
PREFIX    ?= /usr/local
DESTDIR   ?=
BIN       := bin
FUZZTIME  ?= 20s
SOAK      ?= 20m
RANDOM_PROGRAMS  ?= 100000
SEED      ?= 0

PROGRAMS  := ./cmd/spectrum2_lua_backend ./cmd/spectrum2-lua

# The programs name the commit that they are made from, if git can tell it here.
STAMP := $(shell git ls-files --error-unmatch Makefile >/dev/null 2>&1 && echo true || echo false)

# The flags of the programs. The compiler optimises what a backend under load executes most.
FLAGS := -trimpath -pgo=cmd/spectrum2-lua/devkit/bench/cpu.pgo

# Our own commands on this machine, compiled as `make build` does, so that packages are
# compiled once.
HOST := GOOS= GOARCH= CGO_ENABLED=0 $(GO) run $(FLAGS)

# Tools, by version. They are run from the module cache and never in go.mod.
BUF           := github.com/bufbuild/buf/cmd/buf@v1.75.0
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VALE          := github.com/vale-cli/vale/v3/cmd/vale@v3.22.0
NFPM          := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
CYCLONEDX     := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
GOVULNCHECK   := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# The race detector needs cgo and a C compiler.
RACE := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v $$($(GO) env CC) >/dev/null 2>&1 && echo -race)

.DEFAULT_GOAL := help

.PHONY: help
help: ## Explain the targets
	@echo "spectrum2-lua: XMPP gateways for Spectrum 2, written in Lua"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/spectrum2_lua_backend and bin/spectrum2-lua, both static
	CGO_ENABLED=0 $(GO) build $(FLAGS) -buildvcs=$(STAMP) -ldflags="-s -w" -o $(BIN)/ $(PROGRAMS)

.PHONY: demo
demo: build ## Show a simulated Spectrum that logs in to examples/echo.cfg and chats
	$(BIN)/spectrum2-lua demo --backend $(BIN)/spectrum2_lua_backend examples/echo.cfg

.PHONY: test
test: ## Run all tests (Go alone; with the race detector where there is a C compiler)
	$(GO) test $(RACE) -count=1 ./...

.PHONY: e2e
e2e: e2e-databases e2e-browser e2e-spectrum e2e-packages ## Run under the real Spectrum 2, Prosody, PostgreSQL, MariaDB and Chromium (root on Debian; provisions them by itself)

.PHONY: e2e-databases
e2e-databases:
	runtime/database/e2e/run.sh

.PHONY: e2e-browser
e2e-browser:
	cmd/spectrum2-lua/internal/dashboard/run.sh

.PHONY: e2e-spectrum
e2e-spectrum: build
	E2E_BIN=$(CURDIR)/$(BIN) cmd/spectrum2_lua_backend/e2e/run.sh

.PHONY: e2e-packages
e2e-packages:
	$(MAKE) --no-print-directory packages BIN=$(BIN)/e2e
	$(MAKE) --no-print-directory image BIN=$(BIN)/e2e
	E2E_NFPM=$(NFPM) E2E_PACKAGES=$(CURDIR)/$(BIN)/e2e/packages E2E_IMAGE=$(CURDIR)/$(BIN)/e2e/image cmd/spectrum2_lua_backend/e2e/packages_run.sh

.PHONY: bench-programs
bench-programs: build
	$(GO) build -trimpath -ldflags="-s -w" -o $(BIN)/bench-baseline ./cmd/spectrum2-lua/devkit/bench/baselinecmd
	$(GO) build -o $(BIN)/bench ./cmd/spectrum2-lua/devkit/bench/benchcmd

.PHONY: pgo
pgo: bench-programs ## Measure again where the processor time of a backend goes, for the compiler
	cmd/spectrum2-lua/devkit/bench/pgo.sh

.PHONY: bench
bench: bench-programs ## Measure speed and memory, alternately with a backend without Lua, and update docs/admin/performance.md
	$(BIN)/bench --backend $(BIN)/spectrum2_lua_backend --large examples/irc.cfg --into docs/admin/performance.md cmd/spectrum2-lua/devkit/bench/plain/plain.cfg

.PHONY: bench-irc
bench-irc: build ## Measure scripts/irc.lua and Debian's libcommuni backend alternately (root on Debian, as e2e)
	E2E_BENCH=1 E2E_BIN=$(CURDIR)/$(BIN) cmd/spectrum2_lua_backend/e2e/run.sh -v -run 'TestIRCBench'

.PHONY: bench-gateway
bench-gateway: build ## Measure spectrum2-lua serve and Spectrum 2 with its libcommuni backend alternately (root on Debian, as e2e)
	E2E_BENCH=$${E2E_BENCH:-1} E2E_BIN=$(CURDIR)/$(BIN) cmd/spectrum2_lua_backend/e2e/run.sh -v -timeout 60m -run 'TestGatewayBench'

.PHONY: lint
lint: ## Check formatting, vet, the rules of .golangci.yml, Lua code, and the language
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt -w the files above"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags e2e,soak,packages ./cmd/spectrum2_lua_backend/... ./runtime/database/... ./cmd/spectrum2-lua/internal/dashboard
	$(GO) run $(GOLANGCI_LINT) run ./...
	@$(MAKE) --no-print-directory lint-lua
	@$(MAKE) --no-print-directory lint-prose

.PHONY: lint-lua
lint-lua: ## Check Lua code with luacheck (Debian's lua-check), if it is installed
	@if command -v luacheck >/dev/null; then \
	  git ls-files '*.lua' '*.lua.tmpl' | xargs luacheck -q; \
	else \
	  echo; echo "=== luacheck is not installed (Debian: lua-check): LUA CODE HAS NOT BEEN CHECKED ==="; echo; \
	fi

.PHONY: lint-prose
lint-prose: ## Check the language of docs and comments by the rules in .vale (needs a C compiler)
	@command -v $$(CGO_ENABLED=1 $(GO) env CC) >/dev/null || { \
	  echo "make lint-prose builds Vale, which needs a C compiler: install one (Debian: gcc and libc6-dev)"; exit 1; }
	git ls-files '*.md' '*.go' '*.lua' '*.proto' | grep -v '\.pb\.go$$' | CGO_ENABLED=1 xargs $(GO) run $(VALE) --output=line

.PHONY: fuzz
fuzz: ## Run each fuzzer for FUZZTIME (20s; or 5000x, a number of inputs)
	@set -e; for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "== $$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
	  done; \
	done

.PHONY: lua-diff
lua-diff: ## Compare RANDOM_PROGRAMS (100000) random Lua programs with Debian's lua5.1 and luajit; SEED repeats a run
	$(GO) build -o $(BIN)/luadiff ./cmd/spectrum2-lua/devkit/luadiff
	$(BIN)/luadiff -n $(RANDOM_PROGRAMS) -seed $(SEED)

.PHONY: soak
soak: ## Run 2,000 users for SOAK (20m), and check that nothing grows or is lost
	SOAK=$(SOAK) $(GO) test -tags soak -count=1 -v -timeout 0 -run '^TestSoak$$' ./cmd/spectrum2_lua_backend

.PHONY: soak-gateway
soak-gateway: build ## Run serve with 100 users for SOAK (20m), while the XMPP server fails (root on Debian, as e2e)
	E2E_SOAK=$(SOAK) E2E_BIN=$(CURDIR)/$(BIN) cmd/spectrum2_lua_backend/e2e/run.sh -timeout 0 -v -run '^TestServeSoak$$'

.PHONY: vuln
vuln: ## Search the dependencies for known vulnerabilities (needs the network)
	@found=$$($(GO) run $(GOVULNCHECK) ./... 2>&1); code=$$?; echo "$$found"; \
	case "$$found" in *"fetching vulnerabilities"*) \
	  echo; echo "=== The database of vulnerabilities cannot be reached: NOTHING HAS BEEN CHECKED ==="; exit 0;; \
	esac; exit $$code

.PHONY: generate
generate: ## Make Go code, editor annotations and the reference from pb/protocol.proto and luabind/api
	$(GO) run $(BUF) generate --template pb/buf.gen.yaml
	$(GO) run $(BUF) generate --template luabind/api/buf.gen.yaml
	$(GO) run ./cmd/spectrum2-lua/devkit/apigen/reference docs
	$(GO) run ./cmd/spectrum2-lua/devkit/apigen/picture README.md docs/chat.svg

.PHONY: install
install: build ## Install programs, manual pages, completion, scripts, examples and docs below DESTDIR and PREFIX (/usr/local)
	rm -rf $(BIN)/share
	$(HOST) ./cmd/spectrum2-lua share $(BIN)/share
	$(HOST) ./cmd/spectrum2-lua/internal/install -bin $(BIN) -destdir '$(DESTDIR)' -prefix '$(PREFIX)'

.PHONY: uninstall
uninstall: ## Remove the installed files below DESTDIR and PREFIX
	$(HOST) ./cmd/spectrum2-lua/internal/install -uninstall -destdir '$(DESTDIR)' -prefix '$(PREFIX)'

# The packages and archives of a version: that of the tag, or one that names the commit.
# VERSION sets another one.
ARCHITECTURES ?= amd64 arm64
FORMATS ?= deb rpm
RELEASE := GO='$(GO)' FLAGS='$(FLAGS)' NFPM=$(NFPM) CYCLONEDX=$(CYCLONEDX) ARCHITECTURES='$(ARCHITECTURES)' FORMATS='$(FORMATS)' \
  cmd/spectrum2-lua/internal/install/release.sh

.PHONY: packages
packages: ## Build packages for Debian and RPM in bin/packages, for ARCHITECTURES (amd64 arm64)
	$(RELEASE) packages $(BIN)/packages

.PHONY: release
release: ## Build packages, archives, SBOMs and checksums in bin/release
	$(RELEASE) release $(BIN)/release

.PHONY: image
image: ## Write the files of the container's image to bin/image (Containerfile)
	$(RELEASE) image $(BIN)/image

.PHONY: release-check
release-check: ## Build the release of the commit in two folders, for amd64, and compare all files
	cmd/spectrum2-lua/internal/install/release_check.sh

.PHONY: clean
clean: ## Remove the built files
	rm -rf $(BIN)
