package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"lojal/internal/access"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/coupon"
	"lojal/internal/member"
	"lojal/internal/merchant"
	"lojal/internal/programme"
)

// PublishVoucher gives one voucher: to a member, to a card, or to whoever bears its code.
type PublishVoucher struct {
	Programme string    `json:"programme,omitempty" doc:"Where several programmes have a coupon of this id."`
	Member    member.ID `json:"member,omitempty"`
	Card      card.ID   `json:"card,omitempty"`
	Bearer    bool      `json:"bearer,omitempty"`
	Code      string    `json:"code,omitempty" doc:"A code of one's own, 4 to 40 letters and digits; one is drawn for a bearer otherwise."`
	From      *Day      `json:"valid_from,omitempty"`
	Through   *Day      `json:"valid_through,omitempty"`
}

// Voucher is a voucher as it was given.
type Voucher struct {
	Seen
	Ref     coupon.ID `json:"ref"`
	Def     string    `json:"def"`
	Code    string    `json:"code,omitempty" doc:"Told once."`
	Uses    int64     `json:"uses_max" doc:"0 for no limit."`
	From    clock.Day `json:"valid_from,omitzero"`
	Through clock.Day `json:"valid_through,omitzero"`
}

// GenerateVouchers makes many vouchers for bearers.
type GenerateVouchers struct {
	Programme string `json:"programme,omitempty"`
	Quantity  int64  `json:"quantity" doc:"1 to 5,000,000."`
	From      *Day   `json:"valid_from,omitempty"`
	Through   *Day   `json:"valid_through,omitempty"`
}

// VoucherBatch is a lot of vouchers in the making, or made.
type VoucherBatch struct {
	Seen
	ID        VoucherBatchID `json:"id"`
	Def       string         `json:"def"`
	Programme string         `json:"programme"`
	Quantity  int64          `json:"quantity"`
	Made      int64          `json:"made"`
	State     string         `json:"state" enum:"ordered,generated"`
	CreatedAt time.Time      `json:"created_at"`
}

// VoucherCode is one code of a batch.
type VoucherCode struct {
	Code string `json:"code"`
}

type voucherBatchPrefix struct{}

// Prefix gives vbt.
func (voucherBatchPrefix) Prefix() string { return "vbt" }

// VoucherBatchID identifies a batch of vouchers.
type VoucherBatchID = id.Of[voucherBatchPrefix]

const (
	maxVouchers  = 5_000_000
	voucherChunk = 500 // vouchers that one transaction makes
)

func (a *API) voucherRoutes() {
	const tag = "vouchers"
	write(a, op{method: http.MethodPost, path: "/v1/vouchers/{def}/publish", id: "publish-voucher", tag: tag, summary: "Give a voucher", scope: "vouchers:write", status: http.StatusCreated},
		plain, true, a.publishVoucher)
	write(a, op{method: http.MethodPost, path: "/v1/vouchers/{def}/generate", id: "generate-vouchers", tag: tag, summary: "Make many vouchers with codes", scope: "vouchers:write", status: http.StatusAccepted},
		plain, false, a.generate)
	read(a, op{path: "/v1/voucher-batches/{id}", id: "read-voucher-batch", tag: tag, summary: "Read a batch of vouchers with its progress", scope: "vouchers:read"}, a.readVouchers)
	read(a, op{path: "/v1/voucher-batches/{id}/codes", id: "list-voucher-codes", tag: tag, summary: "List the codes of a batch", scope: "vouchers:print", query: []param{paramAfter, paramLimit}}, a.voucherCodes)
}

// couponDef finds the coupon that the path names, in the programme that is named or the only one that has it.
func (a *API) couponDef(c *call, name string) (*programme.Programme, *programme.Coupon, error) {
	shelf, err := a.shelf(c)
	if err != nil {
		return nil, nil, err
	}
	var found *programme.Programme
	var def *programme.Coupon
	for _, p := range shelf.Programmes {
		d := p.At(a.Clock.Now()).CouponOf(c.r.PathValue("def"))
		if d == nil || name != "" && p.ID != name {
			continue
		}
		if found != nil {
			return nil, nil, fault.Invalid("programme", "the programme: several have a coupon of this id")
		}
		found, def = p, d
	}
	if found == nil {
		return nil, nil, fault.New(fault.ErrNotFound)
	}
	return found, def, nil
}

