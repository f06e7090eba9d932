package vector

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Server is the installation that vectors are run against. Its clock must be a test clock.
type Server struct {
	URL  string // without a slash at the end
	Key  string // the operator's
	HTTP *http.Client
}

// maxAnswer bounds what is read of one answer.
const maxAnswer = 16 << 20

// request is a call as it is sent.
type request struct {
	Method, Path string
	Body         []byte
	Bearer       string
	Key          string // Idempotency-Key
	Terminal     string // X-Terminal
}

// answer is what came back.
type answer struct {
	Status   int
	Replayed bool
	Raw      []byte
	Body     any // JSON with numbers as json.Number, or the text of another type
}

func (s *Server) send(ctx context.Context, q request) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, q.Method, s.URL+q.Path, bytes.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+q.Bearer)
	for name, value := range map[string]string{"Idempotency-Key": q.Key, "X-Terminal": q.Terminal} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if len(q.Body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	client := s.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	w, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	a := &answer{Status: w.StatusCode, Replayed: w.Header.Get("Idempotent-Replayed") == "true"}
	if a.Raw, err = io.ReadAll(io.LimitReader(w.Body, maxAnswer)); err != nil {
		return nil, err
	}
	a.Body = string(a.Raw)
	if strings.Contains(w.Header.Get("Content-Type"), "json") {
		if a.Body, err = parseJSON(a.Raw); err != nil {
			return nil, fmt.Errorf("%s %s: %w", q.Method, q.Path, err)
		}
	}
	return a, nil
}

func parseJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// setClock moves the server's time.
func (s *Server) setClock(at time.Time) error {
	body, err := json.Marshal(map[string]string{"at": at.Format(time.RFC3339)})
	if err != nil {
		return err
	}
	a, err := s.send(context.Background(), request{Method: http.MethodPost, Path: "/test/clock", Body: body, Bearer: s.Key})
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("the clock cannot be set to %s: %s", at.Format(time.RFC3339), clip(string(a.Raw)))
	}
	return err
}

// clock gives the server's time.
func (s *Server) clock() (time.Time, error) {
	a, err := s.send(context.Background(), request{Method: http.MethodGet, Path: "/test/clock", Bearer: s.Key})
	if err != nil {
		return time.Time{}, err
	}
	body, _ := a.Body.(Tree)
	at, err := instant(body["at"])
	if err != nil {
		err = fmt.Errorf("the server has no test clock: %s", clip(string(a.Raw)))
	}
	return at, err
}
