package shift

import (
	"fmt"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/i18n"
	"lojal/internal/base/money"
	"lojal/internal/base/paper"
	"lojal/internal/ledger"
)

// Header is what stands at the head of a printed report and is not known here.
type Header struct {
	Operator     string
	Programmes   []string
	Merchant     string
	Registration string // registration or VAT number
	Outlet       string // its code
	Address      string
	TID          string
	Software     string
	Currency     money.Currency // printed when nothing was counted
	Copy         bool
	// Units gives the name and the decimal places of a unit that is not money; nil for none and 0.
	Units func(ledger.Unit) (string, int)
}

// maxGaps bounds the gaps that are printed; the JSON has them all.
const maxGaps = 20

// Slip prints the report in one of the five languages on 32, 40 or 48 columns.
func (r *Report) Slip(h Header, lang string, width int) string {
	p := &printer{Report: r, h: h, lang: lang, s: paper.NewSlip(width)}
	p.head()
	p.s.Rule()
	p.columns()
	p.counts()
	p.verdict()
	p.s.Rule()
	return p.s.String()
}

type printer struct {
	*Report
	h    Header
	lang string
	s    *paper.Slip
}

func (p *printer) text(key string) string { return i18n.Text(p.lang, "z."+key, nil) }

func (p *printer) head() {
	switch p.Kind {
	case Z:
		p.s.Center(fmt.Sprintf("** %s  %07d **", p.text("title_z"), p.Z))
	case X:
		p.s.Center("** " + p.text("title_x") + " **")
		p.s.Center(p.text("not_closing"))
	case OfShift:
		p.s.Center(fmt.Sprintf("** %s  %d **", p.text("title_shift"), p.Shift))
	default:
		p.s.Center("** " + p.text("title_sum") + " **")
	}
	if p.h.Copy {
		p.s.Center(p.text("copy"))
	}
	p.pair(p.h.Operator, with(p.text("terminal"), p.h.TID))
	p.pair(strings.TrimSpace(p.h.Merchant+" "+p.h.Registration), with(p.text("outlet"), p.h.Outlet))
	for _, line := range append([]string{p.h.Address, p.h.Software}, p.h.Programmes...) {
		if line != "" {
			p.s.Line(line)
		}
	}
	batch, shift := "", ""
	if p.Batch != 0 {
		batch = fmt.Sprintf("%s %06d", p.text("batch"), p.Batch)
	}
	if p.Kind == X && p.Shift != 0 {
		shift = fmt.Sprintf("%s %d", p.text("shift"), p.Shift)
	}
	if p.OpenedAt != 0 {
		p.s.Pair(p.moment("opened", p.OpenedAt, p.OpenedBy), batch)
	}
	word := "closed"
	if p.Kind == X || p.State == Open {
		word = "printed"
	}
	if p.ClosedAt != 0 {
		p.s.Pair(p.moment(word, p.ClosedAt, p.ClosedBy), shift)
	}
}

// pair adds a line of two texts, none when both are empty.
func (p *printer) pair(left, right string) {
	if left != "" || right != "" {
		p.s.Pair(left, right)
	}
}

// with puts a word before a value, where there is one.
func with(word, value string) string {
	if value == "" {
		return ""
	}
	return word + " " + value
}

func (p *printer) moment(word string, at clock.Instant, by string) string {
	return strings.TrimSpace(p.text(word) + " " + at.In(p.Place.Zone).Format("02.01.06 15:04") + " " + by)
}

// columns prints money, points and limits in tables of their own.
func (p *printer) columns() {
	list := p.Totals.Columns
	if p.h.Currency.Num != 0 && (len(list) == 0 || list[0].Asset != Gift) {
		list = append([]Column{{Asset: Gift, Unit: ledger.Unit(p.h.Currency.Num)}}, list...)
	}
	points := 0
	for _, c := range list {
		if c.Asset == Points {
			points++
		}
	}
	for _, c := range list {
		unit := "sum"
		switch c.Asset {
		case Gift, Limit:
		case Points:
			unit = "points_unit"
		default:
			continue
		}
		title := p.text(c.Asset)
		if c.Asset != Points || points > 1 {
			title = with(title, p.name(c.Unit))
		}
		p.s.Row(title, p.text("count"), p.text(unit))
		for _, r := range c.Rows {
			p.s.Row(" "+p.text(r.Name), p.group(r.Count, 0), p.amount(c.Unit, r.Sum))
		}
		if c.Asset != Points {
			p.s.Row(" "+p.text("net_change"), "", p.amount(c.Unit, c.Net))
		}
	}
}

// counts prints what is told in a few words.
func (p *printer) counts() {
	items := []paper.Item{{Gap: 3, Text: p.text("visits_used") + " " + p.group(p.Totals.Visits, 0)}}
	for _, c := range p.Totals.Columns {
		if c.Asset == Coupons || c.Asset == Stamps {
			items = append(items, paper.Item{Gap: 3, Text: p.text(c.Asset+"_used") + " " + p.amount(c.Unit, -c.Row("redemption").Sum)})
		}
	}
	p.s.Flow(append(items, p.discounts()...)...)
	declined, total := p.declined()
	p.s.Flow(paper.Item{Text: p.text("declined") + " " + p.group(total, 0) + declined})
	p.s.Flow(
		paper.Item{Text: p.text("offline") + " " + p.group(p.Totals.Flag(FlagOffline), 0)},
		paper.Item{Gap: 2, Text: p.text("queue") + " " + p.group(p.Queue, 0)},
		paper.Item{Gap: 3, Text: p.text("manual") + " " + p.group(p.Totals.Flag(FlagKeyed), 0)},
	)
	if gaps := p.Totals.Sequence.Gaps; len(gaps) > 0 {
		p.s.Flow(paper.Item{Text: p.text("gaps") + " " + spans(gaps)})
	}
}

