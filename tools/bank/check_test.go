package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// sound is a small history in which everything is right: two gift cards, a member, a pass, a coupon.
func sound(t *testing.T) *History {
	t.Helper()
	b := &builder{h: &History{World: World{CouponCap: 1, Visits: 1, EarnPer: 100}}}
	b.ok("issue", opIssue, Args{Account: "h1"})
	b.ok("load1", opLoad, Args{Account: "h1", Amount: 1000}, "h1", 1000)
	b.ok("load2", opLoad, Args{Account: "g2", Amount: 500}, "g2", 500)
	b.ok("redeem1", opRedeem, Args{Account: "h1", Amount: 301}, "h1", 699)
	b.read("h1", 699)
	b.declined("redeem2", opRedeem, Args{Account: "h1", Amount: 5000}, "insufficient_balance")
	b.ok("transfer", opTransfer, Args{Account: "h1", To: "g2", Amount: 99}, "h1", 600, "g2", 599)
	b.ok("refund1", opRefund, Args{Account: "h1", Amount: 300, Of: "redeem1"}, "h1", 900)
	b.declined("refund2", opRefund, Args{Account: "h1", Amount: 2, Of: "redeem1"}, "over_return")
	b.ok("earn1", opEarn, Args{Account: "p1", Total: 1250}, "p1", 12)
	b.ok("burn1", opBurn, Args{Account: "p1", Total: 310, Amount: 10}, "p1", 5)
	b.reversed("reverse1", "earn1", "reversed", "p1", -7)
	b.reversed("reverse2", "never", "tombstoned")
	b.declined("never", opEarn, Args{Account: "p1", Total: 500}, "already_reversed")
	b.ok("hold1", opHold, Args{Account: "h1", Amount: 200})
	b.hold("h1", 900, 200)
	b.ok("capture1", opCapture, Args{Account: "h1", Of: "hold1"}, "h1", 700)
	b.declined("capture2", opCapture, Args{Account: "h1", Of: "hold1"}, "hold_resolved")
	b.ok("coupon1", opCoupon, Args{Account: "p1"})
	b.declined("coupon2", opCoupon, Args{Account: "p1"}, "offer_exhausted")
	b.ok("visit1", opVisit, Args{Account: "v1"})
	b.ok("block", opBlock, Args{Account: "g2"})
	b.declined("redeem3", opRedeem, Args{Account: "g2", Amount: 1}, "card_blocked")
	b.ok("unblock", opUnblock, Args{Account: "g2"})
	b.again("redeem1")
	b.poisoned("redeem1")
	b.read("h1", 700)
	b.h.Final.Balances = map[string]Balance{"h1": {Active: 700}, "g2": {Active: 599}, "p1": {Debt: 7}}
	b.h.Final.Statements = map[string][]string{"h1": {"load1", "redeem1", "transfer", "refund1", "capture1"}}
	b.h.Final.Events, b.h.Final.Snapshots, b.h.Final.Proofs = true, true, 3
	return b.h
}

type builder struct {
	h   *History
	now int64
	seq int64
}

func (b *builder) record(r Record) *Record {
	b.now += 10
	r.I, r.Client, r.Invoke, r.Return, r.Epoch = int64(len(b.h.Records)+1), 1, b.now, b.now+5, 1
	if r.Seq == 0 {
		r.Seq = b.seq
	}
	b.h.Records = append(b.h.Records, &r)
	return &r
}

func balances(pairs []any) map[string]Balance {
	out := map[string]Balance{}
	for i := 0; i < len(pairs); i += 2 {
		n := int64(pairs[i+1].(int))
		out[pairs[i].(string)] = Balance{Active: max(n, 0), Debt: max(-n, 0)}
	}
	return out
}

func (b *builder) entry(key, kind string) {
	b.seq++
	b.h.Final.Entries = append(b.h.Final.Entries, Entry{Seq: b.seq, Epoch: 1, Key: key, Kind: kind, Sums: Sums{"EUR": 0}, Event: true})
}

func (b *builder) ok(key, op string, a Args, shown ...any) *Record {
	b.entry(key, "XXX")
	return b.record(Record{Op: op, Key: key, Args: a, HTTP: 200, Status: statusOK, Result: "approved", BodyHash: "b" + key, Balances: balances(shown)})
}

func (b *builder) reversed(key, of, result string, shown ...any) {
	r := b.ok(key, opReverse, Args{Of: of}, shown...)
	r.Result = result
}

func (b *builder) declined(key, op string, a Args, code string) {
	b.record(Record{Op: op, Key: key, Args: a, HTTP: 422, Status: statusFail, Code: code, BodyHash: "b" + key})
}

func (b *builder) read(name string, n int) {
	b.record(Record{Op: opBalance, Args: Args{Account: name}, HTTP: 200, Status: statusOK, Balances: balances([]any{name, n})})
}

func (b *builder) hold(name string, active, held int64) {
	r := b.record(Record{Op: opBalance, Args: Args{Account: name}, HTTP: 200, Status: statusOK})
	r.Balances = map[string]Balance{name: {Active: active, Held: held}}
}

