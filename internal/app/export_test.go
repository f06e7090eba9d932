package app

import (
	"context"

	"lojal/internal/access"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/once"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/coupon"
	"lojal/internal/doctor"
	"lojal/internal/ledger"
	"lojal/internal/member"
	"lojal/internal/merchant"
	"lojal/internal/programme"
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
	var key secret.Secret
	err = a.access.Write(ctx, int64(tenant), func(tx db.Tx) error {
		_, key, err = a.access.Link(ctx, tx, access.By{Actor: "test"}, int64(till.ID), int64(outlet.ID), "")
		return err
	})
	return key.Reveal(), err
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
