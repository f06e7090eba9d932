package app

import (
	"context"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/base/once"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/coupon"
	"lojal/internal/doctor"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/merchant"
	"lojal/internal/programme"
	"lojal/internal/sale"
)

// TestShop makes a tenant with one merchant, outlet and linked till, and publishes a programme; it gives the
// till's key. It works on a test clock alone.
func (a *App) TestShop(ctx context.Context, rules string) (string, error) {
	if a.manual == nil {
		return "", fault.New(fault.ErrForbidden)
	}
	by := merchant.By{Actor: "test"}
	var tenant merchant.TenantID
	_, err := a.house.CreateTenant(ctx, by, once.Call{Client: 1, Key: "test", Fingerprint: once.Fingerprint("test", nil), Now: a.clock.Now()},
		merchant.NewTenant{Slug: "shop", Name: "Shop", Zone: "Europe/Riga", Currency: "EUR", Profile: "none"},
		func(_ db.Tx, t merchant.Tenant) (int, []byte, error) { tenant = t.ID; return 201, []byte("{}"), nil })
	if err != nil {
		return "", err
	}
	var till merchant.Terminal
	var outlet merchant.Outlet
	err = a.house.Write(ctx, tenant, func(tx db.Tx) error {
		m, err := a.house.CreateMerchant(ctx, tx, by, merchant.NewMerchant{Name: "SIA Test"})
		if err != nil {
			return err
		}
		if outlet, err = a.house.CreateOutlet(ctx, tx, by, merchant.NewOutlet{Merchant: m.ID, Code: "017", Name: "Test", Zone: "Europe/Riga", Currency: "EUR"}); err != nil {
			return err
		}
		till, err = a.house.CreateTerminal(ctx, tx, by, merchant.NewTerminal{Outlet: outlet.ID, TID: "20010447", Kind: "till"})
		return err
	})
	if err != nil {
		return "", err
	}
	a.testTenant = int64(tenant)
	if err := a.TestPublish(ctx, rules); err != nil {
		return "", err
	}
	return a.TestLink(ctx, till.ID)
}

// TestLink gives a terminal a new key.
func (a *App) TestLink(ctx context.Context, till merchant.TerminalID) (string, error) {
	snap, err := a.house.Directory().Snapshot(ctx, merchant.TenantID(a.testTenant))
	if err != nil {
		return "", err
	}
	t := snap.Terminal(till)
	var key secret.Secret
	err = a.access.Write(ctx, a.testTenant, func(tx db.Tx) error {
		_, key, err = a.access.Link(ctx, tx, access.By{Actor: "test"}, int64(t.ID), int64(t.Outlet), "")
		return err
	})
	return key.Reveal(), err
}

// TestRelink takes over the one shop of an installation that was closed, with a new key of its till.
func (a *App) TestRelink(ctx context.Context) (string, error) {
	all, err := a.tenants(ctx)
	if err != nil {
		return "", err
	}
	a.testTenant = all[0]
	snap, err := a.house.Directory().Snapshot(ctx, merchant.TenantID(a.testTenant))
	if err != nil {
		return "", err
	}
	return a.TestLink(ctx, snap.Terminals[0].ID)
}

// TestPublish publishes rules in the test's tenant.
func (a *App) TestPublish(ctx context.Context, rules string) error {
	d, problems := programme.Parse([]byte(rules))
	if len(problems) > 0 {
		return fault.Invalid(problems[0].Path, problems[0].Message)
	}
	err := a.db.Write(ctx, a.testTenant, func(tx db.Tx) error {
		_, err := programme.Publish(ctx, tx, d, 0, a.clock.Now(), a.clock.Now(), "test")
		return err
	})
	a.book.Forget(a.testTenant)
	return err
}