func (b *builder) of(key string) *Record { return find(b.h, key) }

func (b *builder) again(key string) {
	r := *b.of(key)
	r.Send, r.Replayed = sendAgain, true
	b.record(r)
}

func (b *builder) poisoned(key string) {
	r := *b.of(key)
	r.Send, r.HTTP, r.Status, r.Code, r.Balances, r.BodyHash = sendPoison, 422, statusRefused, "idempotency_mismatch", nil, "p"
	b.record(r)
}

func find(h *History, key string) *Record {
	i := slices.IndexFunc(h.Records, func(r *Record) bool { return r.Key == key })
	return h.Records[i]
}

func findSent(h *History, key, send string) *Record {
	i := slices.IndexFunc(h.Records, func(r *Record) bool { return r.Key == key && r.Send == send })
	return h.Records[i]
}

func drop(h *History, key string) {
	h.Final.Entries = slices.DeleteFunc(h.Final.Entries, func(e Entry) bool { return e.Key == key })
	for i := range h.Final.Entries {
		h.Final.Entries[i].Seq = int64(i + 1)
	}
}

func TestCheck_SoundHistory(t *testing.T) {
	t.Parallel()
	v := checkHistory(sound(t))
	for _, f := range v.Findings {
		t.Errorf("%+v", f)
	}
	for _, check := range []string{"C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10"} {
		if v.Examined[check] == 0 {
			t.Errorf("%s looked at nothing", check)
		}
	}
	if len(v.Unresolved) != 0 {
		t.Errorf("unresolved %v", v.Unresolved)
	}
}

// TestCheck_CorruptHistories changes the sound history in one place at a time; the named check must say so,
// under the named counter.
func TestCheck_CorruptHistories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, check, counter string
		corrupt              func(*History)
	}{
		{"an acknowledged load is gone", "C1", "lost", func(h *History) { drop(h, "load2") }},
		{"a redemption is booked twice", "C1", "doubled", func(h *History) {
			n := int64(len(h.Final.Entries) + 1)
			h.Final.Entries = append(h.Final.Entries, Entry{Seq: n, Epoch: 1, Key: "redeem1", Event: true})
		}},
		{"a declined redemption is in the ledger", "C1", "phantom", func(h *History) {
			n := int64(len(h.Final.Entries) + 1)
			h.Final.Entries = append(h.Final.Entries, Entry{Seq: n, Epoch: 1, Key: "redeem2", Kind: "RED", Event: true})
		}},
		{"an entry that nobody asked for", "C1", "phantom", func(h *History) {
			n := int64(len(h.Final.Entries) + 1)
			h.Final.Entries = append(h.Final.Entries, Entry{Seq: n, Epoch: 1, Key: "stranger", Kind: "LOD", Event: true})
		}},
		{"an entry has moved", "C1", "changed", func(h *History) {
			e := h.Final.Entries
			e[1].Key, e[2].Key = e[2].Key, e[1].Key
		}},
		{"a statement skips a line", "C1", "lost", func(h *History) { h.Final.Statements["h1"] = h.Final.Statements["h1"][1:] }},
		{"a statement repeats a line", "C1", "doubled", func(h *History) { h.Final.Statements["h1"] = append(h.Final.Statements["h1"], "redeem1") }},
		{"an answer shows a wrong balance", "C2", "changed", func(h *History) { find(h, "transfer").Balances["g2"] = Balance{Active: 600} }},
		{"the end shows a wrong balance", "C2", "changed", func(h *History) { h.Final.Balances["g2"] = Balance{Active: 598} }},
		{"a decline without reason", "C2", "changed", func(h *History) { find(h, "redeem2").Args.Amount = 10 }},
		{"a closed key is applied", "C2", "changed", func(h *History) {
			r := find(h, "never")
			h.Final.Entries = append(h.Final.Entries, Entry{Seq: 99, Epoch: 1, Key: "never"})
			r.Status, r.HTTP, r.Seq, r.Code = statusOK, 200, 99, ""
		}},
		{"a refund beyond the redemption", "C2", "changed", func(h *History) { find(h, "refund1").Args.Amount = 302 }},
		{"a reversal of the unknown says that it reversed", "C2", "changed", func(h *History) { find(h, "reverse2").Result = "reversed" }},
		{"a blocked card pays", "C2", "changed", func(h *History) {
			u, r := find(h, "unblock"), find(h, "redeem3")
			r.Status, r.HTTP, r.Code, r.Seq = statusOK, 200, "", u.Seq
			u.Seq, u.Invoke, u.Return = r.Seq+1, r.Return+1, r.Return+2
			for i := range h.Final.Entries {
				if h.Final.Entries[i].Key == "unblock" {
					h.Final.Entries[i].Key = "redeem3"
				}
			}
		}},
		{"points are burned in debt", "C2", "changed", func(h *History) { find(h, "earn1").Balances["p1"] = Balance{Active: 15, Debt: 3} }},
		{"two entries share a place", "C3", "order", func(h *History) { find(h, "load2").Seq = find(h, "load1").Seq }},
		{"an answered operation stands behind a later one", "C3", "order", func(h *History) {
			a, b := find(h, "load1"), find(h, "load2")
			a.Seq, b.Seq = b.Seq, a.Seq
		}},
		{"a client reads the past", "C3", "order", func(h *History) { h.Records[len(h.Records)-1].Seq = 3 }},
		{"the set-up could not read its own writes", "C3", "order", func(h *History) { h.Final.Flaws = []string{"404"} }},
		{"the ledger has a gap", "C3", "order", func(h *History) { h.Final.Entries = h.Final.Entries[1:] }},
		{"an entry does not balance", "C4", "snapshot", func(h *History) { h.Final.Entries[3].Sums["EUR"] = 1 }},
		{"the same key is answered otherwise", "C5", "changed", func(h *History) { findSent(h, "redeem1", sendAgain).BodyHash = "other" }},
		{"two answers say that they did the work", "C5", "doubled", func(h *History) { findSent(h, "redeem1", sendAgain).Replayed = false }},
		{"a poisoned request is replayed", "C5", "changed", func(h *History) {
			r := findSent(h, "redeem1", sendPoison)
			r.HTTP, r.Code = 200, ""
		}},
		{"a balance below nothing", "C6", "negative", func(h *History) { find(h, "redeem1").Balances["h1"] = Balance{Active: -1} }},
		{"more held than there is", "C6", "negative", func(h *History) { h.Final.Balances["h1"] = Balance{Active: 700, Held: 701} }},
		{"a coupon beyond its cap", "C6", "overmax", func(h *History) {
			r := find(h, "coupon2")
			r.Status, r.HTTP, r.Seq = statusOK, 200, 98
		}},
		{"a hold is captured twice", "C6", "overmax", func(h *History) {
			r := find(h, "capture2")
			r.Status, r.HTTP, r.Seq = statusOK, 200, 97
		}},
		{"an operation without an event", "C7", "webhook", func(h *History) { h.Final.Entries[2].Event = false }},
		{"a proof does not verify", "C8", "proof", func(h *History) { h.Final.ProofsBad = []string{"entry 3"} }},
		{"money appears on a card in real time", "C9", "changed", func(h *History) {
			find(h, "transfer").Balances["h1"] = Balance{Active: 601}
		}},
		{"an internal error", "C10", "http500", func(h *History) { find(h, "redeem2").HTTP = 500 }},
		{"a code that nobody documented", "C10", "undoc", func(h *History) { find(h, "redeem2").Code = "computer_says_no" }},
		{"busy without saying for how long", "C10", "undoc", func(h *History) {
			h.Records = append(h.Records, &Record{Op: opLoad, Key: "load1", Send: sendAgain, HTTP: 503, Code: "overloaded", Status: statusRefused})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := sound(t)
			c.corrupt(h)
			v := checkHistory(h)
			if !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Check == c.check && f.Counter == c.counter }) {
				t.Errorf("%s did not count it as %s: %+v", c.check, c.counter, v.Findings)
			}
		})
	}
}

