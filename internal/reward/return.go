package reward

import (
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/programme"
)

// Refund gives one return of a sale, after the returns in prior: by quantity or amount of lines, or all
// that is left. Stored allocations are reversed by the cumulative method (R8), so that a full set of
// partial returns sums to one full return, in whatever order. A return never earns and never burns.
// It declines with over_return, return_window_over or invalid_value.
func Refund(sold *Sold, prior []Part, ask Ask, v *programme.Version) (*Part, error) {
	if w := v.Settings.ReturnWindow; w > 0 && int64(ask.On)-int64(sold.Day) > w {
		return nil, fault.New(ErrReturnWindow, "days", w)
	}
	r := &refund{sold: sold, v: v, quantum: max(sold.Currency.Quantum, 1), lines: make([]returned, len(sold.Lines))}
	r.gifts = make([]money.Amount, len(sold.Gifts))
	r.vat = make([]VATRow, len(sold.VAT))
	r.tenders = make([]money.Amount, len(sold.Tenders))
	for i := range prior {
		r.add(&prior[i])
	}
	part := &Part{On: ask.On}
	if err := r.ask(part, ask); err != nil {
		return nil, err
	}
	r.value()
	r.requalify()
	r.settle(part)
	r.tax(part)
	r.points(part)
	r.promo(part)
	r.split(part)
	if part.Full = r.full(); part.Full {
		part.Coupons = sold.Coupons
	}
	return part, nil
}

// returned is what was given back of a line before, and where it stands now.
type returned struct {
	qty    Qty
	amount money.Amount // asked by amount
	refund money.Amount
	points int64
	bonus  int64

	target   money.Amount // refunded in all after this return
	num, den int64        // share of the line that is returned
	asked    bool
}

type refund struct {
	sold     *Sold
	v        *programme.Version
	quantum  money.Amount
	lines    []returned
	gifts    []money.Amount
	vat      []VATRow
	tenders  []money.Amount
	clawback int64
	tendered int64 // points restored of a points tender
}

// add takes in a return of before.
func (r *refund) add(p *Part) {
	for _, l := range p.Lines {
		s := &r.lines[l.At]
		s.qty, s.amount, s.refund = s.qty+l.Qty, s.amount+l.Amount, s.refund+l.Refund
		s.points, s.bonus = s.points+l.Points, s.bonus+l.Bonus
	}
	for _, g := range p.Promo {
		r.gifts[g.Gift] += g.Amount
	}
	for i, row := range p.VAT {
		r.vat[i].Net, r.vat[i].Tax = r.vat[i].Net+row.Net, r.vat[i].Tax+row.Tax
	}
	for _, t := range p.Tenders {
		r.tenders[t.At] += t.Amount
		r.tendered += t.Points
	}
	r.clawback += p.Clawback
}

func (r *refund) ask(part *Part, ask Ask) *fault.Error {
	if ask.All == (len(ask.Lines) > 0) {
		return fault.Invalid("lines", "lines of the sale, or all of it")
	}
	if ask.All {
		return r.askAll(part)
	}
	for _, a := range ask.Lines {
		at := r.find(a.No)
		switch {
		case at < 0 || r.lines[at].asked:
			return fault.Invalid("lines[].original_no", "a line of the sale, each once")
		case a.Qty < 0 || a.Amount < 0 || (a.Qty > 0) == (a.Amount > 0):
			return fault.Invalid("lines[]", "either qty or amount, above 0")
		case a.Amount%r.quantum != 0:
			return fault.Invalid("lines[].amount", "a multiple of the quantum")
		}
		s, l := &r.lines[at], &r.sold.Lines[at]
		if a.Qty > l.Qty-s.qty {
			return fault.New(ErrOverReturn, "original_no", a.No, "left_qty", (l.Qty - s.qty).String())
		}
		if left := l.Paid - min(l.Paid, r.byQty(at)+s.amount); a.Amount > left {
			return fault.New(ErrOverReturn, "original_no", a.No, "left", r.sold.Currency.Of(left))
		}
		s.qty, s.amount, s.asked = s.qty+a.Qty, s.amount+a.Amount, true
		part.Lines = append(part.Lines, PartLine{At: at, No: a.No, Qty: a.Qty, Amount: a.Amount})
	}
	return nil
}

func (r *refund) askAll(part *Part) *fault.Error {
	r.value()
	left := false
	for i := range r.lines {
		s, l := &r.lines[i], &r.sold.Lines[i]
		left = left || s.num < s.den
		if s.qty < l.Qty {
			part.Lines = append(part.Lines, PartLine{At: i, No: l.No, Qty: l.Qty - s.qty})
			s.qty, s.asked = l.Qty, true
		}
	}
	if !left {
		return fault.New(ErrOverReturn, "left", r.sold.Currency.Of(0))
	}
	return nil
}

