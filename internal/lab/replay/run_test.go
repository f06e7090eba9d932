package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lojal/client"
)

// desk is a stand-in for a server as far as the order of calls goes: it keeps the clock, what it was sent
// under which key, and points at one for each pound. It dies after a number of writes.
type desk struct {
	mu     sync.Mutex
	now    time.Time
	booked map[string]string // key: body
	points map[string]int64  // card: balance
	asked  int               // look-ups
	order  []string          // keys as they were booked
	life   int               // writes until it dies; below 0 for ever
	wrong  []string
}

func newDesk() *desk {
	return &desk{booked: map[string]string{}, points: map[string]int64{}, life: -1}
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var in struct {
		ID, Receipt, Session string
		At                   time.Time
		Presented            struct{ Value string }
		Lines                []struct{ Total int64 }
		Wish                 struct {
			Burn client.Amount `json:"burn_points"`
		}
		Card struct{ Number string }
	}
	if r.Body != nil {
		json.NewDecoder(r.Body).Decode(&in)
	}
	var sum int64
	for _, l := range in.Lines {
		sum += l.Total
	}
	switch key := r.Header.Get("Idempotency-Key"); {
	case r.URL.Path == "/test/clock" && r.Method == http.MethodPost:
		if in.At.Before(d.now) {
			d.wrong = append(d.wrong, "the clock runs back to "+in.At.String())
		}
		d.now = in.At
	case r.URL.Path == "/test/clock":
		fmt.Fprintf(w, `{"at":%q}`, d.now.Format(time.RFC3339))
	case strings.HasPrefix(r.URL.Path, "/pos/v1/operations/"):
		d.asked++
		status := client.Absent
		if _, ok := d.booked[strings.TrimPrefix(r.URL.Path, "/pos/v1/operations/")]; ok {
			status = client.Applied
		}
		fmt.Fprintf(w, `{"status":%q}`, status)
	case r.URL.Path == "/pos/v1/identify":
		fmt.Fprintf(w, `{"session":%q,"balances":[{"wallet":"points","active":%d}]}`, in.Presented.Value, d.points[in.Presented.Value])
	case r.URL.Path == "/pos/v1/quotes":
		burn := int64(0)
		if in.Wish.Burn == client.Max {
			burn = min(d.points[in.Session], sum)
		}
		fmt.Fprintf(w, `{"quote":"q","burn":{"points":%d},"remaining_to_pay":%d}`, burn, sum-burn)
	case key != "":
		d.write(w, key, fmt.Sprintf("%s %s %d", r.URL.Path, in.Receipt, sum), func() {
			if r.URL.Path == "/pos/v1/transactions" {
				d.points[in.Session] += (sum-in.Wish.Burn.Units())/100 - in.Wish.Burn.Units()
			}
			if r.URL.Path == "/v1/members" {
				d.points[in.Card.Number] = 0
			}
		})
	}
}

func (d *desk) write(w http.ResponseWriter, key, body string, do func()) {
	was, known := d.booked[key]
	switch {
	case d.life == 0:
		panic(http.ErrAbortHandler)
	case known && was != body:
		d.wrong = append(d.wrong, key+" came with another body")
	case !known:
		d.life--
		do()
		d.booked[key] = body
		d.order = append(d.order, key)
		if d.life == 0 {
			panic(http.ErrAbortHandler) // after the commit, before the answer
		}
	}
	fmt.Fprint(w, `{"status":"approved"}`)
}

// replayTo sends a plan to the desk as Run does, without the making of the shop.
func replayTo(t *testing.T, d *desk, rows string) error {
	t.Helper()
	srv := httptest.NewServer(d)
	defer srv.Close()
	c := client.New(srv.URL, "ljk_test_1", client.WithAttempts(1, time.Second))
	s := &shop{
		m: OnlineRetail(), plan: planOf(t, rows), admin: c, tills: []*client.Client{c}, terminals: []string{"trm_1"},
		places: []client.Context{{Outlet: "001", Terminal: "90000001"}}, linked: time.Date(2009, 12, 1, 7, 0, 0, 0, time.UTC),
	}
	r := &run{shop: s, options: Options{URL: srv.URL, Workers: 4}}
	return r.all(context.Background())
}