func (a *API) publishVoucher(c *call, in *PublishVoucher) (deed[Voucher], error) {
	p, def, err := a.couponDef(c, in.Programme)
	if err != nil {
		return nil, err
	}
	g := coupon.Grant{Voucher: voucherOf(p, def, in.From, in.Through, c.today(a.Clock.Now())), Code: in.Code}
	g.ID = a.Mint.Next()
	if g.Holder, err = a.receiver(c, p, in); err != nil {
		return nil, err
	}
	if err := checkVoucher(&g, in); err != nil {
		return nil, err
	}
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	return func(tx db.Tx) (*Voucher, error) {
		now := a.Clock.Now()
		if err := coupon.Publish(c.r.Context(), tx, keys.Derive("coupon"), g, now); err != nil {
			if db.Classify(err) == db.Duplicate {
				err = fault.Wrap(merchant.ErrExists, err, "field", "code")
			}
			return nil, err
		}
		detail := map[string]any{"def": def.ID, "programme": p.ID, "to": g.Holder != 0}
		err := access.Audit(c.r.Context(), tx, now, c.caller.Actor(), "voucher.publish", coupon.ID(g.ID).String(), detail, c.by().Request)
		return &Voucher{Ref: coupon.ID(g.ID), Def: def.ID, Code: g.Code, Uses: g.MaxUses, From: g.From, Through: g.Through}, err
	}, nil
}

func voucherOf(p *programme.Programme, def *programme.Coupon, from, through *Day, today clock.Day) coupon.Voucher {
	v := coupon.Voucher{Programme: p.ID, Def: def.ID, MaxUses: def.UsesPerCoupon, From: def.ValidFrom, Through: def.ValidThrough}
	if def.ValidDays > 0 && v.Through == 0 {
		v.Through = today + clock.Day(def.ValidDays)
	}
	if from != nil {
		v.From = clock.Day(*from)
	}
	if through != nil {
		v.Through = clock.Day(*through)
	}
	return v
}

// receiver gives the holder of the voucher; 0 for a bearer.
func (a *API) receiver(c *call, p *programme.Programme, in *PublishVoucher) (int64, error) {
	named := 0
	for _, given := range []bool{in.Member != 0, in.Card != 0, in.Bearer} {
		if given {
			named++
		}
	}
	switch {
	case named != 1:
		return 0, fault.Invalid("member", "one of member, card and bearer")
	case in.Member != 0:
		return a.membershipIn(c, in.Member, p.ID)
	case in.Bearer:
		return 0, nil
	}
	row, err := a.cardRow(c, in.Card)
	if err != nil {
		return 0, err
	}
	return owner(int64(in.Card), row.Membership), nil
}

func checkVoucher(g *coupon.Grant, in *PublishVoucher) error {
	folded := coupon.Fold(g.Code)
	switch {
	case g.From != 0 && g.Through != 0 && g.Through < g.From:
		return fault.Invalid("valid_through", "a day that is not before valid_from")
	case in.Bearer && g.Code == "":
		g.Code = coupon.NewCode()
	case g.Code != "" && (len(folded) < 4 || len(folded) > 40 || !plainCode(folded)):
		return fault.Invalid("code", "4 to 40 letters and digits")
	}
	return nil
}

