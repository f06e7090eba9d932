package demo

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lojal/internal/programme"
)

var evening = time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)

func TestPlan_SameDayGivesTheSameYear(t *testing.T) {
	t.Parallel()
	a, b := makePlan(evening), makePlan(evening)
	if a.count != b.count || a.count < 10_000 || a.count > 25_000 {
		t.Fatalf("%d and %d operations", a.count, b.count)
	}
	for i := range a.steps {
		for j, o := range a.steps[i].operations {
			x, _ := json.Marshal(o.lines)
			y, _ := json.Marshal(b.steps[i].operations[j].lines)
			if string(x) != string(y) || o.key("") != b.steps[i].operations[j].key("") {
				t.Fatalf("step %d differs: %s %s", i, x, y)
			}
		}
	}
}

func TestPlan_StepsGoForwardAndEndInThePresent(t *testing.T) {
	t.Parallel()
	p := makePlan(evening)
	seen := map[deed]int{}
	for i, s := range p.steps {
		if i > 0 && !s.at.After(p.steps[i-1].at) {
			t.Fatalf("step %d at %s is not after the one before", i, s.at)
		}
		for _, o := range s.operations {
			seen[o.deed]++
			if o.at.After(evening) || o.at.After(s.at.Add(time.Hour)) {
				t.Errorf("operation %d at %s lies in the future of %s", o.n, o.at, s.at)
			}
			if o.source != nil && !o.source.at.Before(o.at) {
				t.Errorf("operation %d gives back what is not sold yet", o.n)
			}
		}
	}
	if got := evening.Sub(p.steps[len(p.steps)-1].at); got > 3*time.Hour {
		t.Errorf("the last step is %s old", got)
	}
	for d := sell; d <= closeBatch; d++ {
		if seen[d] == 0 {
			t.Errorf("nothing of deed %d in the year", d)
		}
	}
	if seen[join] != members {
		t.Errorf("%d members joined", seen[join])
	}
}

// A receipt number names one sale of an outlet's day, a terminal's number one operation of the terminal.
func TestPlan_NumbersAreGivenOnce(t *testing.T) {
	t.Parallel()
	seqs, receipts, keys := map[[2]int64]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range makePlan(evening).steps {
		for _, o := range s.operations {
			if o.seq > 0 && (seqs[[2]int64{int64(o.till), o.seq}] || receipts[o.receipt]) || keys[o.key("")] {
				t.Fatalf("operation %d has numbers of another one", o.n)
			}
			seqs[[2]int64{int64(o.till), o.seq}], receipts[o.receipt], keys[o.key("")] = true, true, true
		}
	}
}

func TestPlan_ChainsKeepAMembersOrder(t *testing.T) {
	t.Parallel()
	for _, s := range makePlan(evening).steps {
		n := 0
		for _, c := range s.chains() {
			for i := range c {
				n++
				if i > 0 && c[i].n <= c[i-1].n {
					t.Fatalf("operation %d comes after %d", c[i].n, c[i-1].n)
				}
			}
		}
		if n != len(s.operations) {
			t.Fatalf("%d of %d operations are in a chain", n, len(s.operations))
		}
	}
}

func TestProgramme_HasNoMistake(t *testing.T) {
	t.Parallel()
	if _, problems := programme.Parse([]byte(rules)); len(problems) > 0 {
		t.Fatal(problems)
	}
}

func TestCertificate_IsKeptUntilItNoLongerServes(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), []net.IP{net.IPv4(192, 168, 1, 7)}
	serial := func(addresses []net.IP, now time.Time) string {
		c, err := Certificate(dir, addresses, now)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.String()
	}
	first := serial(home, evening)
	if got := serial(home, evening.AddDate(0, 6, 0)); got != first {
		t.Error("a certificate that serves is made anew")
	}
	moved := serial(append(home, net.IPv4(10, 0, 0, 4)), evening)
	if moved == first {
		t.Error("a new address is not named")
	}
	if got := serial(home, evening.AddDate(1, 0, 10)); got == moved {
		t.Error("a certificate that ends soon is kept")
	}
	info, err := os.Stat(filepath.Join(dir, certificateKey))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key is readable by others: %v %v", info.Mode(), err)
	}
}

func TestQR_HasItsQuietZone(t *testing.T) {
	t.Parallel()
	code, err := QR("https://192.168.1.7:8443/enter?token=abc")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(code), "\n")
	plain := strings.NewReplacer("\x1b[30;107m", "", "\x1b[0m", "")
	for i, l := range lines {
		row := []rune(plain.Replace(l))
		if len(row) != len([]rune(plain.Replace(lines[0]))) {
			t.Fatalf("row %d is %d wide", i, len(row))
		}
		if strings.TrimSpace(string(row[:quiet])) != "" || (i < quiet/2 && strings.TrimSpace(string(row)) != "") {
			t.Errorf("row %d draws in the quiet zone", i)
		}
	}
}
