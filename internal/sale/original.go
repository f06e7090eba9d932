package sale

import (
	"context"
	"encoding/json"

	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
)

// find gives the entry that a request names as its original (A23); nil when there is none. It returns
// ambiguous_original with the candidates when several sales fit.
func (r *Room) find(ctx context.Context, p Place, o *Original, outlet, terminal int64) (*ledger.Entry, error) {
	numbers, err := r.numbers(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	var found []*ledger.Entry
	err = r.d.Read(ctx, p.Tenant, func(tx db.Tx) error {
		switch {
		case o.RRN != "":
			e, err := ledger.FindRRN(ctx, tx, o.RRN, numbers.key)
			if fault.Is(err, fault.ErrNotFound) || e == nil {
				return nil
			}
			found = append(found, e)
			return err
		case o.ID != "":
			known, err := ledger.ReadByKey(ctx, tx, p.Client, o.ID)
			if err == nil && known.Entry != nil {
				found = append(found, known.Entry)
			}
			return err
		case o.TerminalSeq > 0:
			found, err = ledger.FindByTerminal(ctx, tx, terminal, o.TerminalSeq, o.Date)
			return err
		case o.Receipt != "":
			found, err = ledger.FindByReceipt(ctx, tx, outlet, o.Receipt, o.Date)
			return err
		}
		return fault.Invalid("original", "rrn, or receipt with outlet and date")
	})
	if err != nil {
		return nil, err
	}
	return pick(found, o, numbers)
}

// pick leaves the one entry that the name means: a sale before anything else, and no tombstone beside it.
func pick(found []*ledger.Entry, o *Original, n numbers) (*ledger.Entry, error) {
	var kept []*ledger.Entry
	for _, e := range found {
		named := o.Receipt == "" || e.Receipt == o.Receipt
		if named && (o.Date == 0 || e.BusinessDate == o.Date) && e.Kind != ledger.HLD && e.Kind != ledger.REV && e.Kind != ledger.VOI {
			kept = append(kept, e)
		}
	}
	if o.Receipt != "" && o.RRN == "" {
		var sales []*ledger.Entry
		for _, e := range kept {
			if sells(e) {
				sales = append(sales, e)
			}
		}
		kept = sales
	}
	switch len(kept) {
	case 0:
		for _, e := range found { // a reversal or hold that was named on purpose
			if o.RRN != "" || o.ID != "" || o.TerminalSeq > 0 {
				return e, nil
			}
		}
		return nil, nil
	case 1:
		return kept[0], nil
	}
	var candidates []string
	for _, e := range kept {
		candidates = append(candidates, n.RRN(e))
	}
	return nil, fault.New(ErrAmbiguous, "candidates", candidates)
}

// sold reads the stored sale of an entry with its programme and version.
func (r *Room) sold(ctx context.Context, tenant int64, e *ledger.Entry) (*Record, *programme.Programme, *programme.Version, error) {
	var rec Record
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, nil, nil, err
	}
	p, err := r.programmeOf(ctx, tenant, rec.Programme)
	if err != nil || p == nil {
		return &rec, nil, nil, err
	}
	return &rec, p, p.Version(e.Version), nil
}

// Names gives outlet and terminal ids for the till's names of them; 0 for none.
type Names struct{ Outlet, Terminal int64 }

// Return takes goods back, in part or whole, of a sale of any age.
func (r *Room) Return(ctx context.Context, p Place, q *Request, named Names) Answer {
	_, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) {
		if q.Original == nil {
			return nil, fault.Invalid("original", "the sale that is returned")
		}
		e, err := r.find(ctx, p, q.Original, named.Outlet, named.Terminal)
		if err != nil {
			return nil, err
		}
		if e == nil || !sells(e) {
			return r.missing(p, q, ledger.RET), nil
		}
		rec, prog, version, err := r.sold(ctx, p.Tenant, e)
		if err != nil {
			return nil, err
		}
		c := &giveBack{
			room: r, Place: p, op: r.operation(p, q, ledger.RET), original: e, sold: rec, programme: prog, version: version,
			ask: reward.Ask{Lines: q.Lines, All: q.All}, at: q.At, advice: q.Advice, note: Note{Unknown: q.Unknown, Cashier: q.Context.Cashier},
		}
		return c, nil
	})
	if res.Err != nil {
		return refused(res)
	}
	return r.rendered(ctx, p.Tenant, res)
}

// missing declines, under the key, an operation whose original is not here (S12).
func (r *Room) missing(p Place, q *Request, kind ledger.Op) ledger.Command {
	return &nothing{op: r.operation(p, q, kind), room: r, terminal: p.Terminal, err: fault.New(ledger.ErrOriginalNotFound)}
}

