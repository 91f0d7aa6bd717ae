# What people and CI call. Thin: each target names its steps, the steps live in tools/.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup web run test tidy bench fuzz soak release
MAKEFLAGS += --no-print-directory

# Build output stays out of the clone, so that a fresh clone on the same machine does not build everything anew.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/roadstead
export CARGO_TARGET_DIR ?= $(CACHE)/target
export ROADSTEAD_CACHE ?= $(CACHE)

help: ## Shows this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## Installs what building and testing need (Debian packages, npm packages, cargo-nextest)
	@tools/setup.sh build test

web: ## Builds the browser's side into web/dist
	@tools/web.sh build

run: ## Starts a server with demo data and prints a sign-in link
	@tools/setup.sh build
	@tools/web.sh build
	@tools/run.sh

test: setup ## Runs every check there is; what CI runs
	@tools/test.sh

tidy: ## Checks arrows, headers, sizes, leftovers, claims and links
	@cargo run --quiet --package xtask -- tidy

bench: ## Measures this server against mosquitto, both in one run
	@tools/setup.sh build test
	@bench/run.sh

fuzz: ## Fuzzes every parser for a while (FUZZ_SECONDS each, 60 unless told)
	@tools/setup.sh build
	@tools/fuzz.sh

soak: ## Keeps a server under load and watches its memory (SOAK_MINUTES, 30 unless told)
	@tools/setup.sh build test
	@tools/soak.sh

release: ## Builds the optimised binary
	@tools/setup.sh build
	@tools/web.sh build
	@cargo build --release --locked --package roadstead
	@echo "==> $(CARGO_TARGET_DIR)/release/roadstead"