// TestCard makes a card with a number, of a new member and active, or of nobody and new.
func (a *App) TestCard(ctx context.Context, rules, number string, owned bool) error {
	keys, err := a.ring.Of(ctx, a.testTenant)
	if err != nil {
		return err
	}
	n, err := card.ParseNumber(number)
	if err != nil {
		return err
	}
	op := ledger.Operation{Tenant: a.testTenant, Client: 1, Key: "card" + number, Fingerprint: []byte("0123456789abcdef"), Kind: ledger.ISS}
	r := card.IssueRequest{Act: card.Act{Operation: op, Reason: "test"}, Card: card.ID(a.mint.Next()), Programme: rules, Product: "gift", Number: n, Status: ledger.New}
	var cmd ledger.Command
	if owned {
		m := member.MembershipID(a.mint.Next())
		r.Membership, r.Status, r.Product = int64(m), ledger.Active, "bonus"
		issue, err := a.cards.Issue(keys, r, a.clock.Now())
		if err != nil {
			return err
		}
		cmd, err = a.members.Enrol(keys, member.EnrolRequest{
			Operation: op, Person: member.ID(a.mint.Next()), Membership: m, Programme: rules, Profile: member.Profile{Display: "Anna Kalnina", Language: "lv"}, Parts: []member.Part{issue},
		}, a.clock.Now())
		if err != nil {
			return err
		}
	} else if cmd, err = a.cards.Issue(keys, r, a.clock.Now()); err != nil {
		return err
	}
	return a.lane.Do(ctx, cmd).Err
}

// Examine runs the doctor over the whole installation.
func (a *App) Examine(ctx context.Context) (*doctor.Report, error) {
	checks, err := Checks(ctx, a.db, a.clock, a.signer.Verifiers)
	if err != nil {
		return nil, err
	}
	return doctor.New(a.db, a.clock, checks...).Run(ctx, doctor.Options{})
}

// TestVoucher gives a voucher of a definition to whoever holds it.
func (a *App) TestVoucher(def string) (string, error) {
	v := coupon.ID(a.mint.Next())
	err := a.db.Write(context.Background(), a.testTenant, func(tx db.Tx) error {
		return coupon.Publish(context.Background(), tx, nil, coupon.Grant{Voucher: coupon.Voucher{ID: int64(v), Programme: "points", Def: def, MaxUses: 1}}, a.clock.Now())
	})
	return v.String(), err
}

// TestSales gives the room of sales and the place of the test's till, for tests that need no HTTP.
func (a *App) TestSales(ctx context.Context) (*sale.Room, sale.Place, error) {
	snap, err := a.house.Directory().Snapshot(ctx, merchant.TenantID(a.testTenant))
	if err != nil {
		return nil, sale.Place{}, err
	}
	o := snap.OutletByCode("017")
	t := snap.TerminalByTID("20010447")
	return a.sales, sale.Place{
		Tenant: a.testTenant, Client: int64(t.ID), Merchant: int64(o.Merchant), Outlet: int64(o.ID), OutletCode: o.Code, Terminal: int64(t.ID), Zone: o.Zone, Loose: true,
	}, nil
}

// TestLot is value that somebody has from the beginning. Below zero it is a debt.
type TestLot struct {
	Kind  ledger.Kind
	Qty   int64
	Until clock.Day
}

// TestWallet is an active card with what lies on it; the first of a member is the member's own.
type TestWallet struct {
	Number string
	Lots   []TestLot
}

// TestMember makes a member of a programme with cards of different owners: the first is the member's, and its
// value too, the others are bearer cards. It gives the membership and the bearer cards.
func (a *App) TestMember(ctx context.Context, rules string, wallets ...TestWallet) ([]int64, error) {
	keys, err := a.ring.Of(ctx, a.testTenant)
	if err != nil {
		return nil, err
	}
	shelf, err := a.book.Shelf(ctx, a.testTenant)
	if err != nil {
		return nil, err
	}
	points := shelf.Find(rules).Points
	op := ledger.Operation{Tenant: a.testTenant, Client: 1, Key: "member" + wallets[0].Number, Fingerprint: []byte("0123456789abcdef"), Kind: ledger.ISS}
	m := member.MembershipID(a.mint.Next())
	owners := []int64{int64(m)}
	var parts []member.Part
	for i, w := range wallets {
		r := card.IssueRequest{Act: card.Act{Operation: op, Reason: "test"}, Card: card.ID(a.mint.Next()), Programme: rules, Product: "gift", Number: card.Number(w.Number), Status: ledger.Active}
		owner := int64(r.Card)
		if i == 0 {
			r.Membership, r.Product, owner = int64(m), "bonus", int64(m)
		} else {
			owners = append(owners, owner)
		}
		issue, err := a.cards.Issue(keys, r, a.clock.Now())
		if err != nil {
			return nil, err
		}
		parts = append(parts, issue, opening{owner, points, w.Lots})
	}
	cmd, err := a.members.Enrol(keys, member.EnrolRequest{
		Operation: op, Person: member.ID(a.mint.Next()), Membership: m, Programme: rules, Profile: member.Profile{Display: "Anna Kalnina", Language: "lv"}, Parts: parts,
	}, a.clock.Now())
	if err != nil {
		return nil, err
	}
	return owners, a.lane.Do(ctx, cmd).Err
}

