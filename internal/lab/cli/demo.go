package cli

import (
	"context"
	"errors"
)

type demo struct {
	Place `embed:""`
	LAN   bool `help:"Serve the local network over TLS with a certificate of our own." name:"lan"`
}

// Run serves a made-up chain.
func (c *demo) Run(ctx context.Context) error { return errors.New("not yet") }
