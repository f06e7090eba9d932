package front

import (
	"context"
	"embed"
	"html/template"
	"net/http"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/merchant"
	"lojal/internal/programme"
)

// Parts are the rooms that the pages read.
type Parts struct {
	DB      *db.DB
	Clock   clock.Clock
	Gate    *access.Gate
	House   *merchant.House
	Book    *programme.Book
	OpenAPI func() ([]byte, error) // the document of the API as JSON
}

// Front serves the pages.
type Front struct {
	Parts
	doors   *doors
	diaries *diaries
	sums    *ledgerSums
	manual  *manual
}

// New gives the pages over their rooms.
func New(p Parts) *Front {
	return &Front{
		Parts: p, doors: newDoors(clock.Mono), diaries: newDiaries(p.DB, p.Clock, p.House.Directory()),
		sums: &ledgerSums{d: p.DB, book: p.Book, now: p.Clock, by: map[int64]sums{}}, manual: &manual{source: p.OpenAPI},
	}
}

//go:embed pages/*.html
var pages embed.FS

//go:embed static
var static embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"upper": upper, "pair": pair, "rows": titled}).ParseFS(pages, "pages/*.html"))

// Routes adds the pages to a mux.
func (f *Front) Routes(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	page := func(h http.HandlerFunc) http.Handler { return secured(guard.Handler(h)) }
	mux.Handle("GET /{$}", page(f.inside(f.today)))
	mux.Handle("GET /feed", page(f.inside(f.feed)))
	mux.Handle("GET /enter", page(f.door))
	mux.Handle("POST /enter", page(f.enter))
	mux.Handle("POST /leave", page(f.leave))
	mux.Handle("GET /language/{code}", page(f.choose))
	mux.Handle("GET /docs", page(f.docs))
	mux.Handle("GET /static/{file}", secured(http.HandlerFunc(file)))
}

// Headers of a page (H1, H4, H5). Nothing inline and nothing from elsewhere runs here.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

var fileTypes = map[string]string{
	"front.css": "text/css; charset=utf-8", "front.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
}

// file serves what pages link to.
func file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	b, err := static.ReadFile("static/" + name)
	if err != nil || fileTypes[name] == "" {
		web.WriteProblem(w, r, fault.New(fault.ErrNotFound), web.Meta{})
		return
	}
	w.Header().Set("Content-Type", fileTypes[name])
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(b) // a browser that went away needs no answer
}

// visitor is who looks at a page.
type visitor struct {
	caller *access.Caller
	text   text
}

type visitorKey struct{}

func visitorOf(ctx context.Context) visitor { return ctx.Value(visitorKey{}).(visitor) }

// inside lets in who has logged in; others are shown the door.
func (f *Front) inside(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		caller := f.doors.who(r)
		if caller == nil {
			http.Redirect(w, r, "/enter", http.StatusSeeOther)
			return
		}
		v := visitor{caller, textOf(r)}
		next(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, v)))
	}
}

// render answers with a page.
func render(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, name, data) // a browser that went away needs no answer
}

// compared is a row with the language that says it.
type compared struct {
	T   text
	Row outletRow
}

func pair(t text, r outletRow) compared { return compared{t, r} }

// titledRows are fields under a heading.
type titledRows struct {
	Title string
	Rows  []row
}

func titled(title string, rows []row) titledRows { return titledRows{title, rows} }
