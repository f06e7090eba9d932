package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reply is one prepared answer; status 0 breaks the connection in the middle of one.
type reply struct {
	status int
	body   string
	after  string // Retry-After
}

// server answers with the replies in order and keeps what it was asked.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	replies []reply
	asked   []string // method, path and key
	bodies  []string
}

func serve(t *testing.T, replies ...reply) *server {
	t.Helper()
	s := &server{replies: replies}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Idempotency-Key")))
	s.bodies = append(s.bodies, string(body))
	next := reply{status: 500, body: `{"code":"too_many_requests_in_this_test"}`}
	if len(s.replies) > 0 {
		next, s.replies = s.replies[0], s.replies[1:]
	}
	s.mu.Unlock()
	if next.status == 0 {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "{")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if next.after != "" {
		w.Header().Set("Retry-After", next.after)
	}
	w.WriteHeader(next.status)
	io.WriteString(w, next.body)
}

// patient gives a client whose waits are recorded, not waited.
func patient(s *server) (*Client, *[]time.Duration) {
	c := New(s.URL, "ljk_test_1")
	waits := new([]time.Duration)
	c.sleep = func(_ context.Context, d time.Duration) error { *waits = append(*waits, d); return nil }
	return c, waits
}

func sale() CommitRequest {
	return CommitRequest{ID: "K1", Kind: "sale", Receipt: "A-1", Currency: "EUR", TerminalSeq: 1}
}

const approved = `{"id":"K1","status":"approved","ledger_seq":7,"epoch":1,"approved":{"earn_points":4}}`

func TestCommit_RetriesUnderTheSameKey(t *testing.T) {
	t.Parallel()
	s := serve(t, reply{status: 409, body: `{"code":"in_progress"}`, after: "1"}, reply{}, reply{status: 503, body: `{"code":"overloaded"}`, after: "3"}, reply{status: 200, body: approved})
	c, waits := patient(s)
	got, err := c.Commit(context.Background(), sale())
	if err != nil || got.Approved.EarnPoints != 4 || got.LedgerSeq != 7 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if want := slices.Repeat([]string{"POST /pos/v1/transactions K1"}, 4); !slices.Equal(s.asked, want) {
		t.Errorf("asked %v", s.asked)
	}
	if want := []time.Duration{time.Second, 200 * time.Millisecond, 3 * time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("waited %v, want %v", *waits, want)
	}
	for _, b := range s.bodies {
		if b != s.bodies[0] {
			t.Errorf("the body changed: %s", b)
		}
	}
}

