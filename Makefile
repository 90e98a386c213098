# Thin names over cargo. CI calls the same names: `make test` is the gate.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help demo demo-node test lint unit e2e soak bench generate deny fmt tools node-tools image sbom chart

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

e2e: need-cargo node-tools ## The end-to-end suite on a real control plane and, with root, a real node.
	cargo test --quiet --package bund-e2e

image: need-cargo ## The container image, as an OCI layout under target/image, with its bill of materials.
	cargo run --quiet --package bund-image -- image

sbom: need-cargo ## The bill of materials of the image alone: CycloneDX JSON under target/image.
	cargo run --quiet --package bund-image -- sbom

chart: need-go ## The chart, packaged under target/chart with its CRDs and policies.
	"$$(e2e/build-tools --print-paths kwok-helm)/helm" package charts/bund --destination target/chart

soak: need-cargo tools ## A fleet of which a node leaves, a steady load through losses, ten minutes of memory; make test does a tenth. 20 minutes.
	cargo run --quiet --release --package bund-e2e --bin soak

bench: need-cargo need-go $(OHA) ## The figures of docs/benchmarks.md, beside peers in one run; BENCH=engine, audit, check, handler, scale or apiserver for one.
	case ' $(BENCH) ' in '  '|*' audit '*) cargo bench --quiet --package bund-operator --bench audit ;; esac
	OHA=$(CURDIR)/$(OHA) cargo run --quiet --release --package bund-e2e --bin bench -- $(BENCH)

$(OHA): | need-cargo
	@echo 'Building oha $(OHA_VERSION), about 4 minutes, once'
	cargo install --quiet oha --version $(OHA_VERSION) --locked --no-default-features --features rustls --root $(dir $(@D))

generate: need-cargo ## Write anew what is generated: CRD manifests and reference docs.
	BUND_UPDATE=1 cargo test --quiet --package bund-crds --test manifests --test reference
	BUND_UPDATE=1 cargo test --quiet --package bund-operator --lib reference
	BUND_UPDATE=1 cargo test --quiet --package bund --test docs --test preflight --test discover --test why
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
