package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"lojal/internal/app"
	"lojal/internal/base/web"
	"lojal/migrations"

	"lojal/internal/base/db"
)

// drainFor is how long requests in flight may take to finish when the server is asked to stop (F31).
const drainFor = 10 * time.Second

type serve struct {
	Place     `embed:""`
	TestClock bool `help:"The server's time stands still until it is moved over HTTP. For tests alone."`
}

// Run serves until it is asked to stop.
func (c *serve) Run(ctx context.Context) error {
	a, err := app.Open(ctx, app.Config{Database: c.url(), Data: c.Data, TestClock: c.TestClock, Log: logger()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		_ = a.Close()
		return err
	}
	fmt.Printf("lojal listens on http://%s\n%s\noperator key in %s/operator.key\n", l.Addr(), a.DB().Describe(ctx), c.Data)
	return listen(ctx, a, l)
}

// listen serves on a listener until the context ends, then drains.
func listen(ctx context.Context, a *app.App, l net.Listener) error {
	s := web.Server(a.Handler())
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		_ = a.Close()
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), drainFor)
	defer cancel()
	err := s.Shutdown(stop)
	if closed := a.Close(); err == nil {
		err = closed
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

type migrate struct {
	Place `embed:""`
}

// Run migrates and tells the version.
func (c *migrate) Run(ctx context.Context) error {
	d, err := db.Open(ctx, c.url(), db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Migrate(ctx, migrations.Files); err != nil {
		return err
	}
	v, err := d.Version(ctx)
	if err == nil {
		fmt.Printf("schema %d, %s\n", v, d.Describe(ctx))
	}
	return err
}
