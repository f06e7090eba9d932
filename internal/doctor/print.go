package doctor

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes the report as one document.
func (r *Report) JSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(struct {
		*Report
		OK bool `json:"ok"`
	}{r, r.OK()})
}

// Print writes the report for people: a line for each invariant, and under it what violates it.
func (r *Report) Print(w io.Writer) error {
	p := printer{w: w}
	p.line("database  %s", r.Database)
	p.line("schema    %d", r.Schema)
	p.line("size      %d bytes", r.Bytes)
	p.line("at        %s", r.At)
	for _, t := range r.Tenants {
		p.line("")
		p.line("tenant %d %s: %d entries, epoch %d, booked until %s, limits %s%s", t.ID, t.Slug, t.Entries, t.Epoch, t.BookedAt, t.Profile, frozen(t.Frozen))
		for _, x := range t.Results {
			p.line("  %-7s %-16s %s", x.ID, x.Status, x.Title)
			for _, v := range x.Violations {
				p.line("          %s", v)
			}
		}
	}
	p.line("")
	verdict := "all is well"
	if !r.OK() {
		verdict = "THE BOOKS ARE WRONG"
	}
	p.line("%s", verdict)
	return p.err
}

func frozen(on bool) string {
	if on {
		return ", DEBITS FROZEN"
	}
	return ""
}

// printer writes until the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
