package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lojal/internal/app"
	"lojal/internal/base/clock"
	"lojal/internal/base/db/dbtest"
)

// shop is a running house with one merchant, one till and the programme of a test.
type shop struct {
	*app.App
	t    testing.TB
	url  string
	key  string
	seq  int
	stop func()
}

// each runs a test in a shop on both engines.
func each(t *testing.T, programme string, run func(t *testing.T, s *shop)) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		s := openShop(t, url, programme)
		run(t, s)
		s.checkBooks()
	})
}

// checkBooks holds every invariant against what the test has left.
func (s *shop) checkBooks() {
	s.t.Helper()
	report, err := s.Examine(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	if !report.OK() {
		var text bytes.Buffer
		_ = report.Print(&text)
		s.t.Error(text.String())
	}
}

func openShop(t testing.TB, url, programme string) *shop {
	t.Helper()
	return openShopIn(t, url, t.TempDir(), programme)
}

func openShopIn(t testing.TB, url, data, programme string) *shop {
	t.Helper()
	a, err := app.Open(context.Background(), app.Config{Database: url, Data: data, TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler())
	var once sync.Once
	stop := func() { once.Do(func() { server.Close(); _ = a.Close() }) }
	t.Cleanup(stop)
	s := &shop{App: a, t: t, url: server.URL, stop: stop}
	if err := a.SetClock(context.Background(), clock.Of(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	if s.key, err = a.TestShop(context.Background(), programme); err != nil {
		t.Fatal(err)
	}
	return s
}

// card gives the number of a fresh active card of a new member.
func (s *shop) card(number string) {
	s.t.Helper()
	if err := s.TestCard(context.Background(), "points", number, true); err != nil {
		s.t.Fatal(err)
	}
}

// bearer makes a card of nobody, not active yet.
func (s *shop) bearer(number string) {
	s.t.Helper()
	if err := s.TestCard(context.Background(), "points", number, false); err != nil {
		s.t.Fatal(err)
	}
}

// call posts a body; ids and terminal sequences are filled in where the body has ID or SEQ.
func (s *shop) call(path, body string) map[string]any {
	s.t.Helper()
	status, out := s.try(path, body)
	if status != http.StatusOK {
		s.t.Fatalf("%s: %d %v", path, status, out)
	}
	return out
}

func (s *shop) try(path, body string) (int, map[string]any) {
	s.t.Helper()
	s.seq++
	body = strings.ReplaceAll(body, "\"ID\"", fmt.Sprintf("%q", fmt.Sprint("op", s.seq)))
	body = strings.ReplaceAll(body, "SEQ", fmt.Sprint(s.seq))
	return s.send(path, body)
}

// send posts a body as it is.
func (s *shop) send(path, body string) (int, map[string]any) {
	raw, status := s.raw(path, body)
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		s.t.Fatalf("%s: %d %s", path, status, raw)
	}
	return status, out
}

func (s *shop) raw(path, body string) ([]byte, int) {
	s.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, s.url+path, bytes.NewReader([]byte(body)))
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return b, resp.StatusCode
}

// at digs a value out of an answer by a dotted path.
func at(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			_, _ = fmt.Sscan(part, &i)
			if i >= len(x) {
				return nil
			}
			v = x[i]
		}
	}
	return v
}

func want(t testing.TB, out any, path string, expected any) {
	t.Helper()
	if got := at(out, path); fmt.Sprint(got) != fmt.Sprint(expected) {
		t.Errorf("%s is %v, want %v\n%v", path, got, expected, out)
	}
}
