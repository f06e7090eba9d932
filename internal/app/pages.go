package app

import (
	"bytes"
	"fmt"
	"net/http"

	"lojal/internal/edge/front"
)

func (a *App) newFront() *front.Front {
	return front.New(front.Parts{DB: a.db, Clock: a.clock, Gate: a.access.Gate(), House: a.house, Book: a.book, OpenAPI: a.openAPI})
}

// EnterPath gives the path of a page that logs the operator in, once.
func (a *App) EnterPath() string { return a.front.Link() }

// openAPI asks our own API for its description, as anybody would: edges do not know one another.
func (a *App) openAPI() ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, "/v1/openapi.json", nil)
	if err != nil {
		return nil, err
	}
	w := &page{header: http.Header{}, status: http.StatusOK}
	a.Handler().ServeHTTP(w, r)
	if w.status != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", r.URL, w.status)
	}
	return w.body.Bytes(), nil
}

// page keeps an answer that does not leave the process.
type page struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header gives the headers.
func (p *page) Header() http.Header { return p.header }

// WriteHeader keeps the status.
func (p *page) WriteHeader(status int) { p.status = status }

// Write keeps a part of the body.
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }
