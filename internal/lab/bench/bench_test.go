package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFigure_HoldsItsFloor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		values []float64
		value  float64
		holds  bool
	}{
		{"commit_postgres_over_pgbench", []float64{3, 1, 2}, 2, true},
		{"commit_postgres_over_pgbench", []float64{1.4}, 1.4, false},
		{"commit_cpu_us", []float64{200, 100}, 150, true},
		{"commit_cpu_us", []float64{201}, 201, false},
		{"commit_cpu_us", []float64{200}, 200, true},
	} {
		if f := figure(c.name, c.values); f.Value != c.value || f.Holds != c.holds {
			t.Errorf("%s of %v is %+v", c.name, c.values, f)
		}
	}
	if f := ratio("quote_over_nethttp", []float64{10, 30}, []float64{100, 100}); f.Value != 0.2 || f.Min != 0.1 || f.Max != 0.3 {
		t.Errorf("%+v", f)
	}
	slow, fast := figure("commit_p99_ms", []float64{20}), figure("commit_p99_ms", []float64{10})
	if worse(slow, fast).Value != 20 || worse(fast, slow).Value != 20 {
		t.Error("the lower of two times is taken for the worse")
	}
}

// TestWorld_IsPricedAndSent makes a small world and writes requests of it: every rule applies somewhere, and
// what is sent is the body of the basket with its marks replaced.
func TestWorld_IsPricedAndSent(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	w, err := create(ctx, "sqlite:"+filepath.Join(dir, "lojal.db"), filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	s := &side{name: "sqlite", plan: filepath.Join(dir, "plan"), world: w}
	err = s.furnish(ctx, size{20, 10, false})
	if closed := w.close(); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
	p, err := readPlan(s.plan)
	if err != nil {
		t.Fatal(err)
	}
	o := &sender{Load: Load{Path: commitPath}, plan: p}
	o.stamp(time.Unix(0, 0))
	l := &link{s: o, till: 63, random: rand.New(rand.NewPCG(1, 1))}
	seen := map[string]bool{}
	for i := range 100 {
		b := &p.Bodies[7][i]
		l.write(b, firstSeq+int64(i))
		_, text, _ := bytes.Cut(l.out, []byte("\r\n\r\n"))
		var q struct {
			ID, Receipt, At string
			Seq             int64 `json:"terminal_seq"`
			Presented       []struct{ Value string }
		}
		if err := json.Unmarshal(text, &q); err != nil || len(text) != len(b.Text) {
			t.Fatalf("%v in %s", err, text)
		}
		if q.Seq != firstSeq+int64(i) || len(q.ID) != len(markID) || q.At != "1970-01-01T00:00:00Z" || !strings.HasPrefix(q.Presented[0].Value, "94280") || bytes.Contains(text, []byte("@")) {
			t.Fatalf("%s", text)
		}
		if seen[q.ID] || seen[q.Receipt] {
			t.Fatalf("%s or %s is sent twice", q.ID, q.Receipt)
		}
		seen[q.ID], seen[q.Receipt] = true, true
	}
	out, err := s.baskets[0].price(s.version(), w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	var answer told
	if differs(out, &answer) == "" {
		t.Error("an empty answer is taken for the right one")
	}
}
