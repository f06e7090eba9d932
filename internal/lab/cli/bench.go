package cli

import (
	"context"
	"encoding/json"
	"os"

	measure "lojal/internal/lab/bench"
)

type bench struct {
	Quick bool   `help:"Measure for minutes rather than an hour, in smaller books."`
	JSON  bool   `help:"Print the report as JSON." name:"json"`
	Dir   string `help:"Folder of the run's files and of latest.json." default:"bench" type:"path"`
}

// Run measures, prints a line a figure and writes latest.json. A figure below its floor does not fail it: a
// regression is read, not raced.
func (c *bench) Run(ctx context.Context) error {
	scale := measure.Full
	if c.Quick {
		scale = measure.QuickScale
	}
	report, err := measure.Run(ctx, scale, c.Dir, os.Stderr)
	if report == nil {
		return err
	}
	if c.JSON {
		if e := document(os.Stdout, report); err == nil {
			err = e
		}
	} else {
		report.Print(os.Stdout)
	}
	if err != nil {
		return err
	}
	return report.Write(c.Dir + "/latest.json")
}

// benchLoad is the load process of the bench, which starts it.
type benchLoad struct {
	Order string `arg:""`
}

// Run sends the load and prints what came back.
func (c *benchLoad) Run(ctx context.Context) error {
	var o measure.Load
	if err := json.Unmarshal([]byte(c.Order), &o); err != nil {
		return err
	}
	d, err := measure.Send(ctx, o)
	if err != nil {
		return err
	}
	return document(os.Stdout, d)
}

// benchBare is the endpoint that the bench holds quotes against.
type benchBare struct {
	Address string `arg:""`
}

// Run serves it.
func (c *benchBare) Run(ctx context.Context) error { return measure.Bare(ctx, c.Address) }
