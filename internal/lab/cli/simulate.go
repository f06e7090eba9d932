package cli

import (
	"bufio"
	"io"
	"os"

	"lojal/internal/lab/simulate"
)

// simulateCommand runs a shop by a seed and holds every decision against the reference model.
type simulateCommand struct {
	Ops      int64  `help:"Operations to run." default:"200000"`
	Seed     uint64 `help:"Of everything that is random: the same seed gives the same run." default:"1"`
	Seeds    uint64 `help:"Runs with this and the following seeds, the operations shared among them." default:"1"`
	Database string `help:"postgres://… of an empty database; without it a SQLite file of its own, in memory where there is room."`
	Cards    int    `help:"Cards at the start." default:"300"`
	Every    int64  `help:"Steps between two examinations by the doctor; 0 for one at the end." default:"0"`
	Trace    string `help:"File for the trace, a line a decision." type:"path"`
	JSON     bool   `help:"Print one JSON document a run."`
}

// Run runs and prints. It fails when something is wrong with the books.
func (c simulateCommand) Run() error {
	for i := range max(c.Seeds, 1) {
		if err := c.one(c.Seed + i); err != nil {
			return err
		}
	}
	return nil
}

func (c simulateCommand) one(seed uint64) error {
	o := simulate.Options{Ops: c.Ops / int64(max(c.Seeds, 1)), Seed: seed, Database: c.Database, Cards: c.Cards, Every: c.Every}
	if c.Trace != "" {
		f, err := os.Create(c.Trace)
		if err != nil {
			return err
		}
		defer f.Close()
		w := bufio.NewWriter(f)
		defer w.Flush()
		o.Trace = io.Writer(w)
	}
	r, err := simulate.Run(o)
	if err != nil {
		return err
	}
	if c.JSON {
		err = document(os.Stdout, r)
	} else {
		r.Print(os.Stdout)
	}
	if err == nil && r.Failure != nil {
		err = errFailed
	}
	return err
}