// discounts sums the section of discounts by unit.
func (p *printer) discounts() []paper.Item {
	var out []paper.Item
	for _, s := range p.Totals.Sections {
		if s.Name != SectionDiscount {
			continue
		}
		var units []ledger.Unit
		sums := map[ledger.Unit]int64{}
		for _, l := range s.Lines {
			if _, ok := sums[l.Unit]; !ok {
				units = append(units, l.Unit)
			}
			sums[l.Unit] += l.Sum
		}
		for _, u := range units {
			text := p.text("discount_given") + " " + p.amount(u, sums[u])
			if len(units) > 1 {
				text = with(text, p.name(u))
			}
			out = append(out, paper.Item{Gap: 3, Text: text})
		}
	}
	return out
}

// reasons are the groups in which refusals are printed.
var reasons = []string{"pin", "funds", "expired", "other"}

// reasonOf gives the group of a code of refusal.
func reasonOf(code string) string {
	switch {
	case strings.HasPrefix(code, "insufficient_") || code == ledger.ErrPassUsedUp.Name || code == ledger.ErrVoucherUsed.Name:
		return "funds"
	case strings.HasSuffix(code, "_expired"):
		return "expired"
	case strings.HasPrefix(code, "pin_") || strings.HasSuffix(code, "_pin"):
		return "pin"
	}
	return "other"
}

func (p *printer) declined() (text string, total int64) {
	sums := map[string]int64{}
	for _, n := range p.Totals.Declined {
		sums[reasonOf(n.Name)] += n.Count
		total += n.Count
	}
	var parts []string
	for _, r := range reasons {
		if sums[r] > 0 {
			parts = append(parts, p.text("declined_"+r)+" "+p.group(sums[r], 0))
		}
	}
	if len(parts) > 0 {
		text = " (" + strings.Join(parts, ", ") + ")"
	}
	return text, total
}

func spans(gaps []Span) string {
	var parts []string
	for i, g := range gaps {
		if i == maxGaps {
			parts = append(parts, "...")
			break
		}
		if g.From == g.Through {
			parts = append(parts, fmt.Sprint(g.From))
			continue
		}
		parts = append(parts, fmt.Sprintf("%d-%d", g.From, g.Through))
	}
	return strings.Join(parts, ", ")
}

// verdict prints whether the totals agree, the grand totals, and what differs.
func (p *printer) verdict() {
	var items []paper.Item
	switch p.State {
	case Balanced, Corrected:
		items = append(items, paper.Item{Text: p.text("host_balanced")})
	case OutOfBalance:
		items = append(items, paper.Item{Text: p.text("host_out_of_balance")})
	}
	var money []Grand
	for _, g := range p.Totals.Grand {
		if g.Asset == Gift {
			money = append(money, g)
		}
	}
	for _, g := range money {
		text := p.text("grand_total") + " " + p.amount(g.Unit, g.Given)
		if len(money) > 1 {
			text = with(text, p.name(g.Unit))
		}
		items = append(items, paper.Item{Gap: 5, Text: text})
	}
	if p.Kind != OfShift {
		p.s.Flow(items...)
	}
	for _, d := range p.Differs {
		if d.Equation != "" {
			p.s.Row(" "+d.Equation, "", p.amount(d.Unit, d.HostSum))
			p.s.Row("", "", p.amount(d.Unit, d.TerminalSum))
			continue
		}
		p.s.Row(" "+with(d.Op, p.name(d.Unit)), p.group(d.HostCount, 0), p.amount(d.Unit, d.HostSum))
		p.s.Row("  "+p.text("terminal"), p.group(d.TerminalCount, 0), p.amount(d.Unit, d.TerminalSum))
	}
}

// name gives a currency's code or an asset's name.
func (p *printer) name(u ledger.Unit) string {
	if c, ok := currency(u); ok {
		return c.Code
	}
	if p.h.Units == nil {
		return ""
	}
	name, _ := p.h.Units(u)
	return name
}

func currency(u ledger.Unit) (money.Currency, bool) {
	if u <= 0 || u >= ledger.FirstAsset {
		return money.Currency{}, false
	}
	return money.FindNum(int32(u))
}

// amount writes a sum with the decimal places of its unit; a currency that is priced in whole units is
// printed in whole units (LOC-02).
func (p *printer) amount(u ledger.Unit, v int64) string {
	if c, ok := currency(u); ok {
		if unit := c.Unit(); int64(c.Quantum) == unit && v%unit == 0 {
			return p.group(v/unit, 0)
		}
		return p.group(v, int(c.Exponent))
	}
	places := 0
	if p.h.Units != nil {
		_, places = p.h.Units(u)
	}
	return p.group(v, places)
}

// group writes a number in groups of three; all languages but English have a decimal comma (LOC-02). The
// blank stands for the thin space, which printers of tills lack.
func (p *printer) group(v int64, places int) string {
	text := money.FormatDecimal(v, places)
	text, frac, dotted := strings.Cut(text, ".")
	sign := ""
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = "-", rest
	}
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + " " + text[at:]
	}
	if !dotted {
		return sign + text
	}
	mark := ","
	if strings.HasPrefix(p.lang, "en") {
		mark = "."
	}
	return sign + text + mark + frac
}
