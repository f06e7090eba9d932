// Package coupon keeps vouchers: single coupons given to a member, a card or a bearer, and generic codes.
// It knows how often each may be used and was used, and who has reserved it; what a coupon does to a price
// is the programme's matter.
//
// Invariants: uses never exceed the limit (I20); a reservation ends with its hold and is no use; a voucher
// without effect is not consumed (T47).
package coupon

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
)

// ID names a voucher: cpn_….
type ID = id.Of[prefix]

type prefix struct{}

// Prefix is cpn.
func (prefix) Prefix() string { return "cpn" }

// ErrUnknown is the answer to a reference or code that is nobody's.
var ErrUnknown = fault.Code{Name: "voucher_expired", Kind: fault.Declined}

// Voucher is a coupon that somebody may use.
type Voucher struct {
	ID            int64
	Programme     string
	Def           string
	Holder        int64 // membership or card; 0 for a bearer
	Uses          int64
	MaxUses       int64 // 0 for no limit
	ReservedBy    int64 // the hold's entry; 0 for none
	ReservedUntil clock.Instant
	From, Through clock.Day
	State         string // claimed, revoked
}

// Left gives how many uses remain at an instant, a reservation of somebody else taken off.
func (v Voucher) Left(now clock.Instant, own int64) int64 {
	left := int64(1) << 40
	if v.MaxUses > 0 {
		left = v.MaxUses - v.Uses
	}
	if v.ReservedBy != 0 && v.ReservedBy != own && v.ReservedUntil > now {
		left--
	}
	return max(left, 0)
}

var findVoucher = db.Find("coupon.find", "id int", `
	SELECT v.id, v.programme, v.def, v.holder, v.uses, v.max_uses, v.reserved_by, v.reserved_until, v.valid_from, v.valid_through, v.state
	  FROM voucher v
	 WHERE v.tenant_id = $1 AND v.id = k.id
	 LIMIT 1`)

var updateVoucher = db.Update("coupon.update", "voucher", "id int", "uses int, reserved_by int, reserved_until int, state text")

// Slot is the vouchers inside the lane.
func Slot() ledger.Slot[int64, Voucher] {
	return ledger.Slot[int64, Voucher]{
		Load: func(b db.Batch, tenant int64, keys []int64, got func(int64, Voucher)) {
			rows := findVoucher.Rows()
			for _, k := range keys {
				rows.Int(k)
			}
			b.Find(findVoucher, tenant, rows, func(_ int, r db.Row) {
				v := Voucher{
					ID: r.Int(0), Programme: r.Text(1), Def: r.Text(2), Holder: r.Int(3), Uses: r.Int(4), MaxUses: r.Int(5),
					ReservedBy: r.Int(6), ReservedUntil: clock.Instant(r.Int(7)), State: r.Text(10),
				}
				v.From, _ = clock.ParseDay(r.Text(8))
				v.Through, _ = clock.ParseDay(r.Text(9))
				got(v.ID, v)
			})
		},
		Save: func(b db.Batch, tenant int64, changes []ledger.Change[int64, Voucher]) {
			rows := updateVoucher.Rows()
			for _, c := range changes {
				rows.Int(c.Key).Int(c.Row.Uses).Int(c.Row.ReservedBy).Int(int64(c.Row.ReservedUntil)).Text(c.Row.State)
			}
			b.Put(updateVoucher, tenant, rows)
		},
	}
}

var insertVoucher = db.SQL("coupon.insert", `
	INSERT INTO voucher (tenant_id, id, programme, def, holder, code_hash, last4, uses, max_uses, reserved_by, reserved_until, valid_from, valid_through, state, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, 0, $9, $10, 'claimed', $11)`)

var findCode = db.SQL("coupon.find_code", `
	SELECT v.id FROM voucher v WHERE v.tenant_id = $1 AND v.code_hash = $2 AND v.last4 <> ''`)

// Grant is a voucher to be given.
type Grant struct {
	Voucher
	Code string // chosen, generated when Generate is set, or none
}

// Publish gives a voucher. The code, where there is one, is kept as a keyed hash with its last four.
func Publish(ctx context.Context, tx db.Tx, pepper []byte, g Grant, now clock.Instant) error {
	hash, last4 := []byte{}, ""
	if g.Code != "" {
		hash = Hash(pepper, g.Code)
		last4 = Fold(g.Code)[max(0, len(g.Code)-4):]
	}
	_, err := tx.Exec(ctx, insertVoucher, tx.Tenant(), g.ID, g.Programme, g.Def, g.Holder, hash, last4, g.MaxUses, g.From.String(), g.Through.String(), int64(now))
	return err
}

// Find gives the voucher behind a reference (cpn_…) or a code. An unknown one is declined like an expired
// one, so that codes cannot be told apart by trying (I52).
func Find(ctx context.Context, tx db.Tx, pepper []byte, ref string) (int64, error) {
	if v, err := id.Parse("cpn", ref); err == nil {
		return v, nil
	}
	var v int64
	ok, err := tx.One(ctx, findCode, db.Args(tx.Tenant(), Hash(pepper, ref)), &v)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fault.New(ErrUnknown, "coupon", ref)
	}
	return v, nil
}

// Fold gives a code without spaces and dashes; only ASCII letters are folded (BI-106).
func Fold(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, code)
}

// Hash gives the keyed hash of a code.
func Hash(pepper []byte, code string) []byte {
	h := hmac.New(sha256.New, pepper)
	h.Write([]byte("coupon\x00" + Fold(code)))
	return h.Sum(nil)
}

const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewCode gives 12 characters of Crockford base32 from the system's random source.
func NewCode() string {
	b := make([]byte, 12)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	for i := range b {
		b[i] = codeAlphabet[b[i]&31]
	}
	return string(b)
}
