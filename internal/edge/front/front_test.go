package front_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lojal/client"
	"lojal/internal/app"
)

// house is a server on an empty SQLite with a browser before it.
type house struct {
	*app.App
	url     string
	browser *http.Client
}

func open(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	a, err := app.Open(t.Context(), app.Config{Database: "sqlite:" + filepath.Join(dir, "test.db"), Data: dir, TestClock: true})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(a.Handler())
	t.Cleanup(func() {
		s.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &house{a, s.URL, &http.Client{Jar: jar}}
}

func (h *house) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	w, err := h.browser.Get(h.url + path)
	if err != nil {
		t.Fatal(err)
	}
	return w, body(t, w)
}

func body(t *testing.T, w *http.Response) string {
	t.Helper()
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (h *house) enter(t *testing.T, key string) (*http.Response, string) {
	t.Helper()
	w, err := h.browser.PostForm(h.url+"/enter", url.Values{"key": {key}})
	if err != nil {
		t.Fatal(err)
	}
	return w, body(t, w)
}

func TestEnter_ShowsNothingWithoutAKey(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, path := range []string{"/", "/feed"} {
		w, text := h.get(t, path)
		if w.Request.URL.Path != "/enter" || !strings.Contains(text, `name="key"`) {
			t.Errorf("%s shows %s: %.80s", path, w.Request.URL.Path, text)
		}
	}
	if w, _ := h.enter(t, "ljk_live_wrong"); w.StatusCode != http.StatusForbidden || len(w.Cookies()) > 0 {
		t.Errorf("a wrong key is answered %d with %v", w.StatusCode, w.Cookies())
	}
}

func TestEnter_AKeyOpensASessionThatLeavingEnds(t *testing.T) {
	t.Parallel()
	h := open(t)
	key, err := h.OperatorKey()
	if err != nil {
		t.Fatal(err)
	}
	if w, text := h.enter(t, key); w.Request.URL.Path != "/" || !strings.Contains(text, "Nothing is set up yet") {
		t.Fatalf("the operator sees %s: %.200s", w.Request.URL.Path, text)
	}
	at, _ := url.Parse(h.url)
	for _, c := range h.browser.Jar.Cookies(at) {
		if strings.Contains(c.Value, "ljk_") {
			t.Error("a cookie holds an API key")
		}
	}
	w, err := h.browser.Post(h.url+"/leave", "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	body(t, w)
	if w, _ := h.get(t, "/"); w.Request.URL.Path != "/enter" {
		t.Error("the session goes on after leaving")
	}
}

func TestEnter_RefusesAFormOfAnotherSite(t *testing.T) {
	t.Parallel()
	h := open(t)
	key, err := h.OperatorKey()
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/enter", strings.NewReader("key="+key))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w, err := h.browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if body(t, w); w.StatusCode != http.StatusForbidden || len(w.Cookies()) > 0 {
		t.Errorf("answered %d", w.StatusCode)
	}
}

func TestEnter_ALinkOpensOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	link := h.EnterPath()
	if _, text := h.get(t, link); !strings.Contains(text, "refresh") {
		t.Fatalf("the link shows %.200s", text)
	}
	if _, text := h.get(t, "/"); !strings.Contains(text, "Nothing is set up yet") {
		t.Errorf("the link does not log in: %.200s", text)
	}
	h.browser.Jar, _ = cookiejar.New(nil)
	if w, _ := h.get(t, link); w.StatusCode != http.StatusForbidden {
		t.Errorf("the second use is answered %d", w.StatusCode)
	}
}

func TestPages_CarryTheirHeaders(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, path := range []string{"/enter", "/docs", "/static/front.css", "/static/front.js", "/static/icon.svg"} {
		w, text := h.get(t, path)
		csp := w.Header.Get("Content-Security-Policy")
		if w.StatusCode != http.StatusOK || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %d, %s", path, w.StatusCode, csp)
		}
		if w.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
		// What the policy forbids must not be there: inline code and style, and anything from elsewhere.
		if inline.MatchString(text) {
			t.Errorf("%s holds %q", path, inline.FindString(text))
		}
	}
	if w, text := h.get(t, "/static/front.js"); len(text) > 5<<10 {
		t.Errorf("%s has %d bytes", w.Request.URL, len(text))
	}
}

