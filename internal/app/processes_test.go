package app_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"lojal/internal/app"
	"lojal/internal/base/clock"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
)

const oneSale = `{"id":"k%d","terminal_seq":%d,"receipt":"R%d","currency":"EUR","presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],"lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000,"vat":"21"}]}`

// Two servers on one PostgreSQL: each key books once, whichever of them it reaches, and their books are one.
func TestProcesses_TwoServersKeepOneSetOfBooks(t *testing.T) {
	data := t.TempDir()
	url := dbtest.PostgresURL(t)
	s := openShopIn(t, url, data, points)
	second, err := app.Open(context.Background(), app.Config{Database: url, Data: data, TestClock: true, Node: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(second.Handler())
	t.Cleanup(func() { server.Close(); _ = second.Close() })
	other := &shop{App: second, t: t, url: server.URL, key: s.key}
	s.card("9428010000000012")
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]bool{}
	for i := range 200 {
		for _, to := range []*shop{s, other} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				b, status := to.raw("/pos/v1/transactions", fmt.Sprintf(oneSale, i, i+1, i))
				mu.Lock()
				defer mu.Unlock()
				answers[fmt.Sprint(i, status, string(b))] = true
			}()
		}
	}
	wg.Wait()
	if len(answers) != 200 {
		t.Errorf("200 keys sent to two servers gave %d different answers", len(answers))
	}
	who := other.call("/pos/v1/identify", `{"presented":{"kind":"scan","value":"9428010000000012","entry":"barcode"}}`)
	want(t, who, "balances.0.active", 2000)
	s.checkBooks()
}

// A key answers the same bytes after a restart, after 401 days, and under another programme.
func TestProcesses_AKeyAnswersForEver(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		data := t.TempDir()
		s := openShopIn(t, url, data, points)
		s.card("9428010000000012")
		body := fmt.Sprintf(oneSale, 1, 1, 1)
		first, status := s.raw("/pos/v1/transactions", body)
		no := `{"id":"no","terminal_seq":2,"currency":"EUR","presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],"lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000,"vat":"21"}],"wish":{"burn_points":500}}`
		refused, declined := s.raw("/pos/v1/transactions", no)
		if status != 200 || declined != 422 {
			t.Fatalf("%d %s, %d %s", status, first, declined, refused)
		}
		if err := s.TestPublish(context.Background(), points+"earn_rate: 5/1.00\n"); err != nil {
			t.Fatal(err)
		}
		if err := s.SetClock(context.Background(), s.Clock().Now().Add(401*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		s.stop()
		again := reopen(t, url, data)
		for what, pair := range map[string][2]string{"sale": {body, string(first)}, "refusal": {no, string(refused)}} {
			if b, _ := again.raw("/pos/v1/transactions", pair[0]); string(b) != pair[1] {
				t.Errorf("the %s answers otherwise after 401 days:\n%s\n%s", what, pair[1], b)
			}
		}
		again.checkBooks()
	})
}

// A second writer on a SQLite file is refused, and the first goes on.
func TestProcesses_OneWriterOnAFile(t *testing.T) {
	url := dbtest.SQLiteURL(t)
	s := openShopIn(t, url, t.TempDir(), points)
	if _, err := app.Open(context.Background(), app.Config{Database: url, Data: t.TempDir(), TestClock: true}); fault.Of(err) == nil || fault.Of(err).Code.Name != "database_in_use" {
		t.Fatalf("a second writer: %v", err)
	}
	s.card("9428010000000012")
}

func reopen(t *testing.T, url, data string) *shop {
	t.Helper()
	a, err := app.Open(context.Background(), app.Config{Database: url, Data: data, TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	if a.Clock().Now() < clock.Of(time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the test clock was forgotten: %s", a.Clock().Now())
	}
	server := httptest.NewServer(a.Handler())
	t.Cleanup(func() { server.Close(); _ = a.Close() })
	key, err := a.TestRelink(context.Background()) // keys of machines live for a year
	if err != nil {
		t.Fatal(err)
	}
	return &shop{App: a, t: t, url: server.URL, key: key}
}