func TestCommit_AsksForTheFateAfterTheLastAttempt(t *testing.T) {
	t.Parallel()
	const asks = "GET /pos/v1/operations/K1"
	for _, c := range []struct {
		name    string
		fate    []reply
		code    string
		unknown bool
		absent  bool
	}{
		{"applied", []reply{{status: 200, body: `{"status":"applied"}`}, {status: 200, body: approved}}, "", false, false},
		{"declined", []reply{{status: 200, body: `{"status":"declined"}`}, {status: 422, body: `{"code":"insufficient_points"}`}}, "insufficient_points", false, false},
		{"absent", []reply{{status: 200, body: `{"status":"absent"}`}}, "", true, true},
		{"dead", []reply{{}}, "", true, false},
	} {
		s := serve(t, append([]reply{{}, {}}, c.fate...)...)
		client, _ := patient(s)
		client.attempts = 2
		got, err := client.Commit(context.Background(), sale())
		var unknown *UnknownError
		if errors.As(err, &unknown) != c.unknown || c.unknown && (unknown.Absent != c.absent || unknown.Key != "K1") || Code(err) != c.code {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
		if len(s.asked) < 3 || s.asked[2] != asks {
			t.Errorf("%s: asked %v", c.name, s.asked)
		}
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	s := serve(t, reply{status: 422, body: `{"title":"Balance limit","status":422,"code":"limit_max_balance","retry":"never",
		"params":{"allowed":{"amount":3000,"currency":"EUR"}},"ledger_seq":90241,"epoch":1,"display":{"lv":"Pārsniegts"}}`})
	c, _ := patient(s)
	_, err := c.Commit(context.Background(), sale())
	var p *Problem
	if !errors.As(err, &p) || p.Status != 422 || p.Retry != Never || p.LedgerSeq != 90241 || p.Display["lv"] != "Pārsniegts" || !p.Declined() {
		t.Fatalf("got %#v", err)
	}
	var allowed Money
	if !p.Param("allowed", &allowed) || allowed != (Money{3000, "EUR"}) || p.Param("missing", &allowed) {
		t.Errorf("allowed %v", allowed)
	}
	if len(s.asked) != 1 {
		t.Errorf("a final answer was asked for again: %v", s.asked)
	}
	stranger := readProblem(502, http.Header{}, []byte("<html>"))
	if stranger.Code != "http_502" || !stranger.again() {
		t.Errorf("a proxy's answer is %+v", stranger)
	}
}

func TestWrite_NeedsAKey(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, _ := patient(s)
	_, err := c.Commit(context.Background(), CommitRequest{})
	_, err2 := c.CreateMerchant(context.Background(), "", NewMerchant{Name: "x"})
	if !errors.Is(err, ErrNoKey) || !errors.Is(err2, ErrNoKey) || len(s.asked) != 0 {
		t.Errorf("got %v, %v, asked %v", err, err2, s.asked)
	}
}

func TestClient_SaysWhereItActs(t *testing.T) {
	t.Parallel()
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		io.WriteString(w, "{}")
	}))
	defer srv.Close()
	c := New(srv.URL+"/", "ljk_test_1", WithTerminal("20010447"), WithTenant("ten_1"), WithLanguage("lv"))
	if _, err := c.LedgerHead(context.Background()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Authorization": "Bearer ljk_test_1", "X-Terminal": "20010447", "X-Tenant": "ten_1", "Accept-Language": "lv"} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestRead_DoesNotAskForAFate(t *testing.T) {
	t.Parallel()
	s := serve(t, slices.Repeat([]reply{{status: 503, body: `{"code":"unavailable"}`}}, Attempts)...)
	c, _ := patient(s)
	_, err := c.Quote(context.Background(), QuoteRequest{Receipt: "A-1", Wish: Wish{BurnPoints: Max}})
	if Code(err) != "unavailable" || len(s.asked) != Attempts {
		t.Errorf("got %v, asked %v", err, s.asked)
	}
	if !strings.Contains(s.bodies[0], `"burn_points":"max"`) {
		t.Errorf("body %s", s.bodies[0])
	}
}

func TestAdvice_CarriesItsKind(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]Advice{
		"sale":     {Sale: &CommitRequest{ID: "K1"}},
		"return":   {Return: &ReturnRequest{ID: "K1"}},
		"reversal": {Reversal: &ReverseRequest{ID: "K1"}},
		"visit":    {Visit: &VisitRequest{ID: "K1"}},
	} {
		text, err := json.Marshal(a)
		var got struct {
			Kind, ID string
			Offline  bool
		}
		if err != nil || json.Unmarshal(text, &got) != nil || got.Kind != want || got.ID != "K1" || !got.Offline {
			t.Errorf("%s: %s, %v", want, text, err)
		}
	}
	if _, err := json.Marshal(Advice{}); err == nil {
		t.Error("an empty advice is written")
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Amount{`"max"`: Max, `0`: {}, `400`: Exactly(400)} {
		var got Amount
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
		if back, err := json.Marshal(got); err != nil || string(back) != text {
			t.Errorf("%s: wrote %s, %v", text, back, err)
		}
	}
	for _, text := range []string{`"min"`, `1.5`, `{}`} {
		if json.Unmarshal([]byte(text), new(Amount)) == nil {
			t.Errorf("%s is read as an amount", text)
		}
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	early, late := ulid(time.UnixMilli(1_469_918_176_385)), ulid(time.UnixMilli(1_469_918_176_386))
	if !strings.HasPrefix(early, "01ARYZ6S41") || len(early) != 26 || late <= early {
		t.Errorf("%s, %s", early, late)
	}
	if NewID() == NewID() {
		t.Error("two ids are alike")
	}
}
