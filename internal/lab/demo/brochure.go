package demo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Tour is the file in the data folder that a shell reads before it follows the README.
const Tour = "tour.env"

// WriteTour leaves addresses and keys for a shell. Only its owner may read it.
func (s *Shop) WriteTour(url, data string) error {
	var b strings.Builder
	for _, v := range [][2]string{
		{"LOJAL", url}, {"ADMIN_KEY", s.AdminKey}, {"TILL_KEY", s.Tills[visitorTill].Key}, {"TILL", s.Tills[visitorTill].TID},
		{"OUTLET", s.Tills[visitorTill].Outlet}, {"CASHIER", cashierAt[visitorTill]}, {"CARD", s.Visitor}, {"COUPON", s.Coupon}, {"GIFT", s.Gift},
	} {
		fmt.Fprintf(&b, "%s='%s'\n", v[0], v[1])
	}
	return os.WriteFile(filepath.Join(data, Tour), []byte(b.String()), 0o600)
}

// Places are the addresses that a brochure names.
type Places struct {
	URL   string // of the server
	Enter string // the page's address with a token that logs in once
	Data  string
}

// Brochure prints what a visitor needs: addresses, log-ins, and cards to try.
func (s *Shop) Brochure(w io.Writer, p Places) {
	fmt.Fprintf(w, "\n%s: %d outlets, %d tills, %d members, a year of sales\n\n", chainName, len(outlets), len(tills), members)
	row := func(name, value string) { fmt.Fprintf(w, "  %-22s %s\n", name, value) }
	row("Today (logs you in)", p.Enter)
	row("API documentation", p.URL+"/docs")
	row("Operator key", filepath.Join(p.Data, "operator.key"))
	row("Key of the chain", s.AdminKey)
	fmt.Fprintln(w, "\n  Tills")
	for i, t := range s.Tills {
		what := ""
		if i == visitorTill {
			what = "   yours to try"
		}
		fmt.Fprintf(w, "    %s  %-13s %s%s\n", t.TID, outlets[tills[i].outlet].Name, t.Key, what)
	}
	fmt.Fprintln(w, "\n  Staff")
	for _, c := range staff {
		where := "all outlets"
		if c.outlet != nobody {
			where = outlets[c.outlet].Name
		}
		fmt.Fprintf(w, "    %s  %-8s PIN %s  %-8s %s\n", c.Code, c.Name, c.PIN, c.Role, where)
	}
	fmt.Fprintln(w, "\n  Cards")
	fmt.Fprintf(w, "    %s  yours: nothing bought yet, a welcome coupon (%s)\n", s.Visitor, s.Coupon)
	for _, c := range s.Cards {
		fmt.Fprintf(w, "    %s  a member with a history\n", c)
	}
	fmt.Fprintf(w, "    %s  a gift card\n", s.Gift)
	fmt.Fprintf(w, "\n  The tour in README.md begins with   . %s\n\n", filepath.Join(p.Data, Tour))
}