func TestCheck_OpenOutcome(t *testing.T) {
	t.Parallel()
	h := sound(t)
	h.Records = append(h.Records, &Record{Op: opLoad, Key: "open", Args: Args{Account: "g2", Amount: 1}, Invoke: 1, Status: statusInfo})
	if v := checkHistory(h); !slices.Equal(v.Unresolved, []string{"open"}) {
		t.Errorf("unresolved %v", v.Unresolved)
	}
}

func TestHistory_ReadsWhatTheJournalWrote(t *testing.T) {
	t.Parallel()
	h := sound(t)
	var text strings.Builder
	out := json.NewEncoder(&text)
	for _, r := range h.Records {
		out.Encode(r.invocation())
	}
	for _, r := range h.Records[1:] {
		out.Encode(r.completion())
	}
	out.Encode(line{Fault: &Fault{Kind: "kill", At: 3}})
	out.Encode(line{World: &h.World})
	out.Encode(line{Final: &h.Final})
	got, err := readHistory(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Records) != len(h.Records) || len(got.Faults) != 1 || got.World != h.World || len(got.Final.Entries) != len(h.Final.Entries) {
		t.Fatalf("read %d records, %d faults, %+v", len(got.Records), len(got.Faults), got.World)
	}
	if got.Records[0].Status != statusInfo {
		t.Errorf("an invocation without return is %q", got.Records[0].Status)
	}
	for i, r := range h.Records[1:] {
		a, _ := json.Marshal(r)
		b, _ := json.Marshal(got.Records[i+1])
		if string(a) != string(b) {
			t.Errorf("wrote %s, read %s", a, b)
		}
	}
	for _, bad := range []string{`{"i":7,"t_return":1}`, `{"i":1,"op":"load"}` + "\n" + `{"i":1,"op":"load"}`, `{`, `{}`} {
		if _, err := readHistory(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}