// opening puts opening balances on a holder in the entry that makes it (J10).
type opening struct {
	holder int64
	points ledger.Unit
	lots   []TestLot
}

func (o opening) Need(n *ledger.Needs) { n.Holder(o.holder) }
func (o opening) Name() string         { return "opening" }

func (o opening) Book(_ *ledger.View, d *ledger.Draft) error {
	for _, l := range o.lots {
		to := ledger.Account{Holder: o.holder, Kind: l.Kind, Unit: ledger.Unit(money.EUR.Num)}
		if l.Kind == ledger.Points {
			to.Unit = o.points
		}
		from := ledger.System(ledger.Opening, to.Unit)
		if l.Qty < 0 {
			d.Owe(ledger.OPN, to, from, -l.Qty)
			continue
		}
		terms := ledger.Terms{Until: l.Until}
		if l.Kind == ledger.Paid || l.Kind == ledger.Credit {
			terms.Cost = ledger.FullCost
		}
		d.Give(ledger.OPN, from, to, l.Qty, terms)
	}
	return nil
}

// TestVouchers gives bearer vouchers of a definition.
func (a *App) TestVouchers(ctx context.Context, rules, def string, n int) ([]int64, error) {
	var out []int64
	err := a.db.Write(ctx, a.testTenant, func(tx db.Tx) error {
		out = nil
		for range n {
			v := a.mint.Next()
			if err := coupon.Publish(ctx, tx, nil, coupon.Grant{Voucher: coupon.Voucher{ID: v, Programme: rules, Def: def, MaxUses: 1}}, a.clock.Now()); err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

var testUses = db.SQL("app.test_uses", `
	SELECT v.id FROM voucher v WHERE v.tenant_id = $1 AND v.uses > 0`)

var testReversed = db.SQL("app.test_reversed", `
	SELECT a.seq FROM amend a WHERE a.tenant_id = $1 AND a.reversed_by > 0`)

var testExpired = db.SQL("app.test_expired", `
	SELECT p.seq, p.holder, p.kind, p.amount FROM posting p WHERE p.tenant_id = $1 AND p.op = $2 AND p.holder <> 0`)

// TestUsed gives the vouchers that have been used, and what has expired of each holder's accounts.
func (a *App) TestUsed(ctx context.Context) (used map[int64]bool, expired map[int64]map[ledger.Kind]int64, err error) {
	numbers := func(tx db.Tx, s *db.Stmt) (map[int64]bool, error) {
		out := map[int64]bool{}
		return out, tx.Each(ctx, s, db.Args(a.testTenant), func(scan func(...any) error) error {
			var n int64
			err := scan(&n)
			out[n] = true
			return err
		})
	}
	err = a.db.Read(ctx, a.testTenant, func(tx db.Tx) error {
		expired = map[int64]map[ledger.Kind]int64{}
		var err error
		if used, err = numbers(tx, testUses); err != nil {
			return err
		}
		reversed, err := numbers(tx, testReversed)
		if err != nil {
			return err
		}
		return tx.Each(ctx, testExpired, db.Args(a.testTenant, int64(ledger.EXP)), func(scan func(...any) error) error {
			var seq, holder, kind, amount int64
			if err := scan(&seq, &holder, &kind, &amount); err != nil || reversed[seq] {
				return err
			}
			if expired[holder] == nil {
				expired[holder] = map[ledger.Kind]int64{}
			}
			expired[holder][ledger.Kind(kind)] -= amount
			return nil
		})
	})
	return used, expired, err
}

// TestEntry gives the entry under a key of the test's till.
func (a *App) TestEntry(ctx context.Context, client int64, key string) (*ledger.Entry, error) {
	var e *ledger.Entry
	err := a.db.Read(ctx, a.testTenant, func(tx db.Tx) error {
		known, err := ledger.ReadByKey(ctx, tx, client, key)
		e = known.Entry
		return err
	})
	return e, err
}
