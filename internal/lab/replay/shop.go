package replay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"lojal/client"
)

// burnFrom is the balance, in points, from which a customer pays with as many as allowed.
const burnFrom = 500

// linkEvery is after how much of the log's time the tills take new keys.
const linkEvery = 180 * 24 * time.Hour

// rules is the programme: a point for each whole pound, worth a penny, for six months.
const rules = `id: replay
name: Replay
zone: %s
currency: %s
earn_rate: 1/1.00
points_value: 0.01
expiry: {kind: lot, n: 6, unit: months}
earn_exclude: [gift_card_sale, delivery, other]
burn_exclude: [gift_card_sale, delivery, other]
discount_exclude: [gift_card_sale, delivery, other]
burn_verification: {need: off}
`

// shop is the tenant into which a log is replayed. Everything in it is made under keys that the mapping's
// name gives, so that it is made once.
type shop struct {
	m      *Mapping
	plan   *plan
	admin  *client.Client
	tills  []*client.Client // one per outlet
	places []client.Context
	linked time.Time // of the server, when the tills got their keys

	terminals []string // their ids

	programme string
}

// openShop makes the tenant, or finds it as an earlier run made it. The key is the operator's, or that of the
// administrator of a tenant made for this.
func openShop(ctx context.Context, o Options, m *Mapping, p *plan) (*shop, error) {
	s := &shop{m: m, plan: p, admin: client.New(o.URL, o.Key, client.WithConnections(o.Workers))}
	if err := begin(ctx, s.admin, p); err != nil {
		return nil, err
	}
	tenant, err := s.admin.CreateTenant(ctx, "replay-"+m.Name, client.NewTenant{
		Slug: m.Name, Name: "Replay of " + m.Name, Zone: m.Zone, Currency: m.Currency.Code, LimitsProfile: "none",
	})
	var refused *client.Problem
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden: // the key is a tenant's own
	case err != nil:
		return nil, fmt.Errorf("make the tenant: %w", err)
	default: // the operator's key outlives the year of a log; the tenant's own would not
		s.admin = client.New(o.URL, o.Key, client.WithTenant(tenant.ID), client.WithConnections(o.Workers))
	}
	merchant, err := s.admin.CreateMerchant(ctx, "replay-merchant", client.NewMerchant{Name: m.Name})
	if err != nil {
		return nil, fmt.Errorf("make the merchant: %w", err)
	}
	published, err := s.admin.PublishProgramme(ctx, "replay-programme", fmt.Sprintf(rules, m.Zone, m.Currency.Code), time.Time{})
	if err != nil {
		return nil, fmt.Errorf("publish the programme: %w", err)
	}
	s.programme = published.ID
	for i, name := range p.outlets {
		if err := s.outlet(ctx, o, merchant.ID, i, name); err != nil {
			return nil, err
		}
	}
	now, err := s.admin.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return s, s.link(ctx, o, now)
}

// begin moves the clock to the start of the log before anything is made, since rules hold from their
// publication. A server that has a tenant refuses to go back: then an earlier run has begun already.
func begin(ctx context.Context, c *client.Client, p *plan) error {
	now, err := c.Clock(ctx)
	if err != nil {
		return fmt.Errorf("read the test clock (is the server started with --test-clock?): %w", err)
	}
	start := p.groups[0][0].at.Add(-time.Hour)
	if !now.After(start) {
		return nil
	}
	if err := c.SetClock(ctx, start); err != nil && client.Code(err) != "invalid_value" {
		return err
	}
	return nil
}

func (s *shop) outlet(ctx context.Context, o Options, merchant string, i int, name string) error {
	code := fmt.Sprintf("%03d", i+1)
	out, err := s.admin.CreateOutlet(ctx, "replay-outlet-"+code, client.NewOutlet{
		Merchant: merchant, Code: code, Name: name, Zone: s.m.Zone, Currency: s.m.Currency.Code, DayClosesAt: "00:00",
	})
	if err != nil {
		return fmt.Errorf("make outlet %s: %w", code, err)
	}
	tid := fmt.Sprintf("9%07d", i+1)
	terminal, err := s.admin.CreateTerminal(ctx, "replay-terminal-"+tid, client.NewTerminal{Outlet: out.ID, TID: tid, Kind: "pos"})
	if err != nil {
		return fmt.Errorf("make terminal %s: %w", tid, err)
	}
	if _, err := s.admin.CreateStaff(ctx, "replay-staff-"+code, client.NewStaff{
		Code: "r" + code, Name: "Replay", Role: "cashier", Outlets: []string{out.ID}, PIN: "271828",
	}); err != nil {
		return fmt.Errorf("make the cashier of outlet %s: %w", code, err)
	}
	s.terminals = append(s.terminals, terminal.ID)
	s.places = append(s.places, client.Context{Outlet: code, Terminal: tid, Cashier: "r" + code})
	return nil
}

