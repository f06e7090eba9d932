package sale

import (
	"context"
	"encoding/json"
	"errors"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/programme"
)

// IdentifyAnswer says who and what stands behind a presented card.
type IdentifyAnswer struct {
	Session  string         `json:"session,omitempty"`
	Status   string         `json:"status"` // ok, unknown, or the card's state
	Seq      int64          `json:"ledger_seq"`
	Epoch    int64          `json:"epoch"`
	Member   *MemberAnswer  `json:"member,omitempty"`
	Cards    []CardAnswer   `json:"cards"`
	Balances []WalletAnswer `json:"balances"`
	Offers   []any          `json:"offers"`
	Verify   *VerifyAnswer  `json:"verify,omitempty"`
	Display  string         `json:"display"`
	Prompts  []string       `json:"prompts"`
	Warnings []string       `json:"warnings,omitempty"`
}

// MemberAnswer is what a cashier may see of a person (PRV-25).
type MemberAnswer struct {
	Display  string `json:"display"`
	Tier     string `json:"tier,omitempty"`
	Language string `json:"language,omitempty"`
	Birthday bool   `json:"birthday_today"`
}

// CardAnswer is a card without its number.
type CardAnswer struct {
	Ref     string `json:"ref"`
	Product string `json:"product"`
	Status  string `json:"status"`
	Masked  string `json:"masked"`
}

// WalletAnswer is a wallet with all its expiry dates.
type WalletAnswer struct {
	Wallet   string       `json:"wallet"`
	Active   int64        `json:"active"`
	Pending  int64        `json:"pending"`
	Held     int64        `json:"held,omitempty"`
	Debt     int64        `json:"debt,omitempty"`
	Shown    *int64       `json:"shown,omitempty"`
	Unit     string       `json:"unit"`
	Worth    *money.Value `json:"worth,omitempty"`
	Expiring []Expiring   `json:"expiring"`
}

// Expiring is an amount with its last valid day.
type Expiring struct {
	Amount int64     `json:"amount"`
	On     clock.Day `json:"on"`
}

// VerifyAnswer says for what a proof of possession will be asked.
type VerifyAnswer struct {
	For     []string `json:"for"`
	Methods []string `json:"methods"`
}

// look is the command that reads the holders of a card on one snapshot.
type look struct {
	tenant int64
	party  Party
	card   *ledger.Holder
	owner  *ledger.Holder
	now    clock.Instant
	view   *ledger.View
	free   map[ledger.Account]int64
}

func (c *look) Op() ledger.Operation { return ledger.Operation{Tenant: c.tenant, Kind: ledger.BAL} }

func (c *look) Need(n *ledger.Needs) {
	n.Holder(c.party.Card)
	n.Holder(c.party.Holder())
}

func (c *look) Decide(v *ledger.View) error {
	if !c.party.fresh(v) {
		return fault.New(ledger.ErrStale)
	}
	c.card, c.owner, c.now, c.free = v.Holder(c.party.Card), v.Holder(c.party.Holder()), v.Now(), map[ledger.Account]int64{}
	for _, h := range []*ledger.Holder{c.card, c.owner} {
		if h == nil {
			continue
		}
		for _, b := range h.Balances {
			a := ledger.Account{Holder: h.ID, Kind: b.Kind, Unit: b.Unit}
			c.free[a] = v.Available(a, v.Now())
		}
	}
	return nil
}

// Identify finds the card and tells what stands behind it. A number that nobody has is no error: its status
// is unknown.
func (r *Room) Identify(ctx context.Context, p Place, q *Request) Answer {
	if len(q.Presented) == 0 && q.Session == "" {
		return Answer{Err: fault.Invalid("presented", "the card")}
	}
	shelf, err := r.book.Shelf(ctx, p.Tenant)
	if err != nil {
		return Answer{Err: err}
	}
	var one *Party
	cmd, res := r.again(ctx, p, q, r.reader, func() (ledger.Command, error) {
		one, err = r.seen(ctx, p, q, shelf)
		if err != nil {
			return nil, err
		}
		return &look{tenant: p.Tenant, party: *one}, nil
	})
	if errors.Is(res.Err, card.ErrUnknown) {
		return r.unknownCard(ctx, p)
	}
	if res.Err != nil {
		return refused(res)
	}
	a, err := r.identified(ctx, p, q, one, cmd.(*look))
	if err != nil {
		return Answer{Err: err}
	}
	a.Seq, a.Epoch, a.Warnings = res.Seq, res.Epoch, warnings(q.Unknown)
	body, err := json.Marshal(a)
	return Answer{Body: body, Seq: res.Seq, Epoch: res.Epoch, Err: err}
}

func (r *Room) seen(ctx context.Context, p Place, q *Request, shelf *programme.Shelf) (*Party, error) {
	if q.Session != "" {
		return r.partyOf(ctx, p, q, 0, shelf)
	}
	f, err := r.cards.Find(ctx, p.Tenant, q.Presented[0])
	if err != nil {
		return nil, err
	}
	one := party(f)
	if one.Programme, err = choose(shelf, memberships(f), q.Programme, p.Merchant); err != nil {
		return nil, err
	}
	one.Membership = one.facts.In(one.Programme.ID)
	return one, nil
}

