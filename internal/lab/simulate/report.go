package simulate

import (
	"container/heap"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"lojal/internal/ledger"

	"lojal/internal/lab/model"
)

// Report is what a run has done and found.
type Report struct {
	Seed       uint64           `json:"seed"`
	Commit     string           `json:"commit"`
	Engine     string           `json:"engine"`
	Operations int64            `json:"operations"`
	Entries    int64            `json:"entries"`
	Steps      int64            `json:"steps"`
	Batches    int64            `json:"batches"`
	Replays    int64            `json:"replays"`
	Sweeps     int64            `json:"sweeps"`
	Crashes    int64            `json:"crashes"`
	Doctors    int64            `json:"examinations"`
	Versions   int              `json:"programme_versions"`
	Days       int64            `json:"days"`
	Seconds    float64          `json:"seconds"`
	Rate       float64          `json:"operations_per_second"`
	Kinds      []Kind           `json:"kinds"`
	Codes      map[string]int64 `json:"codes"`
	Rare       []string         `json:"below_one_in_a_thousand"`
	Digest     string           `json:"trace_sha256"`
	Failure    *Failure         `json:"failure,omitempty"`
}

// Kind is how often an operation was applied, repeated and declined.
type Kind struct {
	Name     string           `json:"kind"`
	Applied  int64            `json:"applied"`
	Declined map[string]int64 `json:"declined,omitempty"`
}

// Failure is the first thing that was wrong, and what led to it.
type Failure struct {
	Op    int64    `json:"op"`
	What  string   `json:"what"`
	Trace []string `json:"trace"`
}

func newDigest() hash.Hash { return sha256.New() }

// fail ends the run with what is wrong. The first thing counts.
func (s *sim) fail(format string, args ...any) {
	if s.failed == nil {
		s.failed = &Failure{Op: s.ops, What: fmt.Sprintf(format, args...)}
		s.failed.Trace = s.slice(s.failed.What)
	}
}

// name gives an operation as a trace shows it.
func (o *op) name() string {
	t := int64(0)
	if o.t != nil {
		t = o.t.place.Terminal % 1000
	}
	return fmt.Sprintf("#%d %s %s of till %d", o.n, o.kind, keyText(o.key), t)
}

// holders gives the holders that an operation is about.
func (o *op) holders() []int64 {
	var out []int64
	add := func(p *plastic) {
		if p != nil {
			out = append(out, p.id)
			if p.member != 0 {
				out = append(out, p.member)
			}
		}
	}
	add(o.card)
	add(o.other)
	for _, g := range o.gifts {
		add(g.card)
	}
	for _, g := range o.gives {
		add(g.card)
	}
	if o.member != 0 {
		out = append(out, o.member)
	}
	if o.orig != nil {
		out = append(out, o.orig.holders()...)
	}
	return out
}

// note writes a decision into the trace.
func (s *sim) note(o *op, code string, res ledger.Result, v model.Verdict) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %d", o.name(), s.w.clock.Now())
	if o.orig != nil {
		fmt.Fprintf(&b, " of #%d", o.orig.n)
	}
	if code != "" {
		fmt.Fprintf(&b, " = %s", code)
	}
	if res.Replayed {
		b.WriteString(" again")
	}
	if e := res.Entry; e != nil {
		fmt.Fprintf(&b, " → %d %s %s", e.Seq, e.Kind, e.Flags)
		if !res.Replayed {
			for _, l := range lines(e) {
				fmt.Fprintf(&b, " %d/%s%+d", l.Holder, ledger.Kind(l.Kind), l.Amount)
			}
		}
	}
	for _, h := range o.holders() {
		fmt.Fprintf(&b, " h%d", h)
	}
	line := b.String()
	_, _ = io.WriteString(s.digest, line+"\n")
	if s.opt.Trace != nil {
		_, _ = fmt.Fprintln(s.opt.Trace, line)
	}
	if s.recent = append(s.recent, line); len(s.recent) > 2*traceLines {
		s.recent = append(s.recent[:0], s.recent[traceLines:]...)
	}
}

const (
	traceLines = 20_000
	sliceLines = 60
)

