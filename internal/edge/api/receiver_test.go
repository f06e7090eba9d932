package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// receiver is a real receiver of webhooks that tells the types of what it takes.
func receiver(t testing.TB, took chan<- string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ Type string }
		_ = json.NewDecoder(r.Body).Decode(&m)
		took <- m.Type
	}))
	t.Cleanup(s.Close)
	return s.URL
}
