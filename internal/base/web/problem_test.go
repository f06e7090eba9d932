package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lojal/internal/base/fault"
)

type money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func problem(err error, meta Meta) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	WriteProblem(w, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", nil), err, meta)
	return w
}

func TestWriteProblem_FixedOrder(t *testing.T) {
	t.Parallel()
	limit := fault.Code{Name: "limit_max_balance", Kind: fault.Declined}
	w := problem(fmt.Errorf("load: %w", fault.New(limit, "allowed", money{3000, "EUR"}, "b", 1, "a", "<")), Meta{90241, 1})
	want := `{"type":"about:blank","title":"Balance limit exceeded","status":422,"code":"limit_max_balance","retry":"never",` +
		`"params":{"allowed":{"amount":3000,"currency":"EUR"},"b":1,"a":"\u003c"},"ledger_seq":90241,"epoch":1,` +
		`"display":{"lv":"Pārsniegts atlikuma limits","ru":"Превышен лимит остатка","en":"Balance limit exceeded","et":"Jäägi piirmäär on ületatud","hu":"Egyenlegkorlát túllépve"}}`
	if got := w.Body.String(); got != want || w.Code != http.StatusUnprocessableEntity {
		t.Fatalf("%d\n%s\nwant\n%s", w.Code, got, want)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatal(got)
	}
	if w.Header().Get("Retry-After") != "" {
		t.Fatal("a definite decline asks to be retried")
	}
}

func TestWriteProblem_StatusRetryAndRetryAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		retry  string
		after  string
	}{
		{fault.New(fault.ErrMalformed), 400, "never", ""},
		{fault.New(fault.ErrUnauthenticated), 401, "never", ""},
		{fault.New(fault.ErrForbidden), 403, "never", ""},
		{fault.New(fault.ErrNotFound), 404, "never", ""},
		{fault.New(fault.ErrVersionConflict), 409, "never", ""},
		{fault.New(fault.ErrInProgress), 409, "same_key", "1"},
		{fault.New(fault.ErrTooLarge), 413, "never", ""},
		{fault.New(fault.ErrUnsupportedType), 415, "never", ""},
		{fault.New(fault.ErrFieldImmutable), 422, "never", ""},
		{fault.New(fault.ErrKeyMismatch), 422, "never", ""},
		{fault.New(fault.ErrRateLimited, RetryAfter, 17), 429, "after", "17"},
		{fault.New(fault.ErrThrottled, RetryAfter, int64(0)), 429, "after", "1"},
		{fault.New(fault.ErrOverloaded), 503, "same_key", "1"},
		{fault.New(fault.ErrStorageFull), 503, "same_key", "30"},
		{errors.New("secret of the database"), 500, "same_key", ""},
		{fault.New(fault.Code{Name: "of no kind"}, "secret", 1), 500, "same_key", ""},
	} {
		w := problem(c.err, Meta{})
		var p struct {
			Status int
			Retry  string
			Code   string
			Title  string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != c.status || p.Status != c.status || p.Retry != c.retry || w.Header().Get("Retry-After") != c.after {
			t.Errorf("%v: %d %s %q, want %d %s %q", c.err, w.Code, p.Retry, w.Header().Get("Retry-After"), c.status, c.retry, c.after)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("the inner text leaks: %s", w.Body)
		}
		if strings.Contains(w.Body.String(), "ledger_seq") {
			t.Errorf("an unknown seq is shown: %s", w.Body)
		}
		if c.status == 500 && p.Code != "internal" || strings.HasPrefix(p.Title, "error.") {
			t.Errorf("code %s, title %s", p.Code, p.Title)
		}
	}
}

func TestStatuses_EveryKindHasOne(t *testing.T) {
	t.Parallel()
	for kind := fault.Malformed; kind <= fault.Unavailable; kind++ {
		if statuses[kind] == 0 {
			t.Errorf("kind %d has no status", kind)
		}
	}
}

func BenchmarkAppendProblem(b *testing.B) {
	e := fault.New(fault.Code{Name: "limit_max_balance", Kind: fault.Declined}, "allowed", int64(3000))
	b.ReportAllocs()
	buf := make([]byte, 0, 1024)
	for b.Loop() {
		buf = AppendProblem(buf[:0], e, Meta{90241, 1})
	}
}