// nothing is a command that only declines.
type nothing struct {
	op       ledger.Operation
	room     *Room
	terminal int64
	err      error
}

func (c *nothing) Op() ledger.Operation      { return c.op }
func (c *nothing) Need(n *ledger.Needs)      { c.room.till.Need(n, c.terminal) }
func (c *nothing) Decide(*ledger.View) error { return c.err }

// Reverse takes an operation back, whether it has come, comes later, or never (S8, S9).
func (r *Room) Reverse(ctx context.Context, p Place, q *Request, named Names) Answer {
	_, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) {
		if q.Original == nil {
			return nil, fault.Invalid("original", "the operation that is reversed")
		}
		switch q.Reason {
		case ReasonTimeout, ReasonFiscal, ReasonCashier:
		default:
			return nil, fault.Invalid("reason", "timeout, fiscal_failed or cashier")
		}
		e, err := r.find(ctx, p, q.Original, named.Outlet, named.Terminal)
		if err != nil {
			return nil, err
		}
		c := &takeBack{
			room: r, Place: p, op: r.operation(p, q, ledger.REV), reason: q.Reason, key: q.Original.ID, client: p.Client,
			terminal: named.Terminal, seq: q.Original.TerminalSeq, date: q.Original.Date, original: e,
			note: Note{Unknown: q.Unknown, Cashier: q.Context.Cashier},
		}
		if e == nil {
			if c.key == "" && c.seq == 0 && q.Reason != ReasonCashier {
				return r.missing(p, q, ledger.REV), nil
			}
			return c, nil
		}
		if e.Kind == ledger.TMB {
			c.original = nil
			return &nothing{op: c.op, room: r, terminal: p.Terminal, err: fault.New(ledger.ErrAlreadyReversed)}, nil
		}
		if !sells(e) {
			c.back, err = readReturn(e)
			return c, err
		}
		rec, prog, version, err := r.sold(ctx, p.Tenant, e)
		if err != nil {
			return nil, err
		}
		c.sold, c.programme = rec, prog
		if version != nil {
			_, out, err := rec.price(prog, e.Version)
			if err != nil {
				return nil, err
			}
			c.uses = counted1(version, out.Uses)
		}
		return c, nil
	})
	if res.Err != nil {
		return refused(res)
	}
	return r.rendered(ctx, p.Tenant, res)
}

// returnedBy is what a return did beside its postings.
type returnedBy struct {
	vouchers []int64 // given back
	forgiven int64
}

// readReturn reads what an entry did beside its postings, where it is a return of a sale.
func readReturn(e *ledger.Entry) (returnedBy, error) {
	var out returnedBy
	var rec ReturnRecord
	if e.Kind != ledger.RET {
		return out, nil
	}
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return out, err
	}
	for _, ref := range rec.Coupons {
		n, err := id.Parse("cpn", ref)
		if err != nil {
			return out, err
		}
		out.vouchers = append(out.vouchers, n)
	}
	out.forgiven = rec.Forgiven
	return out, nil
}

// counted1 leaves the uses that were counted when they were booked.
func counted1(v *programme.Version, uses []reward.Use) []reward.Use {
	var out []reward.Use
	for _, u := range uses {
		for i := range v.Rules {
			if v.Rules[i].ID == u.Rule && (u.Coupon != "" || counted(v, &v.Rules[i])) {
				out = append(out, u)
			}
		}
	}
	return out
}

func (r *Room) rendered(ctx context.Context, tenant int64, res ledger.Result) Answer {
	body, err := r.Render(ctx, tenant, res.Entry)
	return Answer{Body: body, Replayed: res.Replayed, Seq: res.Entry.Seq, Epoch: res.Entry.Epoch, Err: err}
}

// Deed names an operation on one card.
type Deed string

// The deeds of Purse.
const (
	Load     Deed = "load"
	CashOut  Deed = "cashout"
	Redeem   Deed = "redeem"
	Visit    Deed = "visit"
	Transfer Deed = "transfer"
	Adjust   Deed = "adjust"
)

// Target says on which card a deed is done, and for a transfer to which other.
type Target struct {
	Card, Other int64 // by id; 0 uses what was presented
	Kind        ledger.Kind
}

// Purse loads, cashes out, redeems, visits, transfers or adjusts on one card.
func (r *Room) Purse(ctx context.Context, p Place, q *Request, deed Deed, t Target) Answer {
	_, res := r.again(ctx, p, q, r.lane, func() (ledger.Command, error) { return r.purse(ctx, p, q, deed, t) })
	if res.Err != nil {
		return refused(res)
	}
	return r.rendered(ctx, p.Tenant, res)
}

