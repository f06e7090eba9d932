package shift_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
	"lojal/internal/shift"
)

const (
	tenant = int64(7)
	outlet = int64(17)
	till   = int64(5)
	euro   = ledger.Unit(978)
	point  = ledger.FirstAsset
	visit  = ledger.FirstAsset + 1
)

var (
	zone, _    = time.LoadLocation("Europe/Riga")
	errPIN     = fault.Code{Name: "wrong_pin", Kind: fault.Declined}
	errExpired = fault.Code{Name: "card_expired", Kind: fault.Declined}
)

type riga struct{}

func (riga) Zone(ledger.Unit) *time.Location { return zone }

// shop is a small world: one tenant, a real lane with the room of shifts on it, a clock moved by hand.
type shop struct {
	t     testing.TB
	d     *db.DB
	lane  *ledger.Lane
	room  *shift.Room
	clock *clock.Manual
	n     int64
}

var insertTenant = db.SQL("test.insert_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at) VALUES ($1, 'shop', 'Shop', 'Europe/Riga', 'EUR', '{}', $2, 0)`)

func at(day, hour, minute int) clock.Instant {
	return clock.Of(time.Date(2026, 11, day, hour, minute, 0, 0, zone))
}

func open(t testing.TB, d *db.DB) *shop {
	t.Helper()
	ctx := context.Background()
	if err := d.Write(ctx, tenant, func(tx db.Tx) error {
		if _, err := tx.Exec(ctx, insertTenant, tenant, []byte("0123456789abcdef")); err != nil {
			return err
		}
		return ledger.Open(ctx, tx)
	}); err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, d: d, clock: clock.NewManual(at(21, 8, 58))}
	lane, err := ledger.NewLane(ctx, d, s.clock, func(int64) ledger.Zones { return riga{} })
	if err != nil {
		t.Fatal(err)
	}
	s.lane = lane
	s.room = shift.New(lane, d, id.NewMint(s.clock, 1).Next, func(int64, int64) shift.Place { return shift.Place{Zone: zone} })
	s.room.Section(shift.SectionDiscount, discounts)
	return s
}

func (s *shop) start() *shop {
	s.lane.Start()
	s.t.Cleanup(s.lane.Stop)
	return s
}

// discounts contributes what a test wrote into the document of an entry.
func discounts(e *ledger.Entry, add func(shift.Line)) {
	if e.Doc == "" {
		return
	}
	var doc struct{ Rule, Gross, Discount int64 }
	if err := json.Unmarshal([]byte(e.Doc), &doc); err == nil && doc.Discount != 0 {
		add(shift.Line{Name: fmt.Sprint("rule ", doc.Rule), Unit: euro, Count: 1, Base: doc.Gross, Sum: doc.Discount})
	}
}

// deed is an operation of a terminal made of functions.
type deed struct {
	op     ledger.Operation
	room   *shift.Room
	holder int64
	also   int64 // a second till that is looked at
	flags  string
	doc    string
	do     func(*ledger.View, *ledger.Draft) error
}

func (c deed) Op() ledger.Operation { return c.op }

func (c deed) Need(n *ledger.Needs) {
	c.room.Need(n, c.op.Terminal)
	c.room.Need(n, c.also)
	if c.holder != 0 {
		n.Holder(c.holder)
	}
}

func (c deed) Decide(v *ledger.View) error {
	c.room.Enter(v)
	if c.holder != 0 && v.Holder(c.holder) == nil {
		v.Create(c.holder, ledger.OwnerCard, ledger.Active)
	}
	d := v.Begin(c.op.Kind)
	d.BusinessDate, d.Flags, d.Doc = clock.DayOf(v.Now(), zone), c.flags, c.doc
	return c.do(v, d)
}

