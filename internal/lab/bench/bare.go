package bench

import (
	"context"
	"io"
	"net"
	"net/http"
)

// bareAnswer has the size of a quote's answer.
const bareAnswer = 1500

// Bare serves the limit that quotes are held against: net/http with nothing behind it. It reads the body
// and answers JSON of a quote's size; it decodes nothing, so that no faster server can stand in its place.
func Bare(ctx context.Context, address string) error {
	answer := make([]byte, 0, bareAnswer)
	answer = append(answer, `{"filler":"`...)
	for len(answer) < bareAnswer-2 {
		answer = append(answer, 'x')
	}
	answer = append(answer, `"}`...)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /pos/v1/quotes", func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			http.Error(w, "short", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	})
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: mux}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if err := s.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