// rowsOf gives a log of n invoices, two to a minute, by five customers and some without a number; each
// seventh is a cancellation.
func rowsOf(n int) string {
	var b strings.Builder
	for i := range n {
		at := time.Date(2009, 12, 1, 8, i/2, 0, 0, time.UTC).Format("2006-01-02T15:04:05")
		customer := fmt.Sprintf("%d.0", i%5)
		if i%6 == 0 {
			customer = ""
		}
		if i%7 == 6 {
			fmt.Fprintf(&b, "C%d,A,Cup,-1,%s,3,%s,UK\n", i, at, customer)
			continue
		}
		fmt.Fprintf(&b, "%d,A,Cup,%d,%s,300,%s,UK\n", i, 1+i%3, at, customer)
	}
	return b.String()
}

func TestRun_OnceAndTwice(t *testing.T) {
	t.Parallel()
	d := newDesk()
	rows := rowsOf(60)
	if err := replayTo(t, d, rows); err != nil {
		t.Fatal(err)
	}
	booked, points := maps.Clone(d.booked), maps.Clone(d.points)
	if len(booked) < 50 {
		t.Fatalf("only %d operations", len(booked))
	}
	burned := false
	for _, p := range points {
		burned = burned || p < 0
	}
	if d.asked = 0; replayTo(t, d, rows) != nil || !maps.Equal(booked, d.booked) || !maps.Equal(points, d.points) || burned {
		t.Errorf("the second run changed something, or points are below 0: %v", d.points)
	}
	if d.asked > 20 {
		t.Errorf("%d look-ups to find the end", d.asked)
	}
	if len(d.wrong) > 0 {
		t.Error(d.wrong)
	}
}

// TestRun_KilledAtEachWrite lets the server die after each number of writes, with and without the answer
// lost, and compares the end with that of an undisturbed run.
func TestRun_KilledAtEachWrite(t *testing.T) {
	t.Parallel()
	rows := rowsOf(24)
	whole := newDesk()
	if err := replayTo(t, whole, rows); err != nil {
		t.Fatal(err)
	}
	for life := 1; life < len(whole.order); life++ {
		d := newDesk()
		d.life = life
		err := replayTo(t, d, rows)
		var unknown *client.UnknownError
		if !errors.As(err, &unknown) && err == nil {
			t.Fatalf("life %d: the death went unnoticed", life)
		}
		d.life = -1
		if err := replayTo(t, d, rows); err != nil {
			t.Fatalf("life %d: %v", life, err)
		}
		if !maps.Equal(d.booked, whole.booked) || !maps.Equal(d.points, whole.points) {
			t.Errorf("life %d: another end state", life)
		}
		if len(d.wrong) > 0 {
			t.Errorf("life %d: %v", life, d.wrong)
		}
	}
}

// TestRun_TakesNewKeysInTime lets a log last longer than a key lives.
func TestRun_TakesNewKeysInTime(t *testing.T) {
	t.Parallel()
	d := newDesk()
	var rows strings.Builder
	for month := range 13 {
		at := time.Date(2009, time.Month(12+month), 1, 8, 0, 0, 0, time.UTC).Format("2006-01-02T15:04:05")
		fmt.Fprintf(&rows, "%d,A,Cup,1,%s,3,,UK\n", month, at)
	}
	if err := replayTo(t, d, rows.String()); err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, body := range d.booked {
		if strings.HasPrefix(body, "/v1/terminals/trm_1/link") {
			links++
		}
	}
	if links != 2 || len(d.wrong) > 0 {
		t.Errorf("%d links in a year, %v", links, d.wrong)
	}
}

func TestChains_KeepACustomersOrder(t *testing.T) {
	t.Parallel()
	group := []*operation{{id: "a", customer: "1"}, {id: "b"}, {id: "c", customer: "2"}, {id: "d", customer: "1"}, {id: "e"}}
	var got []string
	for _, chain := range chains(group) {
		ids := ""
		for _, o := range chain {
			ids += o.id
		}
		got = append(got, ids)
	}
	if fmt.Sprint(got) != "[ad b c e]" {
		t.Errorf("chains %v", got)
	}
}
