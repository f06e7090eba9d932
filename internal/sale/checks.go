package sale

import (
	"context"
	"encoding/json"
	"fmt"

	"lojal/internal/base/check"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
	"lojal/internal/programme"
)

// Watches gives the checks of this room over every entry: I31, points follow from the basket and its rules,
// and I20, a voucher was used as often as its row says and no more often than it may be.
func Watches(book *programme.Book) []ledger.Watch {
	return []ledger.Watch{
		{ID: "I31", Title: "points follow from the basket and its rules", New: func(tenant int64) ledger.Watcher {
			return ledger.Watcher{Entry: func(e *ledger.Entry) string { return repriced(book, tenant, e) }}
		}},
		{ID: "I20", Title: "no voucher is used more often than it may be", New: func(tenant int64) ledger.Watcher {
			u := &usage{book: book, tenant: tenant, of: map[int64][]int64{}, count: map[int64]int64{}, parts: map[int64]bool{}, back: map[int64][]int64{}, again: map[int64]int64{}}
			return ledger.Watcher{Entry: u.entry, End: u.end}
		}},
	}
}

// priced prices the document of a sale again; nothing for an entry that is none.
func priced(book *programme.Book, tenant int64, e *ledger.Entry) (*Record, *outcome, string) {
	if e.Kind != ledger.SAL {
		return nil, nil, ""
	}
	var rec Record
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, nil, "its document cannot be read"
	}
	shelf, err := book.Shelf(context.Background(), tenant)
	if err != nil {
		return nil, nil, "its programme cannot be read"
	}
	p := shelf.Find(rec.Programme)
	_, out, err := rec.price(p, e.Version)
	if err != nil {
		return nil, nil, "its document cannot be priced again"
	}
	o := &outcome{unit: p.Points, earned: out.Earn.Points, burned: out.Burn.Total()}
	for _, l := range out.Lines {
		o.lines += l.Earn
	}
	for _, u := range out.Uses {
		if v, err := id.Parse("cpn", u.Coupon); err == nil {
			o.vouchers = append(o.vouchers, v)
		}
	}
	return &rec, o, ""
}

type outcome struct {
	unit                  ledger.Unit
	earned, lines, burned int64
	vouchers              []int64
}

func repriced(book *programme.Book, tenant int64, e *ledger.Entry) string {
	_, o, problem := priced(book, tenant, e)
	if o == nil {
		return problem
	}
	var earned, burned int64
	for _, p := range e.Post.Lines {
		if p.Unit != o.unit || p.Kind.System() {
			continue
		}
		switch p.Op {
		case ledger.EAR:
			earned += p.Amount
		case ledger.RED:
			burned -= p.Amount
		}
	}
	switch {
	case earned != o.earned || burned != o.burned:
		return fmt.Sprintf("posts %d earned and %d burned, its rules give %d and %d", earned, burned, o.earned, o.burned)
	case o.lines != o.earned:
		return fmt.Sprintf("its lines earn %d, the whole %d", o.lines, o.earned)
	}
	return ""
}

// usage counts the uses of vouchers that entries tell of.
type usage struct {
	book   *programme.Book
	tenant int64
	of     map[int64][]int64 // vouchers that a sale used
	count  map[int64]int64
	parts  map[int64]bool    // used by orders that were shipped in parts: their first part tells
	back   map[int64][]int64 // vouchers that a return gave back
	again  map[int64]int64   // uses that count again since their return was reversed, unless others had used them up
}

func (u *usage) entry(e *ledger.Entry) string {
	switch e.Kind {
	case ledger.SAL:
		_, o, problem := priced(u.book, u.tenant, e)
		if o == nil {
			return problem
		}
		for _, v := range o.vouchers {
			u.count[v]++
			u.of[e.Seq] = append(u.of[e.Seq], v)
		}
	case ledger.CAP:
		var rec Record
		if json.Unmarshal([]byte(e.Doc), &rec) == nil {
			for _, v := range rec.Vouchers {
				u.parts[v] = true
			}
		}
	case ledger.REV, ledger.VOI:
		for _, v := range u.of[e.Reverses] {
			u.count[v]--
		}
		for _, v := range u.back[e.Reverses] {
			u.again[v]++
		}
	case ledger.RET:
		var rec ReturnRecord
		if json.Unmarshal([]byte(e.Doc), &rec) == nil {
			for _, ref := range rec.Coupons {
				if v, err := id.Parse("cpn", ref); err == nil {
					u.count[v]--
					u.back[e.Seq] = append(u.back[e.Seq], v)
				}
			}
		}
	}
	return ""
}

var countVouchers = db.SQL("sale.count_vouchers", `
	SELECT v.id, v.uses, v.max_uses FROM voucher v WHERE v.tenant_id = $1 AND (v.uses > 0 OR v.max_uses > 0)`)

func (u *usage) end(ctx context.Context, tx db.Tx) ([]check.Violation, error) {
	var out check.List
	err := tx.Each(ctx, countVouchers, db.Args(tx.Tenant()), func(scan func(...any) error) error {
		var v, uses, most int64
		if err := scan(&v, &uses, &most); err != nil {
			return err
		}
		name := id.Format("cpn", v)
		switch {
		case most > 0 && uses > most:
			out.Add(check.Violation{What: fmt.Sprintf("voucher %s was used %d times, %d are permitted", name, uses, most)})
		case !u.parts[v] && (uses < u.count[v] || uses > u.count[v]+u.again[v]):
			out.Add(check.Violation{What: fmt.Sprintf("voucher %s says %d uses, its sales %d", name, uses, u.count[v])})
		}
		return nil
	})
	return out, err
}
