package card_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/ledger"
)

const (
	tenant = int64(7)
	point  = ledger.FirstAsset
	euro   = ledger.Unit(978)
)

var insertTenant = db.SQL("test.card_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at) VALUES ($1, $2, 'Shop', 'Europe/Riga', 'EUR', '{}', $3, 0)`)

type riga struct{}

func (riga) Zone(ledger.Unit) *time.Location { return time.UTC }

// world is two tenants with one lane.
type world struct {
	*card.Deeds
	*card.Finder
	stock *card.Stock
	lane  *ledger.Lane
	ring  *secret.Ring
	mint  *id.Mint
	clock *clock.Manual
	d     *db.DB
	mu    sync.Mutex
	n     int
}

func open(t *testing.T, d *db.DB) *world {
	t.Helper()
	ctx := context.Background()
	m, err := secret.OpenMaster(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{d: d, ring: secret.NewRing(d, m), clock: clock.NewManual(clock.Of(time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC)))}
	for _, one := range []int64{tenant, tenant + 1} {
		wrapped, err := w.ring.New(one)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, one, func(tx db.Tx) error {
			if _, err := tx.Exec(ctx, insertTenant, one, fmt.Sprint("shop", one), wrapped); err != nil {
				return err
			}
			return ledger.Open(ctx, tx)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if w.lane, err = ledger.NewLane(ctx, d, w.clock, func(int64) ledger.Zones { return riga{} }); err != nil {
		t.Fatal(err)
	}
	w.Deeds, w.Finder, w.mint = card.Register(w.lane), card.NewFinder(d, w.ring, w.clock), id.NewMint(w.clock, 1)
	w.stock = card.NewStock(d, w.ring, w.clock, w.mint)
	reader, err := w.lane.Reader(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	w.ReadWith(reader, w.Deeds)
	w.lane.Start()
	reader.Start()
	t.Cleanup(func() { w.lane.Stop(); reader.Stop() })
	return w
}

func (w *world) act(reason string) card.Act { return w.actOf(tenant, reason) }

func (w *world) actOf(of int64, reason string) card.Act {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	key := fmt.Sprint("k", w.n)
	return card.Act{Operation: ledger.Operation{Tenant: of, Client: 1, Key: key, Fingerprint: []byte(key + "0123456789abcdef")[:16], Origin: ledger.Origin{Actor: "c07"}}, Day: clock.Date(2026, 1, 10), Reason: reason}
}

func (w *world) keys(t testing.TB, of int64) *secret.Keys {
	t.Helper()
	k, err := w.ring.Of(context.Background(), of)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (w *world) do(t testing.TB, c ledger.Command) *ledger.Entry {
	t.Helper()
	r := w.lane.Do(context.Background(), c)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r.Entry
}

func (w *world) refuse(t testing.TB, c ledger.Command, code fault.Code) {
	t.Helper()
	if r := w.lane.Do(context.Background(), c); !fault.Is(r.Err, code) {
		t.Fatalf("%v, want %s", r.Err, code.Name)
	}
}

// issue prepares a card; change may alter the request.
func (w *world) prepare(t testing.TB, of int64, number string, change func(*card.IssueRequest)) *card.Issue {
	t.Helper()
	r := card.IssueRequest{Act: w.actOf(of, ""), Card: card.ID(w.mint.Next()), Programme: "main", Product: "bonus", Kinds: "bonus,gift", Number: card.Number(number), Status: ledger.Active}
	if change != nil {
		change(&r)
	}
	c, err := w.Issue(w.keys(t, of), r, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) issue(t testing.TB, number string, change func(*card.IssueRequest)) card.ID {
	t.Helper()
	c := w.prepare(t, tenant, number, change)
	w.do(t, c)
	return c.Card
}

func scan(v string) card.Presented { return card.Presented{Kind: "scan", Value: v, Entry: "barcode"} }

func (w *world) find(t testing.TB, p card.Presented) *card.Facts {
	t.Helper()
	f, err := w.Find(context.Background(), tenant, p)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// deed is a command made of functions.
type deed struct {
	act     card.Act
	holders []int64
	decide  func(*ledger.View, *ledger.Draft) error
}

func (c deed) Op() ledger.Operation {
	op := c.act.Operation
	op.Kind = ledger.ADJ
	return op
}
func (c deed) Need(n *ledger.Needs) {
	for _, h := range c.holders {
		n.Holder(h)
	}
}
func (c deed) Decide(v *ledger.View) error { return c.decide(v, v.Begin(ledger.ADJ)) }

func (w *world) give(t testing.TB, holder int64, k ledger.Kind, u ledger.Unit, qty int64, terms ledger.Terms) {
	t.Helper()
	w.do(t, deed{w.act(""), []int64{holder}, func(v *ledger.View, d *ledger.Draft) error {
		if v.Holder(holder) == nil {
			v.Create(holder, ledger.OwnerMembership, ledger.Active)
		}
		if qty > 0 {
			d.Give(ledger.ADJ, ledger.System(ledger.Adjustment, u), ledger.Account{Holder: holder, Kind: k, Unit: u}, qty, terms)
		}
		return nil
	}})
}

func (w *world) holder(t testing.TB, holder int64) *ledger.Holder {
	t.Helper()
	var h *ledger.Holder
	w.do(t, deed{w.act(""), []int64{holder}, func(v *ledger.View, _ *ledger.Draft) error {
		h = v.Holder(holder)
		return nil
	}})
	return h
}

func TestFind_AnyFormAndNoOtherTenants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		c := w.issue(t, "9428010000000012", func(r *card.IssueRequest) {
			r.PIN, r.Rotating = "271828", "K3V9Q2M8X7C4W1T5"
			r.Aliases = []card.Presented{{Kind: "phone", Value: "+371 26543210"}, {Kind: "nfc", Entry: "rfid", Value: "04:a2:3b:1c"}, {Kind: "keyed", Value: "anna-2026"}}
		})
		other := w.prepare(t, tenant+1, "9428010000000012", nil)
		w.do(t, other)
		for _, p := range []card.Presented{
			scan("9428010000000012"), {Kind: "keyed", Value: "9428 0100 0000 0012"}, {Kind: "stripe", Value: ";9428010000000012=2612799?"},
			{Kind: "phone", Value: "0037126543210"}, {Kind: "nfc", Value: "04A23B1C"}, {Kind: "keyed", Value: "ANNA2026"},
			{Kind: "scan", Entry: "qr", Value: "L1.k3v9q2m8x7c4w1t5.59472113.7H2K9QXD"},
		} {
			for range 2 { // from the database, then from memory
				if f := w.find(t, p); card.ID(f.Card) != c || f.Programme != "main" || f.Product != "bonus" || f.Masked() != "************0012" || f.PINHash() == nil {
					t.Fatalf("%+v finds %+v", p, f)
				}
			}
		}
		if f, err := w.Find(ctx, tenant+1, scan("9428010000000012")); err != nil || card.ID(f.Card) != other.Card || f.PINHash() != nil {
			t.Fatalf("the other tenant's card: %+v, %v", f, err)
		}
		if f, err := w.ByID(ctx, tenant, int64(c)); err != nil || f.Masked() != "************0012" || f.PINHash() == nil {
			t.Fatalf("by id: %+v, %v", f, err)
		}
		for _, p := range []card.Presented{scan("9428010000000020"), {Kind: "phone", Value: "+37120000000"}, scan("04A23B1C")} {
			_, err := w.Find(ctx, tenant, p)
			if !fault.Is(err, ledger.ErrCardNotActive) || !errors.Is(err, card.ErrUnknown) || len(fault.Of(err).Params) != 0 {
				t.Fatalf("%+v: %v", p, err)
			}
		}
		_, err := w.Find(ctx, tenant+1, card.Presented{Kind: "phone", Value: "+37126543210"})
		if !errors.Is(err, card.ErrUnknown) {
			t.Fatalf("a phone of another tenant: %v", err)
		}
	})
}

func TestIssue_OneNumberOfManyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		var wg sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			c := w.prepare(t, tenant, "10001", nil)
			wg.Add(1)
			go func() {
				defer wg.Done()
				errs[i] = w.lane.Do(context.Background(), c).Err
			}()
		}
		wg.Wait()
		ok := 0
		for _, err := range errs {
			if err == nil {
				ok++
			} else if !fault.Is(err, card.ErrNumberTaken) {
				t.Fatal(err)
			}
		}
		if ok != 1 {
			t.Fatalf("%d cards have one number", ok)
		}
		bad := card.IssueRequest{Card: 1, Number: "4111111111111111"}
		if _, err := w.Issue(w.keys(t, tenant), bad, 0); !fault.Is(err, fault.ErrInvalidValue) {
			t.Fatalf("a payment card was issued: %v", err)
		}
	})
}

