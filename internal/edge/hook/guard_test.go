package hook

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"lojal/internal/base/fault"
)

func fixed(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range addrs {
			out = append(out, netip.MustParseAddr(a))
		}
		if len(out) == 0 {
			return nil, &net.DNSError{Err: "no such host"}
		}
		return out, nil
	}
}

func TestGuard_Check(t *testing.T) {
	t.Parallel()
	public := []string{"93.184.215.14", "2606:2800:21f:cb07::1"}
	for _, c := range []struct {
		url    string
		addrs  []string
		reason string
	}{
		{"https://shop.example/hook", public, ""},
		{"https://shop.example:8443/hook", public, ""},
		{"https://93.184.215.14/", nil, ""},
		{"http://shop.example/", public, "scheme"},
		{"file:///etc/passwd", nil, "host"},
		{"https://user:pass@shop.example/", public, "host"},
		{"https://shop.example:22/", public, "port"},
		{"https://shop.example/", nil, "unresolved"},
		{"https://shop.example/", []string{"93.184.215.14", "10.0.0.1"}, "address"},
		{"https://127.0.0.1/", nil, "address"},
		{"https://[::1]/", nil, "address"},
		{"https://0.0.0.0/", nil, "address"},
		{"https://169.254.169.254/latest/meta-data", nil, "address"},
		{"https://[fd00:ec2::254]/", nil, "address"},
		{"https://100.100.100.200/", nil, "address"},
		{"https://192.168.1.1/", nil, "address"},
		{"https://172.16.3.4/", nil, "address"},
		{"https://224.0.0.1/", nil, "address"},
		{"https://[::ffff:127.0.0.1]/", nil, "address"},
		{"https://[::ffff:93.184.215.14]/", nil, "address"},
		{"https://[64:ff9b::7f00:1]/", nil, "address"},
		{"https://[fe80::1%25eth0]/", nil, "address"},
		{"https://[2002:7f00:1::]/", nil, "address"},
		{"https://2130706433/", nil, "unresolved"},
		{"https://", nil, "host"},
		{"not a url\x00", nil, "host"},
	} {
		g := &Guard{lookup: fixed(c.addrs...)}
		err := g.Check(context.Background(), c.url)
		if c.reason == "" && err != nil {
			t.Errorf("%s %v: %v", c.url, c.addrs, err)
		}
		if c.reason != "" && (!fault.Is(err, ErrURL) || fault.Of(err).Params.Get("reason") != c.reason) {
			t.Errorf("%s %v: %v, want refused for its %s", c.url, c.addrs, err, c.reason)
		}
	}
}

func TestGuard_OperatorsAllowList(t *testing.T) {
	t.Parallel()
	g := &Guard{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, lookup: fixed("10.1.2.3")}
	if err := g.Check(context.Background(), "https://erp.local:9443/"); err != nil {
		t.Error(err)
	}
	if err := g.Check(context.Background(), "http://erp.local/"); err == nil {
		t.Error("the allow-list opens http")
	}
}

// A name that is public when it is saved and private when it is dialled reaches nothing.
func TestGuard_JudgesTheAddressThatIsDialled(t *testing.T) {
	t.Parallel()
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	g := &Guard{lookup: fixed("93.184.215.14")}
	answer, err := g.client().Get(inside.URL)
	if err == nil {
		answer.Body.Close()
	}
	if !fault.Is(err, ErrURL) || reached {
		t.Errorf("dialled %s: %v", inside.URL, err)
	}
}

func TestGuard_FollowsNoRedirect(t *testing.T) {
	t.Parallel()
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer outside.Close()
	answer, err := (&Guard{Insecure: true}).client().Get(outside.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if reached || answer.StatusCode != http.StatusFound {
		t.Errorf("status %d, the redirect was followed: %t", answer.StatusCode, reached)
	}
	if r := resultOf(answer); r.problem == "" {
		t.Error("a redirect counts as taken")
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int64]int64{1: 5, 2: 10, 3: 20, 13: 5 << 12, 14: 6 * 3600, 15: 6 * 3600, 1000: 6 * 3600} {
		if got := int64(backoff(attempts)) / 1e6; got != want {
			t.Errorf("after %d attempts %d s, want %d", attempts, got, want)
		}
	}
}
