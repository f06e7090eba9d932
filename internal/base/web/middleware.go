package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

// Limits of the server (F15 and section 6.4 of the model: 1,500 requests at once).
const (
	MaxInFlight   = 1500
	headerTimeout = 5 * time.Second
	bodyTimeout   = 15 * time.Second
	idleTimeout   = 60 * time.Second
	replyTimeout  = 60 * time.Second
	maxRequestID  = 64
)

// Server gives an HTTP server with the house's timeouts and header limit. A handler that answers for
// longer than a minute, as a feed or an export does, begins with Stream.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      replyTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    MaxHeader,
	}
}

// Stream lifts the server's deadlines from one answer. The handler then watches the request's context.
func Stream(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // a recorder in a test has no deadlines
	_ = c.SetWriteDeadline(time.Time{})
}

// Wrap puts the middleware of a JSON API around a handler: request id, one log line, panics answered,
// security headers, the limit of requests at once and that of the URL.
func Wrap(log *slog.Logger, next http.Handler) http.Handler {
	return Observe(log, SecureJSON(LimitURL(LimitInFlight(MaxInFlight, next))))
}

// SecureJSON sets the security headers of a JSON API (H3, H5).
func SecureJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Content-Security-Policy"] = cspJSON
		h["X-Content-Type-Options"] = nosniff
		h["Referrer-Policy"] = sameOrigin
		h["Cross-Origin-Resource-Policy"] = sameOrigin
		h["Cache-Control"] = noStore
		next.ServeHTTP(w, r)
	})
}

// Header values are shared between answers: nobody changes a slice in place.
var (
	cspJSON    = []string{"default-src 'none'; frame-ancestors 'none'"}
	nosniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	noStore    = []string{"no-store"}
)

// LimitURL answers too_large to a URL of more than 8 KB.
func LimitURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > MaxURL {
			WriteProblem(w, r, fault.New(fault.ErrTooLarge, "bytes_max", MaxURL), Meta{})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// LimitInFlight answers overloaded to requests beyond the limit at once: they can be sent again with the
// same key, and those inside keep their pace.
func LimitInFlight(limit int64, next http.Handler) http.Handler {
	var inside atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer inside.Add(-1)
		if inside.Add(1) > limit {
			WriteProblem(w, r, fault.New(fault.ErrOverloaded), Meta{})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// note is what middleware and handlers tell each other of one request.
type note struct {
	id    string
	fault string // the code of the problem that was answered
	attrs []slog.Attr
}

type noteKey struct{}

func noteOf(ctx context.Context) *note {
	n, _ := ctx.Value(noteKey{}).(*note)
	return n
}

// RequestID gives the id of the request, nothing outside of one.
func RequestID(ctx context.Context) string {
	if n := noteOf(ctx); n != nil {
		return n.id
	}
	return ""
}

// Annotate adds a value to the request's log line under a constant key: outlet, terminal, sale. It is for
// ids and masked numbers, never for names, phones, codes or full card numbers. It is called by the
// handler's own goroutine.
func Annotate(ctx context.Context, key, value string) {
	if n := noteOf(ctx); n != nil {
		n.attrs = append(n.attrs, slog.String(key, value))
	}
}

func noteFault(r *http.Request, code string) {
	if n := noteOf(r.Context()); n != nil {
		n.fault = code
	}
}

// Ids are a random word of this process and a running number: unique, and cheap enough for every sale.
var (
	processWord   = rand.Text()[:10]
	requestNumber atomic.Uint64
)

func requestID(r *http.Request) string {
	if given := r.Header.Get("X-Request-Id"); len(given) <= maxRequestID && ValidKey(given) {
		return given
	}
	return processWord + "-" + strconv.FormatUint(requestNumber.Add(1), 36)
}

// Observe gives each request an id, writes one log line when it is answered, and turns a panic into a
// problem and an error in the log. The line holds the route and never the path, the query or a body.
func Observe(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := clock.Mono()
		n := &note{id: requestID(r)}
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, n))
		w.Header().Set("X-Request-Id", n.id)
		out := &recorder{ResponseWriter: w}
		defer func() {
			cause := recover()
			if cause != nil && cause != http.ErrAbortHandler {
				log.Error("panic", "request", n.id, "route", route(r), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
				if out.status == 0 {
					WriteProblem(out, r, fault.New(ErrInternal), Meta{})
					cause = nil
				}
			}
			if out.status == 0 && cause == nil {
				out.status = http.StatusOK // what net/http answers for a handler that wrote nothing
			}
			line(log, r, n, out, clock.Mono()-began)
			if cause != nil {
				panic(http.ErrAbortHandler) // half an answer is broken off, so that nobody takes it for a whole one
			}
		}()
		next.ServeHTTP(out, r)
	})
}

func line(log *slog.Logger, r *http.Request, n *note, out *recorder, took time.Duration) {
	level := slog.LevelInfo
	if out.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if !log.Enabled(r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8+len(n.attrs))
	attrs = append(attrs,
		slog.String("request", n.id),
		slog.String("method", method(r)),
		slog.String("route", route(r)),
		slog.Int("status", out.status),
		slog.Int64("bytes", out.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	)
	if n.fault != "" {
		attrs = append(attrs, slog.String("code", n.fault))
	}
	log.LogAttrs(r.Context(), level, "request", append(attrs, n.attrs...)...)
}

// route gives the pattern that the mux chose: a path may hold a number that no log should.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// method gives the method if it is one of HTTP's: a client may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// recorder notes status and size of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (o *recorder) WriteHeader(status int) {
	if o.status == 0 && status >= http.StatusOK {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *recorder) Write(b []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(b)
	o.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered, for feeds.
func (o *recorder) Flush() { _ = http.NewResponseController(o.ResponseWriter).Flush() }

// Unwrap gives the writer beneath, for http.ResponseController.
func (o *recorder) Unwrap() http.ResponseWriter { return o.ResponseWriter }
