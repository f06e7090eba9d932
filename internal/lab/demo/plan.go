package demo

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"lojal/client"
)

// deed is what an operation does.
type deed int

const (
	sell deed = iota
	join      // a member joins, gets a card and the welcome coupon
	giveBack
	sellGift
	sellPass
	visit
	openShift
	closeBatch // the cashier goes home: the shift ends, the batch is closed
)

// String names the deed.
func (d deed) String() string {
	return [...]string{"sell", "join", "give back", "sell a gift card", "sell a pass", "visit", "open a shift", "close a batch"}[d]
}

// operation is one thing that happens in the year.
type operation struct {
	deed    deed
	n       int // position in the plan: it gives the key
	at      time.Time
	till    int
	seq     int64 // of the terminal; 0 where none is used
	who     int   // member; nobody for a stranger
	receipt string
	lines   []client.Line
	burn    bool // pays with points when there are many
	coupon  bool // shows the welcome coupon
	gift    int  // the gift card that is sold or used; nobody for none
	source  *operation
	back    client.ReturnLine
}

const nobody = -1

// key is the operation's own: it is the same in every load of the plan.
func (o *operation) key(suffix string) string { return fmt.Sprintf("demo-%06d%s", o.n, suffix) }

// step is what happens between two moves of the clock.
type step struct {
	at         time.Time
	operations []*operation
}

// plan is the whole year.
type plan struct {
	members []member
	steps   []step
	count   int
}

// planner draws the year day by day.
type planner struct {
	*dice
	plan
	all      []*operation
	until    time.Time
	joined   []int // members who are there, each as often as they come
	gifts    int
	seqs     []int64
	receipts []int
}

// days before the end of the plan from which on every sale has its own minute and tills are opened and
// closed by their cashiers.
const (
	yearDays  = 365
	closeDays = 8
	shiftDays = 30
)

// makePlan draws the year that ends at an instant.
func makePlan(until time.Time) *plan {
	for i := range outlets {
		zone, err := time.LoadLocation(outlets[i].Zone)
		if err != nil {
			panic(err) // zones are embedded
		}
		outlets[i].zone = zone
	}
	p := &planner{dice: newDice(seed), until: until, seqs: make([]int64, len(tills)), receipts: make([]int, len(tills))}
	lists := readNames()
	for i := range members {
		p.members = append(p.members, p.person(lists, i))
	}
	for left := yearDays; left >= 0; left-- {
		p.day(until.AddDate(0, 0, -left), left)
	}
	p.order()
	return &p.plan
}

// day draws what happens on one day.
func (p *planner) day(date time.Time, left int) {
	p.arrive(date, left)
	for i := range outlets {
		n := p.visitors(&outlets[i], date)
		for range n {
			p.customer(i, p.moment(date, i), left)
		}
	}
	if left < shiftDays {
		p.shifts(date)
	}
}

// arrive lets members join: two in three are there from the first day on, the rest come over the year.
func (p *planner) arrive(date time.Time, left int) {
	there := members * 2 / 3
	there += (members - there) * (yearDays - left) / yearDays
	have := 0
	for _, o := range p.all {
		if o.deed == join {
			have++
		}
	}
	for m := have; m < there; m++ {
		home := p.members[m].home
		p.add(&operation{deed: join, at: onDay(date, 0, 6, 30+m%20), till: home, who: m, gift: nobody})
		for range p.members[m].keen {
			p.joined = append(p.joined, m)
		}
	}
}

// visitors gives how many buy at an outlet on a day: fewer on Sundays, more on Fridays and before
// Christmas, a little more each month.
func (p *planner) visitors(o *outlet, date time.Time) int {
	percent := []int{62, 88, 94, 98, 104, 128, 118}[date.Weekday()]
	if date.Month() == time.December && date.Day() < 25 {
		percent += 25
	}
	months := int(p.until.Sub(date).Hours()) / (24 * 30)
	percent += 24 - 2*months
	n := o.busy * percent / 100
	return n + p.IntN(n/3+2) - n/6
}

