# LOJAL_LISTEN, LOJAL_DATABASE and LOJAL_DATA reach the server from the environment or from the command
# line: make run LOJAL_LISTEN=:9000
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build test race lint fmt bench replay-year simulate bank

LOJAL := go run ./cmd/lojal

help: ## show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start a demo shop on an embedded database
	@$(LOJAL) demo

build: ## build one static binary, bin/lojal
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/lojal ./cmd/lojal

test: ## run every test on both databases, skipping none
	@scripts/test.sh

race: ## run every test under the race detector
	@scripts/need.sh gcc
	@CGO_ENABLED=1 scripts/test.sh -race

lint: ## check formatting, vet, and the house rules
	@unformatted="$$(gofmt -l $$(git ls-files '*.go'))"; test -z "$$unformatted" || { echo "not formatted:"; echo "$$unformatted"; exit 1; }
	@go vet ./...
	@go test ./internal

fmt: ## format the Go code
	@gofmt -w $$(git ls-files '*.go')

bench: ## measure commits and quotes against pgbench and net/http
	@scripts/need.sh postgres
	@$(LOJAL) bench

YEAR := $(firstword $(LOJAL_YEAR_FILE) $(wildcard ../shared/data/online_retail_2009_2010.csv.gz))

replay-year: ## send a year of real sales through the till API
	@test -n "$(YEAR)" || { echo "LOJAL_YEAR_FILE names the file; docs/how-to/replay.md says where it comes from"; exit 1; }
	@$(LOJAL) replay "$(YEAR)"

simulate: ## run random shops with crashes and check the books after each step
	@$(LOJAL) simulate

bank: ## attack a running server from outside and check its books
	@$(LOJAL) bank