// link takes a key for each terminal. A key is told once and lives for a year of the server's time, so each
// run takes a new one, and takes another when half a year of the log is over. Operations keep their own
// keys, which belong to the terminal.
func (s *shop) link(ctx context.Context, o Options, now time.Time) error {
	tills := make([]*client.Client, len(s.terminals))
	for i, terminal := range s.terminals {
		linked, err := s.admin.LinkTerminal(ctx, client.NewID(), terminal, "replay")
		if err != nil {
			return fmt.Errorf("link terminal %s: %w", s.places[i].Terminal, err)
		}
		tills[i] = client.New(o.URL, linked.Key, client.WithConnections(o.Workers))
	}
	s.tills, s.linked = tills, now
	return nil
}

// send puts one operation through the till API.
func (s *shop) send(ctx context.Context, o *operation) error {
	if o.original != nil {
		return s.giveBack(ctx, o)
	}
	if o.enrols {
		_, err := s.admin.EnrolMember(ctx, "member-"+o.customer, client.NewMember{
			Programme: s.programme, Display: o.customer, Language: "en", Card: &client.NewCard{Number: o.card},
		})
		if err != nil {
			return fmt.Errorf("enrol customer %s: %w", o.customer, err)
		}
	}
	return s.sell(ctx, o)
}

func (s *shop) sell(ctx context.Context, o *operation) error {
	till, place := s.tills[o.outlet], s.places[o.outlet]
	place.Receipt = o.receipt
	ask := client.QuoteRequest{Receipt: o.receipt, Currency: s.m.Currency.Code, Lines: s.lines(o)}
	if o.customer == "" {
		ask.Context = &place
	} else {
		who, err := till.Identify(ctx, client.IdentifyRequest{Presented: client.Scan(o.card), Context: place})
		if err != nil {
			return fmt.Errorf("identify customer %s: %w", o.customer, err)
		}
		ask.Session = who.Session
		if points(who.Balances) >= burnFrom {
			ask.Wish.BurnPoints = client.Max
		}
	}
	quote, err := till.Quote(ctx, ask)
	if err != nil {
		return fmt.Errorf("quote %s: %w", o.receipt, err)
	}
	for i := range ask.Lines {
		if i < len(quote.Lines) && quote.Lines[i].No == ask.Lines[i].No {
			ask.Lines[i].Paid = &quote.Lines[i].Payable
		}
	}
	do := client.CommitRequest{
		ID: o.id, Kind: "sale", Quote: quote.Token, Session: ask.Session, Context: ask.Context, Receipt: o.receipt,
		Currency: ask.Currency, At: o.at, Cashier: place.Cashier, TerminalSeq: o.seq, Lines: ask.Lines,
		Wish: client.Wish{BurnPoints: client.Exactly(quote.Burn.Points)},
	}
	if quote.RemainingToPay > 0 {
		do.Tenders = []client.Tender{{Kind: "card", Amount: quote.RemainingToPay}}
	}
	if _, err := till.Commit(ctx, do); err != nil {
		return fmt.Errorf("commit %s: %w", o.receipt, err)
	}
	return nil
}

func (s *shop) lines(o *operation) []client.Line {
	out := make([]client.Line, len(o.lines))
	for i, l := range o.lines {
		out[i] = client.Line{
			No: l.no, Type: l.kind, SKU: l.sku, Name: l.name, Qty: fmt.Sprint(l.qty),
			UnitPrice: l.price, Total: l.qty * l.price, VAT: s.m.VAT,
		}
	}
	return out
}

func (s *shop) giveBack(ctx context.Context, o *operation) error {
	in := client.ReturnRequest{
		ID:       o.id,
		Original: client.Original{Receipt: o.original.receipt, Outlet: s.places[o.original.outlet].Outlet, Date: o.original.date()},
		Receipt:  o.receipt, Cashier: s.places[o.outlet].Cashier, TerminalSeq: o.seq, RefundTenders: "as_original",
	}
	for _, l := range o.lines {
		in.Lines = append(in.Lines, client.ReturnLine{OriginalNo: l.no, Qty: fmt.Sprint(l.qty)})
	}
	if _, err := s.tills[o.outlet].Return(ctx, in); err != nil {
		return fmt.Errorf("return %s: %w", o.receipt, err)
	}
	return nil
}

// done tells whether the server has an outcome for an operation.
func (s *shop) done(ctx context.Context, o *operation) (bool, error) {
	op, err := s.tills[o.outlet].Operation(ctx, o.id)
	return err == nil && op.Status != client.Absent, err
}

func points(balances []client.Balance) int64 {
	for _, b := range balances {
		if b.Wallet == "points" {
			return b.Active
		}
	}
	return 0
}
