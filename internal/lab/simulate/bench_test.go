package simulate_test

import (
	"testing"

	"lojal/internal/lab/simulate"
)

func BenchmarkRun(b *testing.B) {
	r, err := simulate.Run(simulate.Options{Ops: int64(max(b.N, 1000)), Seed: 7})
	if err != nil || r.Failure != nil {
		b.Fatal(err, r.Failure)
	}
	b.ReportMetric(r.Rate, "op/s")
}
