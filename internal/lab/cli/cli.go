// Package cli is the command line: each command opens what it needs, does one thing, reports, and ends with
// a code that scripts can trust.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"lojal/internal/base/fault"
)

// Place says where an installation lives. Every command understands it.
type Place struct {
	Listen   string `help:"Address to listen on." env:"LOJAL_LISTEN" default:"127.0.0.1:8080"`
	Database string `help:"sqlite:PATH or postgres://…; without it a file in the data folder." env:"LOJAL_DATABASE"`
	Data     string `help:"Folder of keys and files." env:"LOJAL_DATA" default:"lojal-data" type:"path"`
}

// url gives the database, by default a file in the data folder.
func (p Place) url() string {
	if p.Database != "" {
		return p.Database
	}
	return "sqlite:" + filepath.Join(p.Data, "lojal.db")
}

// commands is the whole command line.
type commands struct {
	Serve     serve           `cmd:"" help:"Run the server."`
	Demo      demo            `cmd:"" help:"Run the server with a small chain, its members and a year of sales."`
	Migrate   migrate         `cmd:"" help:"Bring the database to the newest version."`
	Programme programme       `cmd:"" help:"Check, compare and apply programme files."`
	Bench     bench           `cmd:"" help:"Measure commits and quotes against pgbench and net/http."`
	BenchLoad benchLoad       `cmd:"" hidden:""`
	BenchBare benchBare       `cmd:"" hidden:""`
	Replay    replayCommand   `cmd:"" help:"Put a real sales log through the till API."`
	Doctor    examine         `cmd:"" help:"Hold every invariant against the stored books."`
	OpenAPI   openapi         `cmd:"" name:"openapi" help:"Write the OpenAPI document."`
	Verify    verify          `cmd:"" help:"Verify an export with the independent verifier."`
	Bank      bank            `cmd:"" help:"Crash-test a server from outside."`
	Simulate  simulateCommand `cmd:"" help:"Run random shops with faults and check the books after each step."`
}

// errFailed says that what was checked does not hold; the report has said why.
var errFailed = errors.New("does not hold")

// Main runs a command and gives the process's exit code: 0 when it did what it should and what it checked
// holds, 1 when that does not hold, 2 when it could not run.
func Main(args []string) int {
	tune()
	var c commands
	parser, err := kong.New(&c, kong.Name("lojal"), kong.Description("Points, gift, discount, pass, club and coupon cards: one system, exact to the cent."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		panic(err)
	}
	run, err := parser.Parse(args)
	if err != nil {
		parser.Errorf("%s", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run.BindTo(ctx, (*context.Context)(nil))
	if err = run.Run(); err == nil {
		return 0
	}
	if errors.Is(err, errFailed) {
		return 1
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	if f := fault.Of(err); f != nil {
		fmt.Fprintln(os.Stderr, "lojal:", f.Error())
	} else {
		fmt.Fprintln(os.Stderr, "lojal:", err)
	}
	return 2
}

// tune sets the collector for a server that makes much short-lived garbage, unless the environment says
// otherwise: fewer collections, under a limit of memory.
func tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2 << 30)
	}
}

// logger gives the server's log: JSON lines on standard error.
func logger() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stderr, nil)) }

// document prints a report as one JSON document.
func document(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, string(b))
	return err
}
