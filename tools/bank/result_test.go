package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func judged(t *testing.T, change func(*History)) *Summary {
	t.Helper()
	h := sound(t)
	change(h)
	return summarise(h, checkHistory(h))
}

func TestSummary_Outcomes(t *testing.T) {
	t.Parallel()
	lost := func(h *History) { // the first answer of load2 never came
		r := *find(h, "load2")
		r.Status, r.HTTP, r.Return, r.Balances, r.BodyHash = statusInfo, 0, 0, nil, ""
		h.Records = append([]*Record{&r}, h.Records...)
	}
	met := func(h *History, inFlight int64) {
		for range 4 {
			h.Faults = append(h.Faults, Fault{Kind: "kill", At: 12, Back: 13, InFlight: inFlight})
		}
	}
	for _, c := range []struct {
		name, want string
		change     func(*History)
	}{
		{"sound", pass, func(*History) {}},
		{"sound under fire", pass, func(h *History) { lost(h); met(h, 3) }},
		{"a finding", fail, func(h *History) { drop(h, "load2") }},
		{"faults that met nothing", harness, func(h *History) { lost(h); met(h, 0) }},
		{"no unknown outcome", harness, func(h *History) { met(h, 3) }},
		{"an open outcome", liveness, func(h *History) {
			h.Records = append(h.Records, &Record{Op: opLoad, Key: "open", Args: Args{Account: "g2"}, Invoke: 1, Status: statusInfo})
		}},
		{"nothing succeeds after a fault", liveness, func(h *History) {
			lost(h)
			h.Faults = []Fault{{Kind: "kill", At: int64(time.Hour), InFlight: 1}}
		}},
	} {
		if s := judged(t, c.change); s.Outcome != c.want {
			t.Errorf("%s: %s, want %s (%s) %+v", c.name, s.Outcome, c.want, s.Why, s.Findings)
		}
	}
}

func TestSummary_Line(t *testing.T) {
	t.Parallel()
	s := judged(t, func(h *History) { h.Final.Events, h.Final.Proofs = false, 0 })
	s.Seed, s.Engine, s.Clients, s.Hot, s.Commit, s.Cores = 7, "sqlite", 64, 5, "abc", 2
	line := s.Line()
	const want = "bank/1 PASS seed=7 commit=abc bin=sha256:- engine=sqlite cores=2 minutes=0 clients=64 hot=5 | ops=22 ok=16 fail=6 info_ok=0 info_fail=0 unresolved=0 | " +
		"kill=0 term=0 stop=0 cut=- pgrestart=0 restore=- diskfull_s=- | lost=0 doubled=0 changed=0 phantom=0 negative=0 overmax=0 order=0 snapshot=0 webhook=- proof=- http500=0 undoc=0 | ttfs_p99_ms=0 "
	if !strings.HasPrefix(line, want) {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	if strings.Contains(line, "\n") {
		t.Error("more than one line")
	}
}

func TestRecoveries(t *testing.T) {
	t.Parallel()
	h := &History{
		Records: []*Record{{Status: statusOK, Return: 100}, {Status: statusInfo, Return: 150}, {Status: statusOK, Return: 300}},
		Faults:  []Fault{{At: 50}, {At: 110}, {At: 120}, {At: 400}},
	}
	got := h.recoveries()
	if len(got) != 3 || got[0] != 50 || got[1] != 180 || got[2] != -1 {
		t.Errorf("recoveries %v: want 50, 180 (110 was followed by 120 first) and none", got)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	values := []int{5, 1, 4, 2, 3}
	if percentile(values, 500) != 3 || percentile(values, 1000) != 5 || percentile(values[:0], 500) != 0 || values[0] != 5 {
		t.Error("wrong percentile")
	}
}

func TestSummary_SeededBugs(t *testing.T) {
	t.Parallel()
	s := judged(t, func(*History) {})
	s.hunted([]bug{{Name: "SB1", Found: true, Seconds: 31}, {Name: "SB2", Found: true, Seconds: 12}})
	if s.Outcome != pass || !strings.HasSuffix(s.Line(), " | bugs=2/2 bugs_max_s=31") {
		t.Error(s.Line())
	}
	s.hunted([]bug{{Name: "SB1", Found: true, Seconds: 31}, {Name: "SB6"}})
	if s.Outcome != blind || exitCodes[s.Outcome] != 4 || !strings.HasSuffix(s.Line(), " | bugs=1/2 bugs_max_s=31") {
		t.Error(s.Line())
	}
	for _, bad := range []string{"SB1", "=x", "SB1="} {
		if _, err := parseBug(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := judged(t, func(h *History) { drop(h, "load2") })
	path := t.TempDir() + "/result.html"
	if err := writePage(path, s); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "load2") || !strings.Contains(string(text), "bank: FAIL") {
		t.Errorf("%v: %s", err, text)
	}
}
