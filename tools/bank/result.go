package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Outcomes of a run, each with its exit code.
const (
	pass     = "PASS"
	fail     = "FAIL"
	liveness = "LIVENESS"
	harness  = "HARNESS"
	blind    = "BLIND" // a seeded bug was not found
)

var exitCodes = map[string]int{pass: 0, fail: 1, liveness: 2, harness: 3, blind: 4}

// Summary is a run in figures.
type Summary struct {
	Outcome    string           `json:"outcome"`
	Why        string           `json:"why,omitempty"` // of HARNESS
	Seed       uint64           `json:"seed"`
	Commit     string           `json:"commit"`
	Binary     string           `json:"binary"` // first bytes of the server's SHA-256
	Engine     string           `json:"engine"`
	Cores      int              `json:"cores"`
	Seconds    int64            `json:"seconds"`
	Clients    int              `json:"clients"`
	Hot        int              `json:"hot"`
	Ops        int              `json:"ops"`
	OK         int              `json:"ok"`
	Fail       int              `json:"fail"`
	InfoOK     int              `json:"info_ok"`   // no outcome at first, applied in the end
	InfoFail   int              `json:"info_fail"` // no outcome at first, refused or closed in the end
	Unresolved int              `json:"unresolved"`
	Faults     map[string]int   `json:"faults"`
	Met        int              `json:"met"` // faults that met requests in flight
	Counts     map[string]int   `json:"counts"`
	Examined   map[string]int   `json:"examined"`
	Missing    string           `json:"missing,omitempty"` // operations that the server does not offer
	TTFS       [2]int64         `json:"ttfs_ms"`           // p99, longest
	Rate       int              `json:"rps"`
	Redeem     map[string]int64 `json:"redeem_us"`
	Balance99  int64            `json:"balance_p99_us"`
	Bugs       []bug            `json:"bugs,omitempty"`
	Findings   []Finding        `json:"findings,omitempty"`
}

// countedBy names the check that feeds a counter; a counter of a check that looked at nothing is a dash.
var countedBy = map[string]string{
	"lost": "C1", "doubled": "C1", "changed": "C2", "phantom": "C1", "negative": "C6", "overmax": "C6", "order": "C3",
	"snapshot": "C4", "webhook": "C7", "proof": "C8", "http500": "C10", "undoc": "C10",
}

// summarise judges a history.
func summarise(h *History, v *Verdict) *Summary {
	s := &Summary{
		Cores: runtime.NumCPU(), Unresolved: len(v.Unresolved), Counts: v.Counts(), Examined: v.Examined,
		Faults: map[string]int{}, Redeem: map[string]int64{}, Findings: v.Findings, Commit: commit(),
	}
	s.outcomes(h)
	s.faults(h)
	s.latencies(h)
	ttfs := h.recoveries()
	s.TTFS = [2]int64{percentile(ttfs, 990).Milliseconds(), percentile(ttfs, 1000).Milliseconds()}
	s.judge(v, ttfs)
	return s
}

func (s *Summary) outcomes(h *History) {
	for _, o := range h.operations() {
		s.Ops++
		unknown := !o.Records[0].definite() // no answer, or one that asks to come again
		switch {
		case o.Outcome == nil:
		case o.ok() && unknown:
			s.InfoOK++
		case o.ok():
			s.OK++
		case unknown:
			s.InfoFail++
		default:
			s.Fail++
		}
	}
}

func (s *Summary) faults(h *History) {
	for _, f := range h.Faults {
		s.Faults[f.Kind]++
		if f.InFlight > 0 {
			s.Met++
		}
	}
}

// latencies counts from when the schedule wanted a request sent.
func (s *Summary) latencies(h *History) {
	var redeems, reads []int64
	var last int64
	for _, r := range h.Records {
		last = max(last, r.Return)
		if r.Due == 0 || r.Status != statusOK && r.Status != statusFail {
			continue
		}
		switch r.Op {
		case opRedeem:
			redeems = append(redeems, (r.Return-r.Due)/int64(time.Microsecond))
		case opBalance:
			reads = append(reads, (r.Return-r.Due)/int64(time.Microsecond))
		}
	}
	for name, thousandths := range map[string]int{"p50": 500, "p95": 950, "p99": 990, "p999": 999, "max": 1000} {
		s.Redeem[name] = percentile(redeems, thousandths)
	}
	s.Balance99 = percentile(reads, 990)
	s.Seconds = last / int64(time.Second)
	s.Rate = int(int64(len(h.Records)) / max(s.Seconds, 1))
}

