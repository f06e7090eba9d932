package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"lojal/internal/app"
	"lojal/internal/base/web"
	"lojal/internal/lab/replay"
)

type replayCommand struct {
	Place   `embed:""`
	File    string `arg:"" help:"A sales log as CSV, perhaps behind gzip." type:"existingfile"`
	Mapping string `help:"How the columns of another layout are named." type:"existingfile"`
	URL     string `help:"A server with a test clock; without it the database is opened and served here."`
	Key     string `help:"The operator's key of that server."`
	Workers int    `help:"Sales of one minute that are sent at once." default:"8"`
	Export  string `help:"A file that gets the ledger's entries as JSON lines."`
	JSON    bool   `help:"One JSON document at the end." name:"json"`
}

// Run replays the log and reports.
func (c *replayCommand) Run(ctx context.Context) error {
	o := replay.Options{File: c.File, Mapping: c.Mapping, URL: c.URL, Key: c.Key, Workers: c.Workers, Export: c.Export, Progress: os.Stderr, JSON: c.JSON}
	if o.URL == "" {
		url, key, end, err := c.own(ctx)
		if err != nil {
			return err
		}
		defer end()
		o.URL, o.Key = url, key
	}
	report, err := replay.Run(ctx, o)
	if report == nil {
		return err
	}
	print := report.Print
	if c.JSON {
		print = report.JSON
	}
	if err := print(os.Stdout); err != nil {
		return err
	}
	if errors.Is(err, replay.ErrMismatch) {
		return errFailed // the report names the places
	}
	return err
}

// own opens the database and serves it over loopback to this process alone.
func (c *replayCommand) own(ctx context.Context) (url, key string, end func(), err error) {
	a, err := app.Open(ctx, app.Config{Database: c.url(), Data: c.Data, TestClock: true, Log: nil})
	if err != nil {
		return "", "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		_ = a.Close()
		return "", "", nil, err
	}
	s := web.Server(a.Handler())
	go func() { _ = s.Serve(l) }()
	end = func() { _ = s.Close(); _ = a.Close() }
	key, err = a.OperatorKey()
	return fmt.Sprintf("http://%s", l.Addr()), key, end, err
}
