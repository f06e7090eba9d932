package simulate_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"lojal/internal/base/db/dbtest"
	"lojal/internal/lab/simulate"
)

func run(t *testing.T, o simulate.Options) *simulate.Report {
	t.Helper()
	r, err := simulate.Run(o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failure != nil {
		var text bytes.Buffer
		r.Print(&text)
		t.Fatal(text.String())
	}
	return r
}

// seeds are run in every test; LOJAL_SEED adds one.
func seeds() []uint64 {
	list := []uint64{1, 2, 3}
	if s, err := strconv.ParseUint(os.Getenv("LOJAL_SEED"), 10, 64); err == nil {
		list = append(list, s)
	}
	return list
}

func TestRun_BooksAreTheModels(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		for _, seed := range seeds() {
			r := run(t, simulate.Options{Ops: 4000, Seed: seed, Every: 64})
			if r.Operations < 4000 || r.Crashes+r.Sweeps == 0 || r.Replays == 0 || r.Doctors < 2 {
				t.Errorf("seed %d has done too little: %+v", seed, r)
			}
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		run(t, simulate.Options{Ops: 2500, Seed: 4, Database: dbtest.PostgresURL(t)})
	})
}

// TestRun_SameSeedSameTrace holds that a failure can be repeated.
func TestRun_SameSeedSameTrace(t *testing.T) {
	t.Parallel()
	for seed := uint64(11); seed < 15; seed++ {
		var first, second bytes.Buffer
		a := run(t, simulate.Options{Ops: 600, Seed: seed, Trace: &first})
		b := run(t, simulate.Options{Ops: 600, Seed: seed, Trace: &second})
		if first.Len() == 0 || !bytes.Equal(first.Bytes(), second.Bytes()) || a.Digest != b.Digest {
			t.Errorf("seed %d gave two traces of %d and %d bytes", seed, first.Len(), second.Len())
		}
	}
}
