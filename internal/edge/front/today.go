package front

import (
	"context"
	"net/http"
	"strconv"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/money"
	"lojal/internal/base/web"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
)

const (
	maxTenants = 200
	week       = 7 // days
)

// todayPage is what the page shows.
type todayPage struct {
	T       text
	To      string
	Tenants []tenantChoice
	Tenant  string
	Slug    string
	Day     string
	Time    string
	Totals  []outletRow // one for each currency
	Outlets []outletRow
	Hours   []hourBar
	Owed    []owedRow
	Feed    []feedRow
	Last    int64 // the entry up to which the feed goes
	Seq     string
	Epoch   int64
	Frozen  bool
}

type tenantChoice struct {
	Name, Slug string
	Chosen     bool
}

// outletRow compares an outlet's day with the same weekday of last week, until the same time of day.
type outletRow struct {
	Code, Name, Address string
	Today               string
	Before              string // until now
	Whole               string // of that day
	Receipts            int64
	Change              string // nothing without a day to compare with
	Up, Down            bool
	currency            money.Currency
	today, before       money.Amount
	whole               money.Amount
}

// hourBar is the turnover of one hour, in parts of the highest one; Full is the height of the drawing.
type hourBar struct {
	Hour          int
	Named         bool // every other hour, so that the figures can be read on a phone
	X             int
	Today, Before int
	TodayY        int
	BeforeY       int
	Label         string
}

type owedRow struct {
	Name, Figure, Worth, Programme string
}

type feedRow struct {
	Seq     string `json:"seq"`
	Time    string `json:"time"`
	At      string `json:"at"`
	Outlet  string `json:"outlet"`
	What    string `json:"what"`
	Amount  string `json:"amount"`
	Points  string `json:"points"`
	Receipt string `json:"receipt"`
}

// today answers the page.
func (f *Front) today(w http.ResponseWriter, r *http.Request) {
	v := visitorOf(r.Context())
	page := &todayPage{T: v.text}
	tenant, err := f.tenantOf(r, v.caller, page)
	if err == nil && tenant != 0 {
		err = f.fill(r.Context(), page, tenant)
	}
	if err != nil {
		web.WriteProblem(w, r, db.Fault(err), web.Meta{})
		return
	}
	render(w, http.StatusOK, "today.html", page)
}

// tenantOf gives the tenant to show: an administrator's own, or the one that an operator has chosen. It is
// 0 when there is none yet.
func (f *Front) tenantOf(r *http.Request, c *access.Caller, page *todayPage) (int64, error) {
	if c.Kind != access.Operator {
		return c.Tenant, nil
	}
	list, err := f.House.Tenants(r.Context(), 0, maxTenants)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	chosen, wanted := int64(list[0].ID), r.URL.Query().Get("tenant")
	for _, t := range list {
		if t.Slug == wanted {
			chosen = int64(t.ID)
		}
	}
	for _, t := range list {
		page.Tenants = append(page.Tenants, tenantChoice{t.Name, t.Slug, int64(t.ID) == chosen})
	}
	return chosen, nil
}

func (f *Front) fill(ctx context.Context, page *todayPage, tenant int64) error {
	places, err := f.House.Directory().Snapshot(ctx, merchant.TenantID(tenant))
	if err != nil {
		return err
	}
	now := f.Clock.Now()
	page.Tenant, page.Slug = places.Tenant.Name, places.Tenant.Slug
	page.Day, page.Time = page.T.Day(clock.DayOf(now, places.Tenant.Zone)), now.In(places.Tenant.Zone).Format("15:04")
	y, err := f.diaries.of(ctx, tenant)
	if err != nil {
		return err
	}
	page.compare(y, places, now)
	page.Last = y.seq
	for i := len(y.feed) - 1; i >= 0; i-- {
		page.Feed = append(page.Feed, page.T.row(y.feed[i], places))
	}
	y.mu.Unlock()
	list, err := f.sums.of(ctx, tenant)
	if err != nil {
		return err
	}
	for _, o := range list {
		page.Owed = append(page.Owed, page.T.owedRow(o))
	}
	return f.DB.Read(ctx, tenant, func(tx db.Tx) error {
		h, err := ledger.ReadHead(ctx, tx)
		page.Seq, page.Epoch, page.Frozen = page.T.Number(h.Seq), h.Epoch, h.Frozen
		return err
	})
}

