# Thin names over cargo. CI calls the same names: `make test` is the gate.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: help demo test lint unit e2e bench generate deny fmt tools

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := target/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

help: ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

need-%:
	@command -v $* >/dev/null || { echo "$* is missing. $(HOW_$*)" >&2; exit 1; }
HOW_cargo := Install Rust 1.95 or newer: https://www.rust-lang.org/tools/install
HOW_go := Install Go 1.26 or newer: https://go.dev/doc/install

demo: need-cargo need-go ## A real control plane refuses a real shop abroad and admits it at home. Leaves nothing behind.
	cargo run --quiet --package bund-e2e --bin demo

test: need-cargo need-go lint deny unit e2e ## The gate: lints, licences, drift, unit and property tests, cases, end-to-end suite.

lint: need-cargo ## Formatting and lints; warnings are errors.
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings

unit: need-cargo ## Unit, property and drift tests, and every case through the engine and the command line.
	cargo test --quiet --workspace --exclude bund-e2e
	cargo run --quiet --package bund -- test policies/cases

tools: need-go ## The pinned control plane, built once and cached under target/tools.
	e2e/build-tools

e2e: need-cargo tools ## The end-to-end suite on a real control plane.
	cargo test --quiet --package bund-e2e

bench: need-cargo ## The figures of docs/benchmarks.md, as ratios beside a peer in one run.
	cargo run --quiet --release --package bund-e2e --bin bench

generate: need-cargo ## Write anew what is generated: CRD manifests and reference docs.
	BUND_UPDATE=1 cargo test --quiet --package bund-crds --test manifests
	BUND_UPDATE=1 cargo test --quiet --package bund --test docs

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
