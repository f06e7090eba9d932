package web

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lojal/internal/base/fault"
)

func logger(out *bytes.Buffer) *slog.Logger { return slog.New(slog.NewJSONHandler(out, nil)) }

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, target, nil))
	return w
}

func TestObserve_OneLineWithoutPathQueryOrBody(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cards/{number}", func(w http.ResponseWriter, r *http.Request) {
		Annotate(r.Context(), "outlet", "017")
		if RequestID(r.Context()) == "" {
			t.Error("no request id")
		}
		WriteProblem(w, r, fault.New(fault.ErrNotFound), Meta{})
	})
	w := get(Wrap(logger(&out), mux), "/cards/9428010000000012?phone=secret")
	text := out.String()
	if strings.Count(text, "\n") != 1 || strings.Contains(text, "9428") || strings.Contains(text, "secret") {
		t.Fatal(text)
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"route": "GET /cards/{number}", "status": 404.0, "code": "not_found", "outlet": "017", "method": "GET", "request": w.Header().Get("X-Request-Id")}
	for key, v := range want {
		if line[key] != v {
			t.Errorf("%s is %v, want %v", key, line[key], v)
		}
	}
	for key, v := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":  "nosniff",
		"Cache-Control":           "no-store",
	} {
		if got := w.Header().Get(key); got != v {
			t.Errorf("%s: %q", key, got)
		}
	}
}

func TestObserve_RequestID(t *testing.T) {
	t.Parallel()
	h := Observe(slog.New(slog.DiscardHandler), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for given, kept := range map[string]bool{"abc-1": true, strings.Repeat("a", 65): false, "a\nb": false, "": false} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		r.Header["X-Request-Id"] = []string{given}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("X-Request-Id"); (got == given) != kept || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
	if a, b := get(h, "/").Header().Get("X-Request-Id"), get(h, "/").Header().Get("X-Request-Id"); a == b {
		t.Error("two requests have one id")
	}
}

func TestObserve_PanicIsAProblem(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := Wrap(logger(&out), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ledger: unbalanced 5") }))
	w := get(h, "/")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"code":"internal"`) || strings.Contains(w.Body.String(), "unbalanced") {
		t.Fatal(w.Code, w.Body)
	}
	if !strings.Contains(out.String(), `"level":"ERROR"`) || !strings.Contains(out.String(), "unbalanced 5") {
		t.Fatal(out.String())
	}
}

func TestObserve_PanicAfterTheFirstByteBreaksOff(t *testing.T) {
	t.Parallel()
	h := Observe(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"half":`))
		panic("late")
	}))
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Fatal("half an answer was given as a whole one")
		}
	}()
	get(h, "/")
}

func TestLimitInFlight(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	h := LimitInFlight(1, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	}))
	go get(h, "/")
	<-entered
	w := get(h, "/")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"overloaded"`) {
		t.Fatal(w.Code, w.Body)
	}
	close(leave)
	go func() { <-entered }()
	for get(h, "/").Code != http.StatusOK {
		continue
	}
}

func TestLimitURL(t *testing.T) {
	t.Parallel()
	if w := get(LimitURL(http.NotFoundHandler()), "/"+strings.Repeat("a", MaxURL)); w.Code != http.StatusRequestEntityTooLarge {
		t.Fatal(w.Code)
	}
}

func TestServer_LimitsAndStreams(t *testing.T) {
	t.Parallel()
	s := Server(Observe(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		Stream(w)
		_, _ = w.Write([]byte("x"))
		w.(http.Flusher).Flush()
	})))
	if s.ReadHeaderTimeout != headerTimeout || s.ReadTimeout != bodyTimeout || s.IdleTimeout != idleTimeout || s.MaxHeaderBytes != 16<<10 {
		t.Fatalf("%+v", s)
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	go func() { _ = s.Serve(l) }()
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+l.Addr().String(), nil)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK || reply.Header.Get("X-Request-Id") == "" {
		t.Fatal(reply.Status)
	}
}

func BenchmarkWrap(b *testing.B) {
	h := Wrap(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