func (r *refund) find(no int) int {
	for i := range r.sold.Lines {
		if r.sold.Lines[i].No == no {
			return i
		}
	}
	return -1
}

// byQty gives the refund for the quantity returned so far. Units that carry a kept discount come last.
func (r *refund) byQty(i int) money.Amount {
	s, l := &r.lines[i], &r.sold.Lines[i]
	if s.qty == 0 {
		return 0
	}
	if l.KeepQty == 0 {
		return l.Paid.Part(int64(s.qty), int64(l.Qty), r.quantum)
	}
	full := l.Qty - l.KeepQty
	bought := min((l.Paid+l.KeepCut).Part(int64(full), int64(l.Qty), r.quantum), l.Paid)
	if s.qty <= full {
		return bought.Part(int64(s.qty), int64(full), r.quantum)
	}
	return bought + (l.Paid-bought).Part(int64(s.qty-full), int64(l.KeepQty), r.quantum)
}

// value says how much of each line is returned, in money and as a share. It depends on the sums alone, so
// the order of returns does not matter.
func (r *refund) value() {
	for i := range r.lines {
		s, l := &r.lines[i], &r.sold.Lines[i]
		switch {
		case s.qty == l.Qty:
			s.target, s.num, s.den = l.Paid, 1, 1
		case l.Paid == 0:
			s.target, s.num, s.den = 0, int64(s.qty), int64(l.Qty)
		default:
			s.target = min(l.Paid, r.byQty(i)+s.amount)
			s.num, s.den = int64(s.target), int64(l.Paid)
		}
	}
}

// requalify replaces the targets where a rule asks it: what remains is priced again under the rules, and
// the refund is what was paid less that price (R10). What would cost the customer money is not asked of him.
func (r *refund) requalify() {
	rq := r.sold.Requalify
	if rq == nil || r.full() {
		return
	}
	rest := *rq.Basket
	rest.Lines = nil
	var at []int
	for i := range r.lines {
		s, l := &r.lines[i], rq.Basket.Lines[i]
		if s.num == s.den {
			continue
		}
		l.Qty -= s.qty
		l.Total -= l.Total.Part(s.num, s.den, r.quantum)
		l.Paid = nil
		rest.Lines, at = append(rest.Lines, l), append(at, i)
	}
	wish := Wish{Coupons: rq.Wish.Coupons, Rewards: rq.Wish.Rewards}
	facts := *rq.Facts
	facts.Gifts, facts.Points.Active, facts.Points.Debt = nil, unlimited, 0
	facts.Points.Held, facts.Points.Burns = 0, 0
	now, err := Price(r.v, &rest, &wish, &facts, rq.At, rq.Outlet)
	if err != nil {
		return // the rules no longer price it: stored allocations stand
	}
	targets := make([]money.Amount, len(r.lines))
	for i := range r.lines {
		targets[i] = r.sold.Lines[i].Paid
	}
	for k, i := range at {
		s, l := &r.lines[i], &r.sold.Lines[i]
		value := l.Value - l.Value.Part(s.num, s.den, r.quantum)
		targets[i] = l.Paid - max(now.Lines[k].Payable-value, 0)
	}
	var before money.Amount
	for _, row := range r.vat {
		before += row.Net + row.Tax
	}
	dearer := r.gross(targets) < before
	for i := range r.lines {
		if dearer {
			targets[i] = r.lines[i].refund
		}
		r.lines[i].target = targets[i]
	}
}

// gross gives what refunds per line come to with their tax.
func (r *refund) gross(refunds []money.Amount) money.Amount {
	var all money.Amount
	for k := range r.sold.VAT {
		var sum, total money.Amount
		for i := range r.lines {
			if r.sold.Lines[i].VAT == k {
				sum, total = sum+refunds[i], total+r.sold.Lines[i].Paid
			}
		}
		if all += sum; r.sold.Prices == programme.Net && total > 0 {
			all += r.sold.VAT[k].Tax.Part(int64(sum), int64(total), r.quantum)
		}
	}
	return all
}

// settle writes the differences per line.
func (r *refund) settle(part *Part) {
	next := 0
	for i := range r.lines {
		if !r.lines[i].asked && r.lines[i].target != r.lines[i].refund {
			part.Lines = append(part.Lines, PartLine{At: i, No: r.sold.Lines[i].No}) // a kept line that requalify changes
		}
	}
	for ; next < len(part.Lines); next++ {
		p := &part.Lines[next]
		s, l := &r.lines[p.At], &r.sold.Lines[p.At]
		p.Refund = s.target - s.refund
		p.Points = partOf(l.Points, s.num, s.den) - s.points
		p.Bonus = partOf(l.Bonus, s.num, s.den) - s.bonus
		s.refund, s.points, s.bonus = s.target, s.points+p.Points, s.bonus+p.Bonus
		part.Restored += p.Points
	}
}