// slice gives of the latest decisions those on which what is wrong depends: they share a holder with it.
func (s *sim) slice(what string) []string {
	if len(s.recent) == 0 {
		return nil
	}
	about := map[string]bool{}
	var holder int64
	if _, err := fmt.Sscanf(what, "holder %d:", &holder); err == nil {
		about[fmt.Sprintf("h%d", holder)] = true
	} else {
		for _, word := range strings.Fields(s.recent[len(s.recent)-1]) {
			if word[0] == 'h' || word[0] == '#' {
				about[word] = true
			}
		}
	}
	var out []string
	for _, line := range slices.Backward(s.recent) {
		if slices.ContainsFunc(strings.Fields(line), func(w string) bool { return about[w] }) {
			out = append(out, line)
		}
		if len(out) == sliceLines {
			break
		}
	}
	slices.Reverse(out)
	return out
}

func (s *sim) count(kind, code string, replayed bool) {
	if replayed {
		s.replays++
		return
	}
	if s.counts[kind] == nil {
		s.counts[kind] = map[string]int64{}
	}
	s.counts[kind][code]++
}

func (s *sim) report(took time.Duration) *Report {
	r := &Report{
		Seed: s.opt.Seed, Commit: Commit(), Engine: s.w.d.Kind(), Operations: s.ops, Entries: s.m.Seq, Steps: s.steps, Batches: s.batches, Replays: s.replays, Sweeps: s.sweeps,
		Crashes: s.crashes, Doctors: s.doctors, Versions: s.version, Seconds: took.Seconds(), Rate: float64(s.ops) / took.Seconds(), Codes: map[string]int64{},
		Digest: hex.EncodeToString(s.digest.Sum(nil)), Failure: s.failed,
	}
	r.Days = int64(s.now()-started) / 86_400_000_000
	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		k := Kind{Name: name, Applied: s.counts[name][""], Declined: map[string]int64{}}
		for code, n := range s.counts[name] {
			if code != "" {
				k.Declined[code] = n
				r.Codes[code] += n
			}
		}
		if k.Applied*1000 < s.ops {
			r.Rare = append(r.Rare, name)
		}
		r.Kinds = append(r.Kinds, k)
	}
	for _, code := range slices.Sorted(maps.Keys(r.Codes)) {
		if r.Codes[code]*1000 < s.ops {
			r.Rare = append(r.Rare, code)
		}
	}
	return r
}

// Commit gives the version of the source: the one that the program was built from, or that of the checkout in
// which it runs; with a plus sign when that had changes.
func Commit() string {
	out, changed := "", false
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, x := range info.Settings {
			switch x.Key {
			case "vcs.revision":
				out = x.Value[:min(12, len(x.Value))]
			case "vcs.modified":
				changed = x.Value == "true"
			}
		}
	}
	if out == "" {
		text, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
		if err != nil {
			return "unknown"
		}
		diff, err := exec.Command("git", "status", "--porcelain", "-uno").Output()
		out, changed = strings.TrimSpace(string(text)), err != nil || len(diff) > 0
	}
	if changed {
		out += "+"
	}
	return out
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "seed=%d commit=%s engine=%s ops=%d entries=%d days=%d\n", r.Seed, r.Commit, r.Engine, r.Operations, r.Entries, r.Days)
	fmt.Fprintf(w, "%d steps, %d batches, %d repeated answers, %d sweeps, %d crashes, %d programme versions, %d examinations by the doctor\n", r.Steps, r.Batches, r.Replays, r.Sweeps, r.Crashes, r.Versions, r.Doctors)
	for _, k := range r.Kinds {
		fmt.Fprintf(w, "  %-16s %9d applied", k.Name, k.Applied)
		for _, code := range slices.Sorted(maps.Keys(k.Declined)) {
			fmt.Fprintf(w, "  %s %d", code, k.Declined[code])
		}
		fmt.Fprintln(w)
	}
	if len(r.Rare) > 0 {
		fmt.Fprintf(w, "below 0.1 %% of the run: %s\n", strings.Join(r.Rare, ", "))
	}
	fmt.Fprintf(w, "trace sha256:%s\n%.0f operations/s in %.1f s\n", r.Digest, r.Rate, r.Seconds)
	if f := r.Failure; f != nil {
		fmt.Fprintf(w, "\nseed=%d commit=%s op=%d\n%s\n", r.Seed, r.Commit, f.Op, f.What)
		for _, line := range f.Trace {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}

// field reads a text of a JSON object.
func field(body []byte, name string) (string, bool) {
	var m map[string]json.RawMessage
	var v string
	if json.Unmarshal(body, &m) != nil || json.Unmarshal(m[name], &v) != nil {
		return "", false
	}
	return v, v != ""
}

func popNetwork(n *network) { heap.Pop(n) }
