package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"lojal/internal/app"
	"lojal/internal/base/clock"
	"lojal/internal/base/web"
	chain "lojal/internal/lab/demo"
)

type demo struct {
	Listen   string        `help:"Address to listen on; with --lan its port, on every address of this machine." env:"LOJAL_LISTEN" default:"127.0.0.1:8080"`
	Database string        `help:"sqlite:PATH or postgres://…; without it a file in the data folder." env:"LOJAL_DATABASE"`
	Data     string        `help:"Folder of keys and files." env:"LOJAL_DATA" default:"lojal-demo" type:"path"`
	LAN      bool          `help:"Serve the local network over TLS with a certificate of our own." name:"lan"`
	Sell     time.Duration `help:"Sell something every so often; 0 sells nothing." default:"30s"`
	Verbose  bool          `help:"Log every request." short:"v"`
}

// Run loads the chain where it is not there yet, serves it, and sells on.
func (c *demo) Run(ctx context.Context) error {
	outside, url, err := c.open()
	if err != nil {
		return err
	}
	defer outside.Close()
	shop, err := c.load(ctx)
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, c.config(false))
	if err != nil {
		return err
	}
	if err := c.announce(os.Stdout, a, shop, url); err != nil {
		return errors.Join(err, a.Close())
	}
	// Selling ends before the house closes: a till never meets a closed lane.
	serving, end := context.WithCancel(context.Background())
	defer end()
	go func() {
		defer end()
		c.trade(ctx, a, shop)
	}()
	return listen(serving, a, outside)
}

// trade sells on, over an address that only this process knows, until the context ends.
func (c *demo) trade(ctx context.Context, a *app.App, shop *chain.Shop) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil || c.Sell <= 0 {
		<-ctx.Done()
		return
	}
	s := web.Server(a.Handler())
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	shop.At("http://" + l.Addr().String())
	shop.Trade(ctx, c.Sell, func() time.Time { return clock.System{}.Now().Time() }, c.log())
	_ = s.Close()
	<-served
}

func (c *demo) log() *slog.Logger {
	if c.Verbose {
		return logger()
	}
	return slog.New(slog.DiscardHandler)
}

func (c *demo) config(testClock bool) app.Config {
	return app.Config{Database: Place{Database: c.Database, Data: c.Data}.url(), Data: c.Data, TestClock: testClock, Log: c.log()}
}

// open takes the address before anything else is done, so that a taken port is told at once.
func (c *demo) open() (net.Listener, string, error) {
	if !c.LAN {
		l, err := net.Listen("tcp", c.Listen)
		if err != nil {
			return nil, "", err
		}
		return l, "http://" + l.Addr().String(), nil
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, "", err
	}
	addresses, err := chain.LocalAddresses()
	if err != nil {
		return nil, "", err
	}
	if len(addresses) == 0 {
		return nil, "", errors.New("this machine has no address on a local network")
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, "", err
	}
	own, err := chain.Certificate(c.Data, addresses, clock.System{}.Now().Time())
	if err != nil {
		return nil, "", fmt.Errorf("certificate: %w", err)
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return nil, "", err
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	secure := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	return secure, "https://" + net.JoinHostPort(addresses[0].String(), port), nil
}

// load makes the year on a server of its own, whose clock can be moved and which only this process reaches.
func (c *demo) load(ctx context.Context) (*chain.Shop, error) {
	if known, err := chain.Known(c.Data); err != nil || known.Loaded {
		return known, err
	}
	began := clock.Mono()
	fmt.Println("Making a chain with a year of sales …")
	a, err := app.Open(ctx, c.config(true))
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	s := web.Server(a.Handler())
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	var shop *chain.Shop
	key, err := a.OperatorKey()
	if err == nil {
		shop, err = chain.Load(ctx, chain.Options{
			URL: "http://" + l.Addr().String(), OperatorKey: key, Data: c.Data, Until: clock.System{}.Now().Time(), Progress: os.Stdout,
		})
	}
	err = errors.Join(err, s.Close(), a.Close())
	<-served
	if err == nil {
		fmt.Printf("  ready after %s\n", (clock.Mono() - began).Round(time.Second))
	}
	return shop, err
}

// announce prints the addresses and log-ins, and leaves them for the tour of the README.
func (c *demo) announce(w io.Writer, a *app.App, shop *chain.Shop, url string) error {
	if err := shop.WriteTour(url, c.Data); err != nil {
		return err
	}
	shop.Brochure(w, chain.Places{URL: url, Enter: url + a.EnterPath(), Data: c.Data})
	if !c.LAN {
		return nil
	}
	code, err := chain.QR(url + a.EnterPath())
	if err == nil {
		fmt.Fprintf(w, "%s  %s\n\n", code, url)
	}
	return err
}