// TestStep_IsS1 holds the table of S1, pair by pair.
func TestStep_IsS1(t *testing.T) {
	t.Parallel()
	allowed := map[string]bool{
		"new>sold": true, "new>active": true, "sold>active": true, "active>blocked": true, "blocked>active": true, "active>lost": true, "blocked>lost": true,
		"lost>replaced": true, "active>expired": true, "expired>active": true, "new>closed": true, "sold>closed": true, "active>closed": true,
		"blocked>closed": true, "lost>closed": true, "replaced>closed": true, "expired>closed": true,
	}
	for from := ledger.New; from <= ledger.Closed; from++ {
		for to := ledger.New; to <= ledger.Closed; to++ {
			err := card.Step(from, to)
			if name := from.String() + ">" + to.String(); (err == nil) != allowed[name] {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil && fault.Of(err).Code.Kind != fault.Declined {
				t.Errorf("%v is no decline", err)
			}
		}
	}
}

func TestChange_CodesAndDebits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		c := w.issue(t, "9428010000000012", func(r *card.IssueRequest) { r.Status = ledger.New })
		friend := w.issue(t, "9428010000000020", nil)
		w.give(t, int64(c), ledger.Paid, euro, 1000, ledger.Terms{Cost: ledger.FullCost})
		pay := func() ledger.Command {
			return card.Transfer{Act: w.act(""), From: int64(c), To: int64(friend), Kind: ledger.Paid, Unit: euro, Qty: 10, Transferable: true}
		}
		w.refuse(t, pay(), ledger.ErrCardNotActive)
		w.refuse(t, w.Block(w.act("stolen"), c), ledger.ErrCardNotActive)
		w.do(t, w.Sell(w.act(""), c))
		if e := w.do(t, w.Activate(w.act(""), c)); e.Kind != ledger.ACT {
			t.Fatalf("kind %s", e.Kind)
		}
		w.refuse(t, w.Activate(w.act(""), c), card.ErrAlreadyActive)
		w.do(t, pay())
		e := w.do(t, w.Block(w.act("stolen"), c))
		if want := fmt.Sprintf(`{"act":"block","card":"%s","from":"active","to":"blocked","reason":"stolen","actor":"c07"}`, c); e.Doc != want || e.Kind != ledger.BLK {
			t.Fatalf("document %s", e.Doc)
		}
		w.refuse(t, pay(), ledger.ErrCardBlocked)
		w.refuse(t, w.Activate(w.act(""), c), ledger.ErrCardBlocked)
		w.do(t, w.Unblock(w.act(""), c))
		w.do(t, pay())
		w.do(t, w.MarkLost(w.act(""), c))
		w.refuse(t, pay(), ledger.ErrCardLost)
		w.refuse(t, w.Unblock(w.act(""), c), ledger.ErrCardLost)
		w.do(t, w.Close(w.act(""), c))
		w.refuse(t, pay(), ledger.ErrCardClosed)
		w.refuse(t, w.Block(w.act("Anna Kalniņa asked"), friend), fault.ErrInvalidValue)
		w.refuse(t, w.Close(w.act(""), card.ID(12345)), ledger.ErrCardNotActive)
		if got := w.holder(t, int64(friend)).Balance(ledger.Paid, euro).Posted; got != 20 {
			t.Fatalf("the friend has %d", got)
		}
	})
}

func TestLink_MovesWhatBelongsToTheMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		c := w.issue(t, "9428010000000012", nil)
		const anna, boris, club = 501, 502, 503
		for _, m := range []int64{anna, boris, club} {
			w.give(t, m, ledger.Points, point, 0, ledger.Terms{})
		}
		w.give(t, int64(c), ledger.Paid, euro, 1000, ledger.Terms{Cost: ledger.FullCost})
		w.give(t, int64(c), ledger.Points, point, 70, ledger.Terms{Until: clock.Date(2026, 12, 31)})
		w.give(t, int64(c), ledger.Pending, point, 30, ledger.Terms{Starts: w.clock.Now() + 24*clock.Hour})
		guest := w.find(t, scan("9428010000000012"))
		if guest.Owner("main") != int64(c) {
			t.Fatal("a guest's points are the card's")
		}
		w.do(t, w.Link(w.act("form"), c, "main", anna))
		if err := guest.Fresh(w.holder(t, int64(c))); !fault.Is(err, ledger.ErrStale) {
			t.Fatalf("old facts pass: %v", err)
		}
		w.Forget(context.Background(), tenant, scan("9428010000000012"))
		facts := w.find(t, scan("9428010000000012"))
		if err := facts.Fresh(w.holder(t, int64(c))); err != nil || facts.Owner("main") != anna {
			t.Fatalf("%+v, %v", facts, err)
		}
		mine, plastic := w.holder(t, anna), w.holder(t, int64(c))
		if mine.Balance(ledger.Points, point).Posted != 70 || mine.Balance(ledger.Pending, point).Posted != 30 || plastic.Balance(ledger.Points, point).Posted != 0 || plastic.Balance(ledger.Paid, euro).Posted != 1000 {
			t.Fatalf("member %+v, card %+v", mine.Balances, plastic.Balances)
		}
		if len(mine.Lots) != 2 || mine.Lots[0].Until != clock.Date(2026, 12, 31) || mine.Lots[1].Starts == 0 {
			t.Fatalf("lots %+v", mine.Lots)
		}
		w.refuse(t, w.Link(w.act(""), c, "main", boris), card.ErrCardLinked)
		w.do(t, w.Link(w.act(""), c, "club", club))
		w.Forget(context.Background(), tenant, scan("9428010000000012"))
		if f := w.find(t, scan("9428010000000012")); f.In("club") != club || f.In("main") != anna || f.In("else") != 0 || len(f.Memberships) != 1 {
			t.Fatalf("multicard %+v", f)
		}
		w.do(t, w.Unlink(w.act("wrong_client"), c, "main"))
		w.refuse(t, w.Unlink(w.act(""), c, "main"), card.ErrCardNotLinked)
		w.do(t, w.Link(w.act("wrong_client"), c, "main", boris))
		if w.holder(t, anna).Balance(ledger.Points, point).Posted != 70 || w.holder(t, boris).Balance(ledger.Points, point).Posted != 0 {
			t.Fatal("value left its member")
		}
		w.refuse(t, w.Link(w.act(""), c, "third", 999), fault.ErrNotFound)
	})
}