var inline = regexp.MustCompile(`<script>|<style| style="| on[a-z]+="|(src|href)="https?:`)

func TestDocs_NameTheCallsOfTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, text := h.get(t, "/docs")
	for _, want := range []string{"/v1/members", "/pos/v1/transactions", "/v1/ledger/proof/{entry}", "Idempotency-Key"} {
		if !strings.Contains(text, want) {
			t.Errorf("/docs does not name %s", want)
		}
	}
}

func TestToday_CountsSalesAndReturnsOfEachOutlet(t *testing.T) {
	t.Parallel()
	h := open(t)
	shop, ctx := setUp(t, h), context.Background()
	line := []client.Line{{No: 1, Name: "Lunch", Qty: "2", UnitPrice: 625, Total: 1250, VAT: "21"}}
	sold, err := shop.Commit(ctx, client.CommitRequest{ID: "s1", Kind: "sale", Receipt: "1", Currency: "EUR", At: h.Clock().Now().Time(), Cashier: "c01", TerminalSeq: 1, Lines: line})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shop.Return(ctx, client.ReturnRequest{
		ID: "r1", Original: client.Original{RRN: sold.RRN}, Receipt: "2", Cashier: "c01", TerminalSeq: 2, Lines: []client.ReturnLine{{OriginalNo: 1, Qty: "1"}},
	}); err != nil {
		t.Fatal(err)
	}
	h.get(t, h.EnterPath())
	_, text := h.get(t, "/")
	for _, want := range []string{"Corner", "6.25\u00a0EUR", "12.50\u00a0EUR", "Purchase", "Return", "1 receipt"} {
		if !strings.Contains(text, want) {
			t.Errorf("Today does not show %q", want)
		}
	}
	h.get(t, "/language/hu?to=")
	if _, text := h.get(t, "/"); !strings.Contains(text, "6,25\u00a0EUR") || !strings.Contains(text, "Vásárlás") {
		t.Error("the page does not speak Hungarian")
	}
}

// setUp makes a tenant with one outlet and gives its till.
func setUp(t *testing.T, h *house) *client.Client {
	t.Helper()
	ctx := context.Background()
	operator, err := h.OperatorKey()
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tenant, err := client.New(h.url, operator).CreateTenant(ctx, "t", client.NewTenant{Slug: "corner", Name: "Corner", Zone: "Europe/Riga", Currency: "EUR", LimitsProfile: "none"})
	must(err)
	admin := client.New(h.url, tenant.Key)
	merchant, err := admin.CreateMerchant(ctx, "m", client.NewMerchant{Name: "SIA Corner"})
	must(err)
	outlet, err := admin.CreateOutlet(ctx, "o", client.NewOutlet{Merchant: merchant.ID, Code: "001", Name: "Corner", Zone: "Europe/Riga", Currency: "EUR", DayClosesAt: "00:00"})
	must(err)
	terminal, err := admin.CreateTerminal(ctx, "tt", client.NewTerminal{Outlet: outlet.ID, TID: "00010001", Kind: "pos"})
	must(err)
	_, err = admin.CreateStaff(ctx, "c", client.NewStaff{Code: "c01", Role: "cashier", Outlets: []string{outlet.ID}, PIN: "482913"})
	must(err)
	linked, err := admin.LinkTerminal(ctx, "l", terminal.ID, "")
	must(err)
	_, err = admin.PublishProgramme(ctx, "p", "id: club\nname: Club\nzone: Europe/Riga\ncurrency: EUR\n", time.Time{})
	must(err)
	return client.New(h.url, linked.Key)
}