func (r *Room) purse(ctx context.Context, p Place, q *Request, deed Deed, t Target) (*purse, error) {
	if err := skewed(p, q, r.clock.Now()); err != nil {
		return nil, err
	}
	shelf, err := r.book.Shelf(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	one, err := r.partyOf(ctx, p, q, t.Card, shelf)
	if err != nil {
		return nil, err
	}
	version := one.Programme.At(r.clock.Now())
	c := &purse{
		room: r, Place: p, config: shelf.Config, party: *one, version: version, unit: ledger.Unit(version.Currency.Num), advice: q.Advice, offline: q.Offline,
		rec: PurseRecord{Kind: string(deed), Reason: q.Reason, Card: one.Card, Masked: one.Masked, Amount: q.Amount, Qty: q.Qty, Note: Note{Unknown: q.Unknown, Cashier: q.Context.Cashier}},
	}
	if q.Currency != "" && q.Currency != version.Currency.Code {
		if _, ok := money.Find(q.Currency); !ok {
			return nil, fault.Invalid("currency", "an ISO 4217 code")
		}
		return nil, fault.New(ErrCurrencyMismatch, "currency", q.Currency, "expected", version.Currency.Code)
	}
	if q.Amount < 0 || q.Amount > money.MaxAmount || !version.Currency.Whole(q.Amount) {
		return nil, fault.Invalid("amount", "a positive amount, a multiple of the quantum")
	}
	return c, c.choose(ctx, r, q, deed, t, shelf)
}

// choose gives the command its deed.
func (c *purse) choose(ctx context.Context, r *Room, q *Request, deed Deed, t Target, shelf *programme.Shelf) error {
	switch deed {
	case Load:
		c.deed, c.kind, c.rec.Currency = loadMoney, ledger.LOD, c.version.Currency
	case CashOut:
		c.deed, c.kind, c.rec.Currency = cashOut, ledger.CSO, c.version.Currency
	case Redeem:
		c.deed, c.kind, c.rec.Currency = redeemMoney, ledger.RED, c.version.Currency
	case Visit:
		c.deed, c.kind, c.unit = visit, ledger.VIS, c.party.Programme.Visits
		c.rec.Qty = max(q.Qty, 1)
	case Transfer:
		other, err := r.byID(ctx, c.Place.Tenant, t.Other, shelf)
		if err != nil {
			return err
		}
		c.deed, c.kind, c.other, c.unit = transfer, ledger.TRF, other, c.party.Programme.Points
		if q.Qty <= 0 {
			return fault.Invalid("points", "a number above 0")
		}
	case Adjust:
		c.deed, c.kind = adjust(t.Kind), ledger.ADJ
		if t.Kind == ledger.Points {
			c.unit = c.party.Programme.Points
		}
		if q.Qty == 0 {
			return fault.Invalid("amount", "an amount that is not 0")
		}
	}
	coins := t.Kind == 0 || t.Kind == ledger.Paid || t.Kind == ledger.Promo
	if (deed == Load || deed == Redeem && coins) && q.Amount == 0 {
		return fault.Invalid("amount", "an amount above 0")
	}
	c.op = r.operation(c.Place, q, c.kind)
	return nil
}

// partyOf finds the card of a deed: by id, by session, or as presented.
func (r *Room) partyOf(ctx context.Context, p Place, q *Request, id int64, shelf *programme.Shelf) (*Party, error) {
	if id == 0 && q.Session != "" {
		s, err := r.readSession(ctx, p.Tenant, q.Session)
		if err != nil {
			return nil, err
		}
		id = s.Card
	}
	if id != 0 {
		return r.byID(ctx, p.Tenant, id, shelf)
	}
	if len(q.Presented) == 0 {
		return nil, fault.Invalid("presented", "the card")
	}
	f, err := r.cards.Find(ctx, p.Tenant, q.Presented[0])
	if err != nil {
		return nil, err
	}
	one := party(f)
	one.Programme = shelf.Find(f.Programme)
	if one.Programme == nil || !one.Programme.AcceptedBy(p.Merchant) {
		return nil, fault.New(ErrNotAccepted)
	}
	return one, nil
}

func (r *Room) byID(ctx context.Context, tenant, id int64, shelf *programme.Shelf) (*Party, error) {
	f, err := r.cards.ByID(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	one := party(f)
	if one.Programme = shelf.Find(f.Programme); one.Programme == nil {
		return nil, fault.New(ErrNotAccepted)
	}
	return one, nil
}