// moment gives a time between 7:40 and 19:25 at an outlet: mornings and noon are busy.
func (p *planner) moment(date time.Time, at int) time.Time {
	from := []int{7*60 + 40, 10 * 60, 11*60 + 45, 14 * 60, 16*60 + 30}
	upto := []int{10 * 60, 11*60 + 45, 14 * 60, 16*60 + 30, 19*60 + 25}
	part := p.weighted(30, 12, 26, 14, 18)
	minute := from[part] + p.IntN(upto[part]-from[part])
	return onDay(date, at, minute/60, minute%60).Add(time.Duration(p.IntN(60)) * time.Second)
}

func onDay(date time.Time, outlet, hour, minute int) time.Time {
	y, m, d := date.Date()
	return time.Date(y, m, d, hour, minute, 0, 0, outlets[outlet].zone)
}

// tillOf gives a till of an outlet.
func (p *planner) tillOf(outlet int) int {
	var own []int
	for i, t := range tills {
		if t.outlet == outlet && i != visitorTill {
			own = append(own, i)
		}
	}
	return pick(p.dice, own)
}

// customer draws one visit to an outlet.
func (p *planner) customer(outlet int, at time.Time, left int) {
	o := &operation{at: at, till: p.tillOf(outlet), who: nobody, gift: nobody}
	if p.often(62) {
		o.who = pick(p.dice, p.joined)
	}
	switch {
	case p.gifts < giftCards && p.often(1):
		p.giftCard(o, left)
		return
	case o.who != nobody && p.often(1):
		p.pass(o, left)
		return
	}
	o.lines = p.basket(at)
	o.burn = o.who != nobody && p.often(12)
	o.coupon = o.who != nobody && p.often(8)
	p.add(o)
	if o.who != nobody && !o.burn && !o.coupon && p.often(4) {
		p.regret(o, left)
	}
}

// basket draws one to six lines.
func (p *planner) basket(at time.Time) []client.Line {
	weights := make([]int, len(articles))
	for i, a := range articles {
		weights[i] = a.weight
		if a.group == "lunch" && (at.Hour() < 11 || at.Hour() > 14) {
			weights[i] = 1
		}
	}
	var out []client.Line
	for range 1 + p.weighted(34, 30, 18, 10, 5, 3) {
		a := articles[p.weighted(weights...)]
		qty := int64(1 + p.weighted(80, 16, 4))
		out = append(out, a.line(len(out)+1, qty))
	}
	return out
}

func (a article) line(no int, qty int64) client.Line {
	return client.Line{
		No: no, Type: "goods", SKU: a.sku, Name: a.name, Qty: strconv.FormatInt(qty, 10), UnitPrice: a.price, Total: a.price * qty, VAT: vat, Group: a.group,
	}
}

// giftCard sells a gift card now and lets somebody pay with it once or more in the following weeks.
func (p *planner) giftCard(o *operation, left int) {
	face := pick(p.dice, []int64{2000, 3000, 5000, 5000, 10000})
	o.deed, o.gift = sellGift, p.gifts
	p.gifts++
	o.lines = []client.Line{{
		No: 1, Type: "gift_card_sale", Name: "Gift card", Qty: "1", UnitPrice: face, Total: face, VAT: "0",
		Give: &client.Give{Value: number(giftSeries, 5000+o.gift*11), Product: "gift"},
	}}
	p.add(o)
	days := 0
	for range p.IntN(4) {
		days += 2 + p.IntN(14)
		if days > left {
			return
		}
		use := &operation{at: o.at.AddDate(0, 0, days).Add(time.Duration(p.IntN(50)) * time.Minute), till: o.till, who: nobody, gift: o.gift}
		use.lines = p.basket(use.at)
		p.add(use)
	}
}