// judge gives the outcome. A run in which the faults met nothing proves nothing.
func (s *Summary) judge(v *Verdict, ttfs []time.Duration) {
	faults := 0
	for _, n := range s.Faults {
		faults += n
	}
	slow := slices.ContainsFunc(ttfs, func(d time.Duration) bool { return d < 0 || d > rto })
	switch {
	case len(v.Findings) > 0:
		s.Outcome = fail
	case s.Unresolved > 0 || slow:
		s.Outcome = liveness
	case faults > 0 && s.Met*2 < faults:
		s.Outcome, s.Why = harness, "fewer than half of the faults met operations in flight"
	case faults > 0 && s.InfoOK+s.InfoFail == 0:
		s.Outcome, s.Why = harness, "no outcome was unknown"
	default:
		s.Outcome = pass
	}
}

// hunted adds what became of the seeded bugs: a bank that misses one proves nothing about the rest.
func (s *Summary) hunted(bugs []bug) {
	s.Bugs = bugs
	for _, b := range bugs {
		if !b.Found && s.Outcome == pass {
			s.Outcome, s.Why = blind, "the seeded bug "+b.Name+" was not found"
		}
	}
}

// Line gives the result in one line, in an order that never changes.
func (s *Summary) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bank/1 %s seed=%d commit=%s bin=sha256:%s engine=%s cores=%d minutes=%d clients=%d hot=%d",
		s.Outcome, s.Seed, s.Commit, orDash(s.Binary), orDash(s.Engine), s.Cores, (s.Seconds+59)/60, s.Clients, s.Hot)
	fmt.Fprintf(&b, " | ops=%d ok=%d fail=%d info_ok=%d info_fail=%d unresolved=%d", s.Ops, s.OK, s.Fail, s.InfoOK, s.InfoFail, s.Unresolved)
	fmt.Fprintf(&b, " | kill=%d term=%d stop=%d cut=- pgrestart=%d restore=- diskfull_s=- |", s.Faults["kill"], s.Faults["term"], s.Faults["stop"], s.Faults["pgrestart"])
	for _, name := range counters {
		value := strconv.Itoa(s.Counts[name])
		if s.Counts[name] == 0 && s.Examined[countedBy[name]] == 0 {
			value = "-"
		}
		fmt.Fprintf(&b, " %s=%s", name, value)
	}
	fmt.Fprintf(&b, " | ttfs_p99_ms=%d ttfs_max_ms=%d rps=%d", s.TTFS[0], s.TTFS[1], s.Rate)
	for _, name := range []string{"p50", "p95", "p99", "p999", "max"} {
		fmt.Fprintf(&b, " red_%s_ms=%s", name, millis(s.Redeem[name]))
	}
	fmt.Fprintf(&b, " bal_p99_ms=%s rss_mb=- bytes_per_op=- | %s", millis(s.Balance99), s.bugLine())
	return b.String()
}

func (s *Summary) bugLine() string {
	if len(s.Bugs) == 0 {
		return "bugs=- bugs_max_s=-"
	}
	found, longest := 0, int64(0)
	for _, b := range s.Bugs {
		longest = max(longest, b.Seconds)
		if b.Found {
			found++
		}
	}
	return fmt.Sprintf("bugs=%d/%d bugs_max_s=%d", found, len(s.Bugs), longest)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// millis writes microseconds as milliseconds.
func millis(us int64) string { return fmt.Sprintf("%d.%03d", us/1000, us%1000) }

// commit gives the revision from which the bank was built.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return "-"
}

// hashOf gives the first bytes of a file's SHA-256, nothing when it cannot be read.
func hashOf(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
