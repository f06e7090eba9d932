package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Figure is a measured value with what it was made of.
type Figure struct {
	Name    string    `json:"name"`
	Value   float64   `json:"value"` // the median of the runs
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
	Unit    string    `json:"unit"`
	Runs    int       `json:"runs"`
	Floor   float64   `json:"floor"`
	Target  float64   `json:"target"`
	Holds   bool      `json:"holds"` // the value keeps its floor
	CPU     float64   `json:"cpu_us,omitempty"`
	Product []float64 `json:"product_per_second,omitempty"` // raw rates, run by run
	Peer    []float64 `json:"peer_per_second,omitempty"`
	Note    string    `json:"note,omitempty"`
}

// limit is what a figure must keep: at least the floor where more is better, at most where less is.
type limit struct {
	floor, target float64
	less          bool
	unit          string
}

// limits are those of the performance reference.
var limits = map[string]limit{
	"commit_postgres_over_pgbench": {1.5, 3, false, "ratio"},
	"commit_sqlite_over_pgbench":   {1.5, 3, false, "ratio"},
	"hot_member_over_spread":       {0.75, 0.9, false, "ratio"},
	"commit_p99_ms":                {25, 12, true, "ms"},
	"commit_cpu_us":                {200, 90, true, "us"},
	"commit_disk_bytes":            {2000, 900, true, "bytes"},
	"quote_over_nethttp":           {0.2, 0.4, false, "ratio"},
	"server_rss_mb":                {150, 80, true, "MB"},
	"start_seconds":                {1, 0.3, true, "s"},
	"growth_cost":                  {1.3, 1.1, true, "ratio"},
	"many_lots_over_few":           {0.9, 1, false, "ratio"},
}

// figure makes a figure of the values of its runs.
func figure(name string, values []float64) Figure {
	l := limits[name]
	sorted := slices.Sorted(slices.Values(values))
	f := Figure{Name: name, Unit: l.unit, Runs: len(values), Floor: l.floor, Target: l.target}
	if len(sorted) == 0 {
		return f
	}
	f.Min, f.Max, f.Value = sorted[0], sorted[len(sorted)-1], median(sorted)
	f.Holds = f.Value >= l.floor != l.less || f.Value == l.floor
	return f
}

func median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// ratio makes a figure of two sides, divided run by run.
func ratio(name string, product, peer []float64) Figure {
	var values []float64
	for i := range min(len(product), len(peer)) {
		values = append(values, product[i]/peer[i])
	}
	f := figure(name, values)
	f.Product, f.Peer = product, peer
	return f
}

// worse gives the figure of the engine that does worse.
func worse(a, b Figure) Figure {
	if (a.Value > b.Value) == limits[a.Name].less {
		return a
	}
	return b
}

// Report is what a run measured.
type Report struct {
	Commit  string   `json:"commit"`
	Machine string   `json:"machine"`
	Quick   bool     `json:"quick"`
	World   string   `json:"world"`
	Setting []string `json:"settings"` // engines and their durability
	Checks  []string `json:"checks"`
	Figures []Figure `json:"figures"`
}

// Print writes one line a figure.
func (r *Report) Print(w io.Writer) {
	for _, f := range r.Figures {
		mark := "  "
		if !f.Holds {
			mark = "! "
		}
		fmt.Fprintf(w, "%s%-30s %8.4g %-6s min %.4g max %.4g  floor %g target %g", mark, f.Name, f.Value, f.Unit, f.Min, f.Max, f.Floor, f.Target)
		if f.CPU > 0 {
			fmt.Fprintf(w, "  %.0f us CPU", f.CPU)
		}
		if f.Note != "" {
			fmt.Fprintf(w, "  %s", f.Note)
		}
		fmt.Fprintf(w, "  %s\n", r.Commit)
	}
}

// Write writes the report where comparisons look for it.
func (r *Report) Write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