// pass sells ten coffees to a member, who comes for most of them.
func (p *planner) pass(o *operation, left int) {
	o.deed = sellPass
	o.lines = []client.Line{{
		No: 1, Type: "pass_sale", Name: "Ten coffees", Qty: "1", UnitPrice: 2600, Total: 2600, VAT: vat,
		Give: &client.Give{Value: p.members[o.who].Card, Product: "coffee10"},
	}}
	p.add(o)
	days := 0
	for range 4 + p.IntN(6) {
		days += 1 + p.IntN(9)
		if days > min(left, 110) {
			return
		}
		p.add(&operation{deed: visit, at: o.at.AddDate(0, 0, days), till: o.till, who: o.who, gift: nobody})
	}
}

// regret brings back one line of a sale within ten days.
func (p *planner) regret(o *operation, left int) {
	days := 1 + p.IntN(9)
	if days > left {
		return
	}
	l := pick(p.dice, o.lines)
	p.add(&operation{
		deed: giveBack, at: o.at.AddDate(0, 0, days).Add(time.Duration(p.IntN(40)) * time.Minute), till: o.till, who: o.who, gift: nobody,
		source: o, back: client.ReturnLine{OriginalNo: l.No, Qty: "1"},
	})
}

// shifts opens each till in the morning and closes its batch in the evening.
func (p *planner) shifts(date time.Time) {
	for i, t := range tills {
		if i == visitorTill {
			continue
		}
		p.add(&operation{deed: openShift, at: onDay(date, t.outlet, 7, 15+i), till: i, who: nobody, gift: nobody})
		p.add(&operation{deed: closeBatch, at: onDay(date, 0, 20, 40+i), till: i, who: nobody, gift: nobody})
	}
}

func (p *planner) add(o *operation) {
	if o.at.After(p.until) {
		return
	}
	p.all = append(p.all, o)
}

// order sorts the year by time, gives numbers out, and cuts it into steps of the clock: four a day in the
// past, every operation its own in the last week, where pages look closely.
func (p *planner) order() {
	slices.SortStableFunc(p.all, func(a, b *operation) int { return a.at.Compare(b.at) })
	near := p.until.AddDate(0, 0, -closeDays)
	for i, o := range p.all {
		o.n = i + 1
		switch o.deed {
		case join, openShift, closeBatch: // they book nothing
		default:
			p.seqs[o.till]++
			o.seq = p.seqs[o.till]
			p.receipts[o.till]++
			o.receipt = fmt.Sprintf("%d-%05d", o.till+1, p.receipts[o.till])
		}
		at := o.at
		if at.Before(near) {
			if at = slot(at); o.deed == closeBatch {
				at = at.Add(time.Second) // after the sales of the day
			}
		}
		if n := len(p.steps); n > 0 && !p.steps[n-1].at.Before(at) {
			p.steps[n-1].operations = append(p.steps[n-1].operations, o)
			continue
		}
		p.steps = append(p.steps, step{at, []*operation{o}})
	}
	p.count = len(p.all)
}

// slot gives the end of the part of the day in which an instant lies, on the clock of the first outlet.
func slot(at time.Time) time.Time {
	local := at.In(outlets[0].zone)
	y, m, d := local.Date()
	for _, hour := range []int{8, 11, 14, 17} {
		if end := time.Date(y, m, d, hour, 0, 0, 0, local.Location()); local.Before(end) {
			return end
		}
	}
	return time.Date(y, m, d, 20, 45, 0, 0, local.Location())
}

// chains parts a step: the operations of one member or one gift card stay in their order, the others may
// run at the same time.
func (s *step) chains() [][]*operation {
	var out [][]*operation
	at := map[string]int{}
	for _, o := range s.operations {
		name := ""
		switch {
		case o.deed == openShift || o.deed == closeBatch:
			name = fmt.Sprint("till ", o.till)
		case o.who != nobody:
			name = fmt.Sprint("member ", o.who)
		case o.gift != nobody:
			name = fmt.Sprint("gift ", o.gift)
		}
		i, known := at[name]
		if name == "" || !known {
			at[name] = len(out)
			out = append(out, []*operation{o})
			continue
		}
		out[i] = append(out[i], o)
	}
	return out
}
