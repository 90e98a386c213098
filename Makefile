# Thin names over cargo. CI calls the same names: `make test` is the gate.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help demo demo-node node-image test lint unit e2e soak fuzz bench generate deny fmt tools node-tools ledger-tools egress-tools image sbom chart

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := target/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
OHA_VERSION := 1.16.0
OHA := target/tools/oha-$(OHA_VERSION)/bin/oha

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

need-%:
	@command -v $* >/dev/null || { echo "$* is missing. $(HOW_$*)" >&2; exit 1; }
HOW_cargo := Install Rust 1.95 or newer: https://www.rust-lang.org/tools/install
HOW_go := Install Go 1.26 or newer: https://go.dev/doc/install

demo: need-cargo need-go ## A real control plane refuses a real shop abroad and admits it at home. Leaves nothing behind.
	cargo run --quiet --package bund-e2e --bin demo

demo-node: need-cargo node-tools ## Helm installs Bund on a real node, in namespaces without a way out; needs root. Leaves nothing behind.
	cargo run --quiet --package bund-e2e --bin node

test: need-cargo need-go lint deny unit e2e ## The gate: lints, licences, drift, unit and property tests, cases, end-to-end suite.

lint: need-cargo ## Formatting and lints; warnings are errors.
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings

unit: need-cargo ## Unit, property and drift tests, and every case through the engine and the command line.
	cargo test --quiet --workspace --exclude bund-e2e
	cargo run --quiet --package bund -- test policies/cases

tools: need-go ## The pinned control plane, built once and cached under target/tools.
	e2e/build-tools

node-tools: need-go tools ## The pinned programs of a real node, built once and cached under target/tools.
	e2e/build-tools containerd runc kubelet cni

ledger-tools: need-go ## Other people's readers of the ledger and an S3 server, built once and cached under target/tools.
	e2e/build-tools tlog versitygw

egress-tools: need-go ## An agent that enforces NetworkPolicies, and its reading of them, built once and cached under target/tools.
	e2e/build-tools netpol-oracle kube-network-policies

node-image: need-cargo ## The image of the end-to-end suite's node, whose programs take minutes to compile. Where no node can run, nothing.
	cargo run --quiet --package bund-e2e --bin node -- build

e2e: need-cargo node-tools ledger-tools egress-tools node-image ## The end-to-end suite on a real control plane and, with root, a real node.
	cargo test --quiet --package bund-e2e

image: need-cargo ## The container image, as an OCI layout under target/image, with its bill of materials.
	cargo run --quiet --package bund-image -- image

sbom: need-cargo ## The bill of materials of the image alone: CycloneDX JSON under target/image.
	cargo run --quiet --package bund-image -- sbom

chart: need-go ## The chart, packaged under target/chart with its CRDs and policies.
	"$$(e2e/build-tools --print-paths kwok-helm)/helm" package charts/bund --destination target/chart

soak: need-cargo tools ## A ledger whose calls fail and whose writers die, a fleet of which a node leaves, a steady load through losses, ten minutes of memory; make test does a tenth. 60 minutes.
	cargo test --quiet --package bund-ledger --test faults -- --ignored --test-threads=1
	cargo run --quiet --release --package bund-e2e --bin soak

fuzz: need-cargo ## Broken input for every parser of the ledger and of databases of addresses, for FUZZ_SECONDS (600) each; make test does some.
	BUND_FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) cargo test --quiet --package bund-ledger --lib -- --ignored --nocapture fuzz
	BUND_FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) cargo test --quiet --package bund-geo --lib -- --ignored --nocapture fuzz

bench: need-cargo need-go $(OHA) ## The figures of docs/benchmarks.md, beside peers in one run; BENCH=engine, audit, egress, check, handler, ledger, locate, scale or apiserver for one.
	case ' $(BENCH) ' in '  '|*' audit '*) cargo bench --quiet --package bund-operator --bench audit ;; esac
	case ' $(BENCH) ' in '  '|*' egress '*) cargo bench --quiet --package bund-operator --bench egress ;; esac
	case ' $(BENCH) ' in '  '|*' locate '*) cargo bench --quiet --package bund-geo --bench locate ;; esac
	case ' $(BENCH) ' in '  '|*' ledger '*) cargo bench --quiet --package bund-ledger --bench append --bench verify; \
		go -C e2e/tools/tessera tool tessera-append ;; esac
	OHA=$(CURDIR)/$(OHA) cargo run --quiet --release --package bund-e2e --bin bench -- $(BENCH)

$(OHA): | need-cargo
	@echo 'Building oha $(OHA_VERSION), about 4 minutes, once'
	cargo install --quiet oha --version $(OHA_VERSION) --locked --no-default-features --features rustls --root $(dir $(@D))

generate: need-cargo ## Write anew what is generated: CRD manifests and reference docs.
	BUND_UPDATE=1 cargo test --quiet --package bund-crds --test manifests --test reference
	BUND_UPDATE=1 cargo test --quiet --package bund-operator --lib reference
	BUND_UPDATE=1 cargo test --quiet --package bund-geo --test world
	BUND_UPDATE=1 cargo test --quiet --package bund-ledger --test report
	BUND_UPDATE=1 cargo test --quiet --package bund --test docs --test preflight --test discover --test why --test data_flow --test plan
	BUND_UPDATE=1 cargo test --quiet --package bund-e2e --test chart reference

fmt: need-cargo ## Format.
	cargo fmt --all

deny: $(CARGO_DENY) ## Licences, sources and bans of every dependency; advisories where the database can be had.
	$(CARGO_DENY) check bans licenses sources
	@$(CARGO_DENY) check advisories 2>target/tools/advisories.log || \
	if grep -q 'failed to fetch advisory database' target/tools/advisories.log; then \
		echo 'SKIPPED: advisories were not checked, the advisory database cannot be reached from here'; \
	else cat target/tools/advisories.log >&2; exit 1; fi

$(CARGO_DENY): | need-cargo
	@echo 'Building cargo-deny $(CARGO_DENY_VERSION), about 5 minutes, once'
	cargo install --quiet cargo-deny --version $(CARGO_DENY_VERSION) --locked --root $(dir $(@D))
