package hook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"

	"lojal/internal/base/fault"
)

// Guard keeps what a client may name from reaching inside the house's own network (server-side request
// forgery). It judges an address when it is saved and again at each dial, where the name may lead elsewhere.
type Guard struct {
	Insecure bool           // http and loopback may be dialled: tests and demo
	Allow    []netip.Prefix // of the operator: an ERP in the local network
	lookup   func(ctx context.Context, host string) ([]netip.Addr, error)
}

// NewGuard gives a guard that resolves names as the machine does.
func NewGuard(insecure bool, allow ...netip.Prefix) *Guard {
	return &Guard{Insecure: insecure, Allow: allow, lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}}
}

const (
	maxURL      = 2000
	callTimeout = 10 * time.Second
	maxAnswer   = 1 << 20
)

var ports = []string{"", "443", "8443"}

// refused are networks that are no part of the public internet, beside those that netip names itself
// (IANA special-purpose address registries; RFC 6890).
var refused = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10", "::/96",
)

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

// Check judges a URL: https, port 443 or 8443, a name that resolves, and only to public addresses. It
// returns ErrURL with the reason.
func (g *Guard) Check(ctx context.Context, text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil, len(text) > maxURL, u.Host == "", u.User != nil, u.Fragment != "", u.Opaque != "":
		return no("host")
	case u.Scheme != "https" && !(g.Insecure && u.Scheme == "http"):
		return no("scheme")
	}
	addrs, err := g.resolve(ctx, u.Hostname())
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if !g.may(a) {
			return no("address")
		}
	}
	local := !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !g.allowed(a.Unmap()) })
	if !slices.Contains(ports, u.Port()) && !g.Insecure && !local {
		return no("port")
	}
	return nil
}

func no(reason string) error { return fault.New(ErrURL, "reason", reason) }

// resolve gives the addresses of a host. One that is written as an address is judged as it is written.
func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Is4In6() || a.Zone() != "" {
			return nil, no("address")
		}
		return []netip.Addr{a}, nil
	}
	found, err := g.lookup(ctx, host)
	if err != nil || len(found) == 0 {
		return nil, no("unresolved")
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, nil
}

// may tells whether an address may be dialled.
func (g *Guard) may(a netip.Addr) bool {
	a = a.Unmap()
	if g.allowed(a) || g.Insecure && a.IsLoopback() {
		return true
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(refused, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (g *Guard) allowed(a netip.Addr) bool {
	return slices.ContainsFunc(g.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// client gives an HTTP client that dials only what the guard lets pass, follows no redirect and asks no proxy.
func (g *Guard) client() *http.Client {
	d := &net.Dialer{Timeout: callTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return err
		}
		a, err := netip.ParseAddr(host)
		if err != nil {
			return err
		}
		if !g.may(a) {
			return no("address")
		}
		return nil
	}}
	return &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: d.DialContext, TLSHandshakeTimeout: callTimeout, ResponseHeaderTimeout: callTimeout, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost: concurrent, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		},
	}
}