func partOf(v, num, den int64) int64 {
	if v == 0 {
		return 0
	}
	part, ok := money.MulDiv(v, num, den, money.HalfUp)
	if !ok {
		panic("reward: a share above the whole")
	}
	return part
}

// tax splits the refund by rate: cumulative, half-up (R8).
func (r *refund) tax(part *Part) {
	part.VAT = make([]VATRow, len(r.sold.VAT))
	net := r.sold.Prices == programme.Net
	for k, row := range r.sold.VAT {
		var sum, total money.Amount
		for i := range r.lines {
			if r.sold.Lines[i].VAT == k {
				sum, total = sum+r.lines[i].refund, total+r.sold.Lines[i].Paid
			}
		}
		out := VATRow{Rate: row.Rate}
		if total > 0 {
			out.Tax = row.Tax.Part(int64(sum), int64(total), r.quantum) - r.vat[k].Tax
		}
		if net {
			out.Net = sum - r.vat[k].Net
		} else {
			out.Net = sum - r.vat[k].Net - r.vat[k].Tax - out.Tax
		}
		part.VAT[k] = out
		part.Refund += out.Net + out.Tax
	}
}

// points claws back what the remaining base no longer earns: kept before less kept now (R8).
func (r *refund) points(part *Part) {
	e := &r.sold.Earn
	if e.Points == 0 {
		return
	}
	var weight, bonus int64
	for i := range r.lines {
		s, l := &r.lines[i], &r.sold.Lines[i]
		bonus += l.Bonus - s.bonus
		switch {
		case l.Weight == 0:
		case l.Paid == 0:
			weight += l.Weight - partOf(l.Weight, s.num, s.den)
		default:
			weight += l.Weight - partOf(l.Weight, int64(s.refund), int64(l.Paid))
		}
	}
	rate, ok := e.Rate.Times(1, int64(programme.Once))
	var kept int64
	if e.Carry.P > 0 && ok {
		kept, _, ok = rate.Cut(weight, e.Carry)
	} else if ok {
		kept, ok = rate.Of(weight, e.Rounding)
	}
	if !ok {
		kept = e.Points
	}
	before := e.Points - r.clawback
	part.Clawback = before - min(before, kept+bonus)
}

// promo gives promo value back to the cards that it came from.
func (r *refund) promo(part *Part) {
	for g := range r.sold.Gifts {
		var sum money.Amount
		for _, p := range r.sold.Gifts[g].Promo {
			s := &r.lines[p.At]
			sum += p.Amount.Part(s.num, s.den, r.quantum)
		}
		if back := sum - r.gifts[g]; back > 0 {
			part.Promo = append(part.Promo, PartPromo{Gift: g, Value: r.sold.Gifts[g].Value, Amount: back})
		}
	}
}

// split divides the refund over what is still refundable per tender (R9), in the programme's refund_order.
func (r *refund) split(part *Part) {
	left := make([]money.Amount, len(r.sold.Tenders))
	for i, t := range r.sold.Tenders {
		left[i] = t.Amount - r.tenders[i]
	}
	first := func(TenderKind) bool { return true }
	switch r.v.Settings.RefundOrder {
	case "gift_first":
		first = func(k TenderKind) bool { return k == TenderGift }
	case "cash_last":
		first = func(k TenderKind) bool { return k != TenderCash }
	}
	back := make([]money.Amount, len(left))
	rest := r.over(back, left, part.Refund, func(i int) bool { return first(r.sold.Tenders[i].Kind) })
	rest = r.over(back, left, rest, func(i int) bool { return !first(r.sold.Tenders[i].Kind) })
	if rest != 0 {
		panic("reward: a refund above its tenders")
	}
	for i, a := range back {
		if a == 0 {
			continue
		}
		t := PartTender{At: i, Kind: r.sold.Tenders[i].Kind, Value: r.sold.Tenders[i].Value, Amount: a}
		if t.Kind == TenderPoints {
			t.Points = partOf(r.sold.Points, int64(r.tenders[i]+a), int64(r.sold.Tenders[i].Amount)) - r.tendered
			part.Restored += t.Points
		}
		part.Tenders = append(part.Tenders, t)
	}
}

// over divides as much as the tenders of a class can take, and gives the rest.
func (r *refund) over(back, left []money.Amount, amount money.Amount, in func(int) bool) money.Amount {
	weights := make([]money.Amount, len(left))
	var sum money.Amount
	for i := range left {
		if in(i) {
			weights[i] = left[i]
			sum += left[i]
		}
	}
	now := min(amount, sum)
	if now == 0 {
		return amount
	}
	for i, a := range money.Allocate(nil, now, weights, r.quantum) {
		back[i] += a
	}
	return amount - now
}

// full tells whether nothing of the sale is left with the customer.
func (r *refund) full() bool {
	for i := range r.lines {
		if r.lines[i].num < r.lines[i].den {
			return false
		}
	}
	return true
}