func plainCode(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

var (
	insertVouchers = db.SQL("api.insert_voucher_batch", `
		INSERT INTO voucher_batch (tenant_id, id, programme, def, quantity, made, document, created_at)
		VALUES ($1, $2, $3, $4, $5, 0, $6, $7)`)

	readVouchers = db.SQL("api.read_voucher_batch", `
		SELECT b.programme, b.def, b.quantity, b.made, b.document, b.created_at
		  FROM voucher_batch b
		 WHERE b.tenant_id = $1 AND b.id = $2`)

	advanceVouchers = db.SQL("api.advance_voucher_batch", `
		UPDATE voucher_batch SET made = $4 WHERE tenant_id = $1 AND id = $2 AND made = $3`)
)

// voucherPlan is how the vouchers of a batch are made.
type voucherPlan struct {
	MaxUses       int64     `json:"max_uses"`
	From, Through clock.Day `json:",omitzero"`
}

func (a *API) generate(c *call, in *GenerateVouchers) (deed[VoucherBatch], error) {
	p, def, err := a.couponDef(c, in.Programme)
	if err != nil {
		return nil, err
	}
	if in.Quantity < 1 || in.Quantity > maxVouchers {
		return nil, fault.Invalid("quantity", "1 to 5000000")
	}
	v := voucherOf(p, def, in.From, in.Through, c.today(a.Clock.Now()))
	plan, err := json.Marshal(voucherPlan{v.MaxUses, v.From, v.Through})
	if err != nil {
		return nil, err
	}
	out := &VoucherBatch{ID: VoucherBatchID(a.Mint.Next()), Def: def.ID, Programme: p.ID, Quantity: in.Quantity, State: card.Ordered, CreatedAt: c.at(a.Clock.Now())}
	c.after = func() { a.makeVouchers(c.tenant, int64(out.ID)) }
	return func(tx db.Tx) (*VoucherBatch, error) {
		now := a.Clock.Now()
		if _, err := tx.Exec(c.r.Context(), insertVouchers, c.tenant, int64(out.ID), p.ID, def.ID, in.Quantity, string(plan), int64(now)); err != nil {
			return nil, err
		}
		return out, access.Audit(c.r.Context(), tx, now, c.caller.Actor(), "voucher_batch.order", out.ID.String(), in, c.by().Request)
	}, nil
}

// voucherLot is a batch as it is stored.
type voucherLot struct {
	programme, def, plan string
	quantity, made       int64
	createdAt            clock.Instant
}

func (a *API) voucherLot(ctx context.Context, tenant, batch int64) (voucherLot, error) {
	var b voucherLot
	var there bool
	err := a.DB.Read(ctx, tenant, func(tx db.Tx) (err error) {
		there, err = tx.One(ctx, readVouchers, db.Args(tenant, batch), &b.programme, &b.def, &b.quantity, &b.made, &b.plan, &b.createdAt)
		return err
	})
	if err == nil && !there {
		err = fault.New(fault.ErrNotFound)
	}
	return b, err
}

func (a *API) readVouchers(c *call) (*VoucherBatch, error) {
	n, err := c.path("vbt")
	if err != nil {
		return nil, err
	}
	b, err := a.voucherLot(c.r.Context(), c.tenant, n)
	if err != nil {
		return nil, err
	}
	out := &VoucherBatch{ID: VoucherBatchID(n), Def: b.def, Programme: b.programme, Quantity: b.quantity, Made: b.made, State: card.Generated, CreatedAt: c.at(b.createdAt)}
	if b.made < b.quantity {
		out.State = card.Ordered
		a.makeVouchers(c.tenant, n)
	}
	return out, nil
}

// makeVouchers lets the vouchers of a batch be made, unless they are being made.
func (a *API) makeVouchers(tenant, batch int64) {
	a.crew.Go(context.Background(), batch, func(ctx context.Context) {
		for {
			more, err := a.voucherChunk(ctx, tenant, batch)
			if err != nil || !more {
				return // what stopped it stops it at the next look as well
			}
		}
	})
}

// voucherChunk makes the next vouchers in one transaction with the progress.
func (a *API) voucherChunk(ctx context.Context, tenant, batch int64) (bool, error) {
	b, err := a.voucherLot(ctx, tenant, batch)
	if err != nil || b.made >= b.quantity {
		return false, err
	}
	var plan voucherPlan
	if err := json.Unmarshal([]byte(b.plan), &plan); err != nil {
		return false, err
	}
	keys, err := a.Keys.Of(ctx, tenant)
	if err != nil {
		return false, err
	}
	next := min(b.made+voucherChunk, b.quantity)
	err = a.DB.Write(ctx, tenant, func(tx db.Tx) error {
		n, err := tx.Exec(ctx, advanceVouchers, tenant, batch, b.made, next)
		if err == nil && n == 0 {
			err = fault.New(fault.ErrVersionConflict) // another process makes it
		}
		for i := b.made; i < next && err == nil; i++ {
			v := coupon.Voucher{ID: a.Mint.Next(), Programme: b.programme, Def: b.def, MaxUses: plan.MaxUses, From: plan.From, Through: plan.Through}
			err = coupon.Publish(ctx, tx, keys.Derive("coupon"), coupon.Grant{Voucher: v, Code: codeOf(keys, batch, i)}, a.Clock.Now())
		}
		return err
	})
	return next < b.quantity, err
}

// codeOf gives the code of a voucher by its place in the batch: 12 characters under the tenant's secret, so
// that the printer's list can be made again and no table holds a code.
func codeOf(keys *secret.Keys, batch, i int64) string {
	sum := keys.Sign("voucher code", []byte(id.Format("vbt", batch)+id.Format("", i)))
	return coupon.Fold(secret.Base32.EncodeToString(sum[:8])[:12])
}

func (a *API) voucherCodes(c *call) (*List[VoucherCode], error) {
	n, err := c.path("vbt")
	if err != nil {
		return nil, err
	}
	list := "codes " + VoucherBatchID(n).String()
	after, limit, err := a.paged(c, list)
	if err != nil {
		return nil, err
	}
	b, err := a.voucherLot(c.r.Context(), c.tenant, n)
	if err != nil {
		return nil, err
	}
	if b.made < b.quantity {
		return nil, fault.New(card.ErrBatchRunning, "made", b.made, "quantity", b.quantity)
	}
	keys, err := a.Keys.Of(c.r.Context(), c.tenant)
	if err != nil {
		return nil, err
	}
	out := &List[VoucherCode]{Items: []VoucherCode{}}
	for i := after; i < b.quantity && len(out.Items) < limit; i++ {
		out.Items = append(out.Items, VoucherCode{codeOf(keys, n, i)})
	}
	if end := after + int64(limit); end < b.quantity {
		out.Next, err = a.cursor(c, list, end)
	}
	return out, err
}
