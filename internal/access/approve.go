package access

import (
	"context"
	"encoding/binary"
	"strings"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/secret"
	"lojal/internal/ledger"
)

type approvalPrefix struct{}

// Prefix gives apv.
func (approvalPrefix) Prefix() string { return "apv" }

// ApprovalID identifies an approval.
type ApprovalID = id.Of[approvalPrefix]

// ApprovalLife is how long an approval waits for its act.
const ApprovalLife = 5 * clock.Minute

// Approval is what a member of staff has allowed: one act, at one terminal, up to an amount.
type Approval struct {
	ID        ApprovalID
	Staff     StaffID
	Act       string
	Terminal  int64 // 0 for an act outside of tills
	MaxMinor  int64 // the greatest amount in minor units; 0 where the act has none
	ExpiresAt clock.Instant
}

// Ask is a request for an approval, signed by a PIN.
type Ask struct {
	Code     string
	PIN      secret.Secret
	Act      string
	Terminal int64
	Outlet   int64 // of the terminal; 0 for an act outside of tills
	MaxMinor int64
	Request  string
}

// lighterActs are what a senior may approve; everything else takes a manager.
var lighterActs = map[string]bool{"return": true, "void": true}

// approver gives the least role that may approve an act.
func approver(act string) Role {
	if lighterActs[act] {
		return Senior
	}
	return Manager
}

const (
	approvalMark  = "lja_"
	approvalMAC   = 16
	approvalFixed = 5 * 8
	maxAct        = 64
)

// Approve gives a token for one act, to be spent within five minutes. It returns what CheckPIN returns, and
// ErrForbidden when the role or the outlet of the member of staff does not cover the act.
func (h *House) Approve(ctx context.Context, tenant int64, ask Ask) (secret.Secret, Approval, error) {
	if len(ask.Act) > maxAct || !scopeForm.MatchString(ask.Act) {
		return "", Approval{}, fault.Invalid("act", "the name of an act")
	}
	if ask.MaxMinor < 0 {
		return "", Approval{}, fault.Invalid("max", "0 or more")
	}
	s, err := h.CheckPIN(ctx, tenant, ask.Code, ask.PIN)
	if err != nil {
		return "", Approval{}, err
	}
	if !s.Role.Covers(approver(ask.Act)) || ask.Outlet != 0 && !s.At(ask.Outlet) {
		return "", Approval{}, fault.New(fault.ErrForbidden, "role", approver(ask.Act))
	}
	a := Approval{ApprovalID(h.mint.Next()), s.ID, ask.Act, ask.Terminal, ask.MaxMinor, h.clock.Now() + ApprovalLife}
	keys, err := h.ring.Of(ctx, tenant)
	if err != nil {
		return "", a, err
	}
	err = h.d.Write(ctx, tenant, func(tx db.Tx) error {
		detail := map[string]any{"act": a.Act, "terminal": a.Terminal, "max_minor": a.MaxMinor}
		return h.tell(ctx, tx, By{s.ID.String(), ask.Request}, "approval.grant", a.ID.String(), detail)
	})
	return a.token(keys), a, db.Fault(err)
}

func (a Approval) token(keys *secret.Keys) secret.Secret {
	b := make([]byte, 0, approvalFixed+len(a.Act)+approvalMAC)
	for _, v := range []int64{int64(a.ID), int64(a.Staff), a.Terminal, a.MaxMinor, int64(a.ExpiresAt)} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	b = append(b, a.Act...)
	b = append(b, keys.Sign("approval", b)[:approvalMAC]...)
	return secret.Secret(approvalMark + secret.Base32.EncodeToString(b))
}

// ReadApproval gives the approval of a token, without spending it. It returns ErrApprovalRequired for what
// is no token of this tenant.
func (h *House) ReadApproval(ctx context.Context, tenant int64, token secret.Secret) (Approval, error) {
	keys, err := h.ring.Of(ctx, tenant)
	if err != nil {
		return Approval{}, err
	}
	text, ok := strings.CutPrefix(token.Reveal(), approvalMark)
	b, err := secret.Base32.DecodeString(text)
	if !ok || err != nil || len(b) < approvalFixed+approvalMAC || len(b) > approvalFixed+maxAct+approvalMAC {
		return Approval{}, required("missing")
	}
	said := len(b) - approvalMAC
	if !secret.Equal(keys.Sign("approval", b[:said])[:approvalMAC], b[said:]) {
		return Approval{}, required("missing")
	}
	num := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }
	return Approval{ApprovalID(num(0)), StaffID(num(1)), string(b[approvalFixed:said]), num(2), num(3), clock.Instant(num(4))}, nil
}

func required(reason string) error { return fault.New(ErrApprovalRequired, "reason", reason) }

// Approvals spends approvals in the lane: an approval is used up in the transaction of its act, once.
type Approvals struct {
	ref ledger.Ref[int64, spent]
}

type spent struct {
	staff int64
	act   string
	at    clock.Instant
	seq   int64
}

var (
	findUse = db.Find("access.find_use", "id int", `
		SELECT u.staff, u.act, u.used_at, u.seq
		  FROM approval_use u
		 WHERE u.tenant_id = $1 AND u.id = k.id
		 LIMIT 1`)

	putUse = db.Insert("access.put_use", "approval_use", "id int, staff int, act text, used_at int, seq int", "")
)

// NewApprovals gives the lane its approvals. It is done at wiring, before the lane starts.
func NewApprovals(l *ledger.Lane) Approvals {
	return Approvals{ledger.Register(l, "approval", ledger.Slot[int64, spent]{
		Load: func(b db.Batch, tenant int64, keys []int64, got func(int64, spent)) {
			rows := findUse.Rows()
			for _, k := range keys {
				rows.Int(k)
			}
			b.Find(findUse, tenant, rows, func(i int, r db.Row) {
				got(keys[i], spent{r.Int(0), r.Text(1), clock.Instant(r.Int(2)), r.Int(3)})
			})
		},
		Save: func(b db.Batch, tenant int64, changes []ledger.Change[int64, spent]) {
			rows := putUse.Rows()
			for _, c := range changes {
				rows.Int(c.Key).Int(c.Row.staff).Text(c.Row.act).Int(int64(c.Row.at)).Int(c.Row.seq)
			}
			b.Put(putUse, tenant, rows)
		},
	})}
}

// Need says that a command will spend an approval.
func (p Approvals) Need(n *ledger.Needs, a Approval) { p.ref.Need(n, int64(a.ID)) }

// Use is the act for which an approval is spent.
type Use struct {
	Act         string
	Terminal    int64
	AmountMinor int64
	LedgerSeq   int64 // the entry that it books
}

// Spend uses an approval up. It returns ErrApprovalRequired, with the reason, when the approval is of
// another act or terminal, is too small, has expired or has been used.
func (p Approvals) Spend(v *ledger.View, a Approval, u Use) error {
	_, used := p.ref.Get(v, int64(a.ID))
	switch {
	case a.ID == 0:
		return required("missing")
	case a.Act != u.Act:
		return required("act")
	case a.Terminal != u.Terminal:
		return required("terminal")
	case u.AmountMinor > a.MaxMinor:
		return required("amount")
	case v.Now() >= a.ExpiresAt:
		return required("expired")
	case used:
		return required("used")
	}
	p.ref.Set(v, int64(a.ID), spent{int64(a.Staff), a.Act, v.Now(), u.LedgerSeq})
	return nil
}