func TestReplace_MovesEverythingOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, ctx := open(t, d), context.Background()
		phone := card.Presented{Kind: "phone", Value: "+37126543210"}
		old := w.issue(t, "9428010000000012", func(r *card.IssueRequest) { r.Membership, r.Aliases = 501, []card.Presented{phone} })
		w.give(t, 501, ledger.Points, point, 5, ledger.Terms{})
		w.give(t, 503, ledger.Points, point, 0, ledger.Terms{})
		w.do(t, w.Link(w.act(""), old, "club", 503))
		w.give(t, int64(old), ledger.Paid, euro, 1000, ledger.Terms{Cost: ledger.FullCost, Until: clock.Date(2027, 1, 1)})
		w.give(t, int64(old), ledger.Promo, euro, 50, ledger.Terms{Starts: w.clock.Now() + clock.Hour})
		facts := w.find(t, scan("9428010000000012"))
		next := w.prepare(t, tenant, "9428010000000020", nil)
		r, err := w.Replace(ctx, d, card.ReplaceRequest{Act: w.act("stolen"), Old: facts, With: next})
		if err != nil {
			t.Fatal(err)
		}
		w.do(t, r)
		again, err := w.Replace(ctx, d, card.ReplaceRequest{Act: w.act("stolen"), Old: facts, With: w.prepare(t, tenant, "9428010000000038", nil)})
		if err != nil {
			t.Fatal(err)
		}
		w.refuse(t, again, ledger.ErrStale)
		was, now := w.holder(t, int64(old)), w.holder(t, int64(next.Card))
		if was.Status != ledger.Replaced || len(was.Lots) != 0 || was.Balance(ledger.Paid, euro).Posted != 0 {
			t.Fatalf("old card %+v", was)
		}
		if now.Status != ledger.Active || now.Balance(ledger.Paid, euro).Posted != 1000 || now.Balance(ledger.Promo, euro).Posted != 50 || len(now.Lots) != 2 {
			t.Fatalf("new card %+v", now)
		}
		w.Forget(ctx, tenant, phone)
		if f := w.find(t, phone); card.ID(f.Card) != next.Card || f.Membership != 501 || f.In("club") != 503 || f.Fresh(now) != nil {
			t.Fatalf("the phone finds %+v", f)
		}
		w.Forget(ctx, tenant, scan("9428010000000012"))
		if f := w.find(t, scan("9428010000000012")); card.ID(f.Card) != old || f.Membership != 0 || len(f.Memberships) != 0 {
			t.Fatalf("the old number finds %+v", f)
		}
		w.refuse(t, w.Activate(w.act(""), old), ledger.ErrCardReplaced)
	})
}