func (r *Room) unknownCard(ctx context.Context, p Place) Answer {
	res := r.reader.Do(ctx, &look{tenant: p.Tenant})
	body, err := json.Marshal(&IdentifyAnswer{Status: "unknown", Seq: res.Seq, Epoch: res.Epoch, Cards: []CardAnswer{}, Balances: []WalletAnswer{}, Offers: []any{}, Prompts: []string{}})
	return Answer{Body: body, Seq: res.Seq, Epoch: res.Epoch, Err: err}
}

func (r *Room) identified(ctx context.Context, p Place, q *Request, one *Party, c *look) (*IdentifyAnswer, error) {
	keys, err := r.keys.Of(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	a := &IdentifyAnswer{Status: "ok", Cards: []CardAnswer{}, Balances: []WalletAnswer{}, Offers: []any{}, Prompts: []string{}}
	status := ledger.New
	if c.card != nil {
		status = c.card.Status
	}
	if status != ledger.Active {
		a.Status = "card_" + status.String()
	}
	entry := ""
	if len(q.Presented) > 0 {
		entry = q.Presented[0].Entry
	}
	a.Session = Session{Terminal: p.Terminal, Card: one.Card, Ends: r.clock.Now() + sessionLife, Entry: entry}.sign(keys.Derive("quote"))
	a.Cards = append(a.Cards, CardAnswer{Ref: cardRef(one.Card), Product: one.Product, Status: status.String(), Masked: one.Masked})
	version := one.Programme.At(r.clock.Now())
	a.Balances = wallets(one, version, c)
	if one.Membership != 0 {
		day, _, _ := version.Local(c.now, offsetMinutes(version, p, c.now))
		m, err := r.members(ctx, p.Tenant, one.Membership, day)
		if err != nil {
			return nil, err
		}
		a.Member = m
	}
	if methods := proofs(one); version.Settings.BurnVerification.Need != "off" && version.Settings.BurnVerification.Need != "" {
		a.Verify = &VerifyAnswer{For: []string{"burn"}, Methods: methods}
	}
	a.Display = display(a.Balances)
	return a, nil
}

func proofs(p *Party) []string {
	out := []string{}
	if len(p.facts.PINHash()) > 0 {
		out = append(out, "pin")
	}
	return append(out, "rotating_qr")
}

func wallets(one *Party, v *programme.Version, c *look) []WalletAnswer {
	out := []WalletAnswer{}
	pu, mu := one.Programme.Points, ledger.Unit(v.Currency.Num)
	if c.owner != nil {
		b := pointsBalance(c.owner, pu)
		w := WalletAnswer{Wallet: "points", Active: b.Active - c.dead(c.owner, ledger.Points, pu), Pending: b.Pending, Held: b.Held, Debt: b.Debt, Unit: "pt", Expiring: c.expiring(c.owner, ledger.Points, pu)}
		if worth, ok := v.PointWorth.Of(w.Active, money.Floor); ok {
			value := v.Currency.Of(money.Amount(worth))
			w.Worth = &value
		}
		if b.Debt > 0 {
			shown := w.Active - b.Debt
			w.Shown = &shown
		}
		out = append(out, w)
		if n := c.owner.Balance(ledger.Visits, one.Programme.Visits); n.Posted != 0 {
			out = append(out, WalletAnswer{Wallet: "visits", Active: n.Posted, Unit: "visit", Expiring: c.expiring(c.owner, ledger.Visits, one.Programme.Visits)})
		}
		if n := c.owner.Balance(ledger.Credit, mu); n.Posted != 0 {
			out = append(out, WalletAnswer{Wallet: "credit", Active: n.Posted, Held: n.Held, Unit: v.Currency.Code, Expiring: []Expiring{}})
		}
	}
	if c.card != nil {
		if b := giftBalance(c.card, mu, one.Masked); len(c.card.Balances) > 0 && (b.Active != 0 || c.card.Balance(ledger.Paid, mu).Posted != 0 || hasMoney(c.card, mu)) {
			worth := v.Currency.Of(money.Amount(b.Active))
			out = append(out, WalletAnswer{Wallet: "gift", Active: b.Active, Held: b.Held, Debt: b.Debt, Unit: v.Currency.Code, Worth: &worth, Expiring: c.expiring(c.card, ledger.Paid, mu)})
		}
	}
	return out
}

func hasMoney(h *ledger.Holder, u ledger.Unit) bool {
	for _, b := range h.Balances {
		if b.Unit == u && (b.Kind == ledger.Paid || b.Kind == ledger.Promo) {
			return true
		}
	}
	return false
}

// dead gives what has expired but is not booked as expired yet: it is no longer shown.
func (c *look) dead(h *ledger.Holder, k ledger.Kind, u ledger.Unit) int64 {
	b := h.Balance(k, u)
	if h.Balance(k.Debt(), u).Posted < 0 {
		return 0
	}
	return max(0, b.Posted-b.Held-c.free[ledger.Account{Holder: h.ID, Kind: k, Unit: u}])
}

func (c *look) expiring(h *ledger.Holder, k ledger.Kind, u ledger.Unit) []Expiring {
	out := []Expiring{}
	for _, l := range h.Lots {
		if l.Kind != k || l.Unit != u || l.Until == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].On == l.Until {
			out[n-1].Amount += l.Remaining
			continue
		}
		out = append(out, Expiring{l.Remaining, l.Until})
	}
	return out
}

func display(w []WalletAnswer) string {
	if len(w) == 0 {
		return ""
	}
	n := Balance{Wallet: w[0].Wallet, Active: w[0].Active, Debt: w[0].Debt}
	if lines := printLines([]Balance{n}); len(lines) > 0 {
		return lines[0]
	}
	return ""
}