// compare fills in the outlets, their totals and the hours.
func (p *todayPage) compare(y *diary, places *merchant.Snapshot, now clock.Instant) {
	var hours, hoursBefore [24]money.Amount
	for _, o := range places.Outlets {
		day := o.BusinessDay(now)
		here, before := y.days[dayKey{day, int64(o.ID)}], y.days[dayKey{day - week, int64(o.ID)}]
		if o.Closed && here == nil && before == nil {
			continue
		}
		q := quarterOf(o, now)
		row := outletRow{Code: o.Code, Name: o.Name, Address: o.Address, currency: o.Currency}
		row.today, row.before, row.whole = here.upto(quarters), before.upto(q), before.upto(quarters)
		if here != nil {
			row.Receipts = here.receipts
		}
		p.Outlets = append(p.Outlets, row)
		p.add(row)
		if o.Currency == places.Tenant.Currency {
			addHours(&hours, here, o)
			addHours(&hoursBefore, before, o)
		}
	}
	for i := range p.Outlets {
		p.Outlets[i].write(p.T)
	}
	for i := range p.Totals {
		p.Totals[i].write(p.T)
	}
	p.draw(hours, hoursBefore, places.Tenant.Currency)
}

// add counts an outlet in the total of its currency.
func (p *todayPage) add(row outletRow) {
	for i := range p.Totals {
		t := &p.Totals[i]
		if t.currency == row.currency {
			t.today, t.before, t.whole, t.Receipts = t.today+row.today, t.before+row.before, t.whole+row.whole, t.Receipts+row.Receipts
			return
		}
	}
	row.Code, row.Name, row.Address = "", "", ""
	p.Totals = append(p.Totals, row)
}

func (r *outletRow) write(t text) {
	r.Today, r.Before, r.Whole = t.Money(r.currency.Of(r.today)), t.Money(r.currency.Of(r.before)), t.Money(r.currency.Of(r.whole))
	if r.before <= 0 {
		return
	}
	change, ok := money.MulDiv(int64(r.today-r.before), 100, int64(r.before), money.HalfUp)
	if ok {
		r.Change, r.Up, r.Down = t.Percent(change), change > 0, change < 0
	}
}

// addHours adds the day's quarters to the hours of the clock.
func addHours(hours *[24]money.Amount, f *figures, o *merchant.Outlet) {
	if f == nil {
		return
	}
	begin := int(o.ClosesAt.Minutes()) / 60
	for q, a := range f.turnover {
		hours[(begin+q/4)%24] += a
	}
}

// Measures of the drawing of hours, in units of its own.
const (
	barsHigh = 120
	barStep  = 40
	firstBar = 6 // hours before it are drawn only when something was sold
)

// draw makes the bars of the hours, from zero, this day's beside those of a week ago.
func (p *todayPage) draw(today, before [24]money.Amount, c money.Currency) {
	var top money.Amount
	from, upto := firstBar, 22
	for h := range 24 {
		top = max(top, today[h], before[h])
		if today[h] > 0 || before[h] > 0 {
			from, upto = min(from, h), max(upto, h)
		}
	}
	if top == 0 {
		return
	}
	for h := from; h <= upto; h++ {
		b := hourBar{
			Hour: h, Named: h%2 == 0, X: (h - from) * barStep, Today: int(max(today[h], 0) * barsHigh / top), Before: int(max(before[h], 0) * barsHigh / top),
			Label: strconv.Itoa(h) + ":00 " + p.T.Money(c.Of(today[h])) + " / " + p.T.Money(c.Of(before[h])),
		}
		b.TodayY, b.BeforeY = barsHigh-b.Today, barsHigh-b.Before
		p.Hours = append(p.Hours, b)
	}
}

// ChartWidth is the width of the drawing of hours.
func (p *todayPage) ChartWidth() int { return len(p.Hours) * barStep }

func (t text) owedRow(o owed) owedRow {
	row := owedRow{Name: t.Say(o.key), Figure: t.Number(o.amount), Programme: o.programme}
	if o.currency.Code != "" {
		row.Figure = t.Money(o.currency.Of(money.Amount(o.amount)))
	}
	if o.worth.Currency.Code != "" {
		row.Worth = t.Say("front.owed_worth", "amount", t.Money(o.worth))
	}
	return row
}

// row says an event in words.
func (t text) row(e event, places *merchant.Snapshot) feedRow {
	zone, currency := places.Tenant.Zone, places.Tenant.Currency
	row := feedRow{Seq: t.Number(e.Seq), What: t.Say("front.op_" + e.Kind.String()), Receipt: e.Receipt}
	if o := places.Outlet(merchant.OutletID(e.Outlet)); o != nil {
		zone, currency, row.Outlet = o.Zone, o.Currency, o.Name
	}
	at := e.At.In(zone)
	row.Time, row.At = at.Format("15:04:05"), at.Format("2006-01-02T15:04:05Z07:00")
	if e.Amount != 0 {
		row.Amount = t.Money(currency.Of(e.Amount))
	}
	if e.Points != 0 {
		row.Points = t.Number(e.Points)
		if e.Points > 0 {
			row.Points = "+" + row.Points
		}
	}
	return row
}
