package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestMetrics_ClassesOfRoutesAreFew(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"POST /pos/v1/transactions/{id}/reverse": "pos/transactions", "GET /v1/members/{id}": "v1/members", "GET /{$}": "front", "GET /docs": "docs", "": "none",
		"GET /static/{file}": "static", "POST /v1/accounts/{id}/load": "v1/accounts",
	} {
		if got := classOf(pattern); got != want {
			t.Errorf("%q is %q, want %q", pattern, got, want)
		}
	}
}

func TestMetrics_AnswerThisMachineOrTheOperator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := Open(t.Context(), Config{Database: "sqlite:" + filepath.Join(dir, "test.db"), Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	key, err := a.OperatorKey()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(from, bearer, forwarded string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = from
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		text, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		return w.Code, string(text)
	}
	if code, text := ask("127.0.0.1:5000", "", ""); code != http.StatusOK || !strings.Contains(text, "lojal_lane_waiting 0") || !strings.Contains(text, "lojal_database_bytes") {
		t.Errorf("this machine is answered %d: %.200s", code, text)
	}
	for name, who := range map[string][3]string{"a stranger": {"10.0.0.9:5000"}, "a forwarded request": {"127.0.0.1:5000", "", "203.0.113.9"}, "a wrong key": {"127.0.0.1:5000", "ljk_live_no"}} {
		if code, _ := ask(who[0], who[1], who[2]); code != http.StatusUnauthorized {
			t.Errorf("%s is answered %d", name, code)
		}
	}
	if code, _ := ask("10.0.0.9:5000", key, ""); code != http.StatusOK {
		t.Errorf("the operator is answered %d", code)
	}
}