// deed makes an operation of cashier c07 on the till, with the next number of its sequence.
func (s *shop) deed(kind ledger.Op, holder int64, do func(*ledger.View, *ledger.Draft) error) deed {
	s.n++
	key := fmt.Sprint("k", s.n)
	return deed{
		op: ledger.Operation{Tenant: tenant, Client: 1, Key: key, Fingerprint: []byte(key + "0123456789abcdef")[:16], Kind: kind,
			Origin: ledger.Origin{Outlet: outlet, Terminal: till, TerminalSeq: s.n, Actor: "c07"}},
		room: s.room, holder: holder, do: do,
	}
}

func (s *shop) try(c ledger.Command) ledger.Result { return s.lane.Do(context.Background(), c) }

func (s *shop) do(c ledger.Command) *ledger.Entry {
	s.t.Helper()
	r := s.try(c)
	if r.Err != nil {
		s.t.Fatal(r.Err)
	}
	return r.Entry
}

func money(card int64) ledger.Account {
	return ledger.Account{Holder: card, Kind: ledger.Paid, Unit: euro}
}

func (s *shop) give(kind ledger.Op, to ledger.Account, qty int64) deed {
	from := ledger.System(ledger.CashClearing, to.Unit)
	if to.Unit >= ledger.FirstAsset {
		from = ledger.System(ledger.UnitsIssued, to.Unit)
	}
	return s.deed(kind, to.Holder, func(_ *ledger.View, d *ledger.Draft) error {
		d.Give(kind, from, to, qty, ledger.Terms{})
		return nil
	})
}

func (s *shop) take(kind ledger.Op, from ledger.Account, qty int64) deed {
	to := ledger.System(ledger.TillClearing, from.Unit)
	return s.deed(kind, from.Holder, func(v *ledger.View, d *ledger.Draft) error {
		return d.Take(ledger.RED, from, to, qty, v.Now())
	})
}

// back takes an entry back as a whole.
func (s *shop) back(kind ledger.Op, e *ledger.Entry, holder int64) deed {
	return s.deed(kind, holder, func(v *ledger.View, d *ledger.Draft) error {
		d.Reverse(kind, e)
		v.SetAmendment(e.Seq, ledger.Amendment{ReversedBy: d.Seq})
		return nil
	})
}

func (s *shop) decline(code fault.Code) deed {
	c := s.deed(ledger.RED, 0, func(*ledger.View, *ledger.Draft) error { return fault.New(code) })
	c.op.TerminalSeq = 0
	s.n--
	c.op.Key += code.Name + fmt.Sprint(s.clock.Now())
	return c
}

func (s *shop) close(c shift.CloseBatch) *shift.Report {
	s.t.Helper()
	c.Tenant, c.Outlet, c.Terminal = tenant, outlet, till
	if c.Actor == "" {
		c.Actor = "c07"
	}
	z, err := s.room.CloseBatch(context.Background(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	return z
}

func (s *shop) x() *shift.Report {
	s.t.Helper()
	x, err := s.room.X(context.Background(), tenant, till, s.clock.Now(), "c07")
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

// checks fails when an invariant is broken, and gives the number of complaints under an id otherwise.
func (s *shop) checks() map[string][]string {
	s.t.Helper()
	out := map[string][]string{}
	for _, c := range s.room.Checks() {
		err := s.d.Read(context.Background(), tenant, func(tx db.Tx) error {
			found, err := c.Run(context.Background(), tx, s.clock.Now())
			for _, v := range found {
				out[c.ID] = append(out[c.ID], v.String())
			}
			return err
		})
		if err != nil {
			s.t.Fatalf("%s: %v", c.ID, err)
		}
	}
	return out
}

func (s *shop) sound() {
	s.t.Helper()
	if found := s.checks(); len(found) != 0 {
		s.t.Fatal(found)
	}
}

func row(r *shift.Report, asset, name string) shift.Row {
	for _, c := range r.Totals.Columns {
		if c.Asset == asset {
			return c.Row(name)
		}
	}
	return shift.Row{Name: name}
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}
