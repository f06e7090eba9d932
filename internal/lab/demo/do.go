package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"lojal/client"
)

// do sends one operation.
func (l *load) do(ctx context.Context, o *operation) error {
	till := l.tills[o.till]
	switch o.deed {
	case join:
		return l.join(ctx, o)
	case giveBack:
		return l.giveBack(ctx, till, o)
	case visit:
		_, err := till.Visit(ctx, client.VisitRequest{
			ID: o.key(""), TerminalSeq: o.seq, Presented: []client.Presented{client.Scan(l.plan.members[o.who].Card)}, At: &o.at, Cashier: cashierAt[o.till],
		})
		if usual(err) { // the pass ended before its owner had come ten times
			return nil
		}
		return err
	case openShift:
		_, err := till.OpenShift(ctx, client.ShiftRequest{ID: o.key(""), Cashier: cashierAt[o.till]})
		return err
	case closeBatch:
		return l.goHome(ctx, till, o)
	case sellGift:
		_, err := l.shop.admin().IssueCard(ctx, o.key("-card"), client.NewCard{
			Programme: l.shop.Programme, Product: "gift", Number: o.lines[0].Give.Value, Status: "new",
		})
		if err != nil {
			return fmt.Errorf("issue a gift card: %w", err)
		}
	}
	return l.sell(ctx, till, o)
}

func (l *load) goHome(ctx context.Context, till *client.Client, o *operation) error {
	if _, err := till.CloseShift(ctx, client.ShiftRequest{ID: o.key("-shift"), Cashier: cashierAt[o.till]}); err != nil {
		return fmt.Errorf("close the shift: %w", err)
	}
	if _, err := till.CloseBatch(ctx, "0", client.BatchRequest{ID: o.key(""), Cashier: cashierAt[o.till]}); err != nil {
		return fmt.Errorf("close the batch: %w", err)
	}
	return nil
}

func (l *load) join(ctx context.Context, o *operation) error {
	m := l.plan.members[o.who]
	_, coupon, err := l.shop.enrol(ctx, o.key(""), client.NewMember{
		Display: m.Name, Language: m.Language, Birthday: m.Birthday, Phone: m.Phone, Card: &client.NewCard{Number: m.Card},
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.coupons[o.who] = coupon
	return nil
}

// sell books a sale: at once, or by way of a quote where the customer uses something whose amount depends
// on the price.
func (l *load) sell(ctx context.Context, till *client.Client, o *operation) error {
	in := client.CommitRequest{
		ID: o.key(""), Kind: "sale", Receipt: o.receipt, Currency: currency, At: o.at, Cashier: cashierAt[o.till], TerminalSeq: o.seq, Lines: o.lines,
	}
	if o.who != nobody {
		in.Presented = []client.Presented{client.Scan(l.plan.members[o.who].Card)}
	}
	wish, uses := l.wish(o)
	if !uses {
		got, err := till.Commit(ctx, in)
		l.note(o, got.Balances)
		return err
	}
	if known, err := l.known(ctx, till, o); err != nil || known {
		return err
	}
	quote, err := till.Quote(ctx, client.QuoteRequest{Presented: in.Presented, Receipt: o.receipt, Currency: currency, Lines: o.lines, Wish: wish})
	if usual(err) { // an empty gift card
		in.Presented = nil
		_, err = till.Commit(ctx, in)
		return err
	}
	if err != nil {
		return fmt.Errorf("quote: %w", err)
	}
	in.Quote, in.Wish = quote.Token, settled(wish, quote)
	got, err := till.Commit(ctx, in)
	l.note(o, got.Balances)
	return err
}

// known tells whether an earlier load has sent the operation: what a quote said then it would not say again.
func (l *load) known(ctx context.Context, till *client.Client, o *operation) (bool, error) {
	if !l.again {
		return false, nil
	}
	op, err := till.Operation(ctx, o.key(""))
	if err != nil || op.Status == client.Absent {
		return false, err
	}
	var sold client.Committed
	if err := json.Unmarshal(op.Result, &sold); err != nil {
		return false, fmt.Errorf("result of an earlier load: %w", err)
	}
	l.note(o, sold.Balances)
	return true, nil
}

// wish gives what the customer wants to use, and whether that is anything.
func (l *load) wish(o *operation) (client.Wish, bool) {
	var w client.Wish
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.burn && l.points[o.who] >= burnFrom {
		w.BurnPoints = client.Max
	}
	total := int64(0)
	for _, line := range o.lines {
		total += line.Total
	}
	if o.coupon && total >= 500 && l.coupons[o.who] != "" {
		w.Coupons = []string{l.coupons[o.who]}
		delete(l.coupons, o.who)
	}
	if o.deed == sell && o.gift != nobody {
		w.Gift = []client.GiftWish{{Value: number(giftSeries, 5000+o.gift*11), Amount: client.Max, AllowPartial: true}}
	}
	return w, !w.BurnPoints.IsZero() || len(w.Coupons) > 0 || len(w.Gift) > 0
}

// settled gives the wish with the amounts of the quote in place of "as much as may be".
func settled(w client.Wish, q client.Quote) client.Wish {
	if q.Burn.Points > 0 {
		w.BurnPoints = client.Exactly(q.Burn.Points)
	} else {
		w.BurnPoints = client.Amount{}
	}
	var gift int64
	for _, t := range q.Tenders {
		if t.Kind == "gift" {
			gift += t.Amount
		}
	}
	switch {
	case len(w.Gift) == 0:
	case gift == 0:
		w.Gift = nil
	default:
		w.Gift = []client.GiftWish{{Value: w.Gift[0].Value, Amount: client.Exactly(gift), AllowPartial: true}}
	}
	return w
}

// note remembers the points that a member has after a sale.
func (l *load) note(o *operation, balances []client.Balance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range balances {
		if b.Wallet == "points" && o.who != nobody {
			l.points[o.who] = b.Active
		}
	}
}

func (l *load) giveBack(ctx context.Context, till *client.Client, o *operation) error {
	_, err := till.Return(ctx, client.ReturnRequest{
		ID: o.key(""), TerminalSeq: o.seq, Receipt: o.receipt, Cashier: cashierAt[o.till],
		Original: client.Original{
			Receipt: o.source.receipt, Outlet: outlets[tills[o.till].outlet].Code, Date: businessDate(o.source),
		},
		Lines: []client.ReturnLine{o.back}, RefundTenders: "as_original",
	})
	return err
}

// businessDate gives the day under which an operation was booked.
func businessDate(o *operation) string {
	return o.at.In(outlets[tills[o.till].outlet].zone).Format(time.DateOnly)
}