func TestTransfer_LotByLotAndRefusals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		w.give(t, 501, ledger.Points, point, 40, ledger.Terms{Until: clock.Date(2026, 3, 31)})
		w.give(t, 501, ledger.Points, point, 60, ledger.Terms{Until: clock.Date(2026, 12, 31)})
		w.give(t, 502, ledger.Points, point, 0, ledger.Terms{})
		move := func(qty int64, may bool) card.Transfer {
			return card.Transfer{Act: w.act(""), From: 501, To: 502, Kind: ledger.Points, Unit: point, Qty: qty, Transferable: may}
		}
		w.refuse(t, move(10, false), card.ErrNotTransferable)
		w.refuse(t, move(0, true), fault.ErrInvalidValue)
		w.refuse(t, move(101, true), ledger.ErrInsufficientPoints)
		self := move(1, true)
		self.To = 501
		w.refuse(t, self, fault.ErrInvalidValue)
		w.do(t, move(50, true))
		got := w.holder(t, 502)
		if len(got.Lots) != 2 || got.Lots[0].Remaining != 40 || got.Lots[0].Until != clock.Date(2026, 3, 31) || got.Lots[1].Remaining != 10 || got.Lots[1].Until != clock.Date(2026, 12, 31) {
			t.Fatalf("lots %+v", got.Lots)
		}
	})
}

func TestSetPIN_MakesOldFactsStale(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		c := w.issue(t, "9428010000000012", nil)
		before := w.find(t, scan("9428010000000012"))
		cmd, err := w.SetPIN(w.keys(t, tenant), w.act(""), c, "4711")
		if err != nil {
			t.Fatal(err)
		}
		w.do(t, cmd)
		if err := before.Fresh(w.holder(t, int64(c))); !fault.Is(err, ledger.ErrStale) {
			t.Fatal(err)
		}
		w.Forget(context.Background(), tenant, scan("9428010000000012"))
		if f := w.find(t, scan("9428010000000012")); f.PINHash() == nil || f.Fresh(w.holder(t, int64(c))) != nil {
			t.Fatalf("%+v", f)
		}
		if _, err := w.SetPIN(w.keys(t, tenant), w.act(""), c, "12a4"); !fault.Is(err, fault.ErrInvalidValue) {
			t.Fatal(err)
		}
	})
}
