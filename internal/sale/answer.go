package sale

import (
	"encoding/json"
	"fmt"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/id"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/reward"
)

// LineAnswer is the price of a line as a till prints it.
type LineAnswer struct {
	No        int            `json:"no"`
	Discounts []DiscountLine `json:"discounts"`
	Payable   money.Amount   `json:"payable"`
	Excluded  []string       `json:"excluded,omitempty"`
	Points    int64          `json:"points,omitempty"`
}

// DiscountLine is what one rule took off a line, with the words for the receipt.
type DiscountLine struct {
	Rule   string       `json:"rule"`
	Amount money.Amount `json:"amount"`
	Label  string       `json:"label,omitempty"`
}

// TotalsAnswer are the sums of a basket.
type TotalsAnswer struct {
	Before   *money.Amount   `json:"before,omitempty"`
	Discount *money.Amount   `json:"discount,omitempty"`
	Payable  money.Amount    `json:"payable"`
	VAT      []reward.VATRow `json:"vat"`
}

// BurnAnswer is what points pay and what bounds it.
type BurnAnswer struct {
	Points    int64  `json:"points"`
	MaxPoints int64  `json:"max_points"`
	LimitedBy string `json:"limited_by,omitempty"`
}

// TenderAnswer is a stored value that pays.
type TenderAnswer struct {
	Kind   reward.TenderKind `json:"kind"`
	Card   string            `json:"card,omitempty"`
	Amount money.Amount      `json:"amount"`
	Bucket string            `json:"bucket,omitempty"`
	After  *money.Amount     `json:"balance_after,omitempty"`
}

// EarnAnswer is what the sale awards.
type EarnAnswer struct {
	Points     int64      `json:"points"`
	ActiveOn   *clock.Day `json:"active_on,omitempty"`
	CappedBy   string     `json:"capped_by,omitempty"`
	NotAwarded int64      `json:"not_awarded,omitempty"`
	Reason     string     `json:"reason,omitempty"`
}

// Pricing is the answer of a quote, and the first half of a one-shot answer.
type Pricing struct {
	Version    string           `json:"rules_version"`
	ValidUntil string           `json:"valid_until,omitempty"`
	Lines      []LineAnswer     `json:"lines"`
	Totals     TotalsAnswer     `json:"totals"`
	Burn       *BurnAnswer      `json:"burn,omitempty"`
	Tenders    []TenderAnswer   `json:"tenders"`
	Remaining  money.Amount     `json:"remaining_to_pay"`
	Earn       EarnAnswer       `json:"earn_preview"`
	Gives      []GiveAnswer     `json:"gives,omitempty"`
	Needs      []NeedAnswer     `json:"needs,omitempty"`
	NotApplied []reward.Reason  `json:"not_applied"`
	Dropped    []reward.Dropped `json:"dropped,omitempty"`
	Effects    []reward.Effect  `json:"explanation,omitempty"`
}

// GiveAnswer is what a line puts on a card.
type GiveAnswer struct {
	No    int          `json:"no"`
	Paid  money.Amount `json:"paid"`
	Promo money.Amount `json:"promo,omitempty"`
}

// NeedAnswer asks for a proof of possession before the commit.
type NeedAnswer struct {
	Verify  string   `json:"verify"`
	Methods []string `json:"methods"`
}

// QuoteAnswer is what a till is told of a basket.
type QuoteAnswer struct {
	ID    string `json:"id,omitempty"`
	Quote string `json:"quote"`
	Seq   int64  `json:"ledger_seq"`
	Epoch int64  `json:"epoch"`
	Pricing
	Balances []BalanceAnswer `json:"balances,omitempty"`
	Warnings []string        `json:"warnings"`
	Print    []string        `json:"print"`
	Display  string          `json:"display"`
}

// Approved says what of a sale was taken from and given to the customer.
type Approved struct {
	Gift   money.Amount `json:"gift"`
	Credit money.Amount `json:"credit,omitempty"`
	Burn   int64        `json:"burn_points"`
	Earn   int64        `json:"earn_points"`
}

// SaleAnswer is what a till is told of a committed sale.
type SaleAnswer struct {
	ID       string   `json:"id"`
	RRN      string   `json:"rrn"`
	Sale     string   `json:"sale"`
	Status   string   `json:"status"`
	Seq      int64    `json:"ledger_seq"`
	Epoch    int64    `json:"epoch"`
	Approved Approved `json:"approved"`
	*Pricing
	Short    *TotalsAnswer   `json:"sums,omitempty"`
	Balances []BalanceAnswer `json:"balances"`
	Flags    []string        `json:"flags,omitempty"`
	Warnings []string        `json:"warnings"`
	Print    []string        `json:"print"`
	Display  string          `json:"display"`
}

// BalanceAnswer is a wallet after an operation. Shown is what the customer is told: active less the debt.
type BalanceAnswer struct {
	Wallet  string `json:"wallet"`
	Card    string `json:"card,omitempty"`
	Active  int64  `json:"active"`
	Pending *int64 `json:"pending,omitempty"`
	Held    int64  `json:"held,omitempty"`
	Debt    int64  `json:"debt,omitempty"`
	Shown   *int64 `json:"shown,omitempty"`
	Promo   int64  `json:"promo,omitempty"`
}

func balanceAnswers(in []Balance) []BalanceAnswer {
	out := make([]BalanceAnswer, 0, len(in))
	for _, b := range in {
		a := BalanceAnswer{Wallet: b.Wallet, Card: b.Card, Active: b.Active, Held: b.Held, Debt: b.Debt, Promo: b.Promo}
		if b.Wallet == "points" {
			a.Pending = &b.Pending
		}
		if b.Debt > 0 {
			shown := b.Active - b.Debt
			a.Shown = &shown
		}
		out = append(out, a)
	}
	return out
}

// price runs the stored inputs again: the same version, facts and instant give the same outcome, for ever.
func (r *Record) price(p *programme.Programme, version string) (*programme.Version, *reward.Outcome, error) {
	if p == nil {
		return nil, nil, fmt.Errorf("sale: programme %q is not here", r.Programme)
	}
	v := p.Version(version)
	if v == nil {
		return nil, nil, fmt.Errorf("sale: version %q of %s is not here", version, r.Programme)
	}
	out, err := reward.Price(v, r.Basket, r.Wish, r.Facts, r.At, r.Outlet)
	return v, out, err
}

// pricing renders an outcome.
func (r *Record) pricing(v *programme.Version, out *reward.Outcome) (*Pricing, error) {
	reasons, err := reward.NotApplied(v, r.Basket, r.Wish, r.Facts, r.At, r.Outlet)
	if err != nil {
		return nil, err
	}
	if reasons == nil {
		reasons = []reward.Reason{}
	}
	p := &Pricing{
		Version: out.Version, Remaining: out.Remaining, NotApplied: reasons, Dropped: out.Dropped, Effects: out.Effects,
		Totals:  TotalsAnswer{Before: &out.Totals.Before, Discount: &out.Totals.Discount, Payable: out.Totals.Payable, VAT: out.Totals.VAT},
		Earn:    EarnAnswer{Points: out.Earn.Points, CappedBy: out.Earn.CappedBy, NotAwarded: out.Earn.NotAwarded, Reason: out.Earn.Reason},
		Tenders: []TenderAnswer{},
	}
	if out.Earn.ActiveOn != 0 {
		p.Earn.ActiveOn = &out.Earn.ActiveOn
	}
	if r.Card != 0 {
		p.Burn = &BurnAnswer{Points: out.Burn.Points, MaxPoints: out.Burn.MaxPoints, LimitedBy: out.Burn.LimitedBy}
	}
	var labels map[string]string
	for i := range out.Effects {
		if e := &out.Effects[i]; len(e.Label) > 0 {
			if labels == nil {
				labels = map[string]string{}
			}
			labels[e.Rule] = e.Label.In("en")
		}
	}
	p.Lines = make([]LineAnswer, 0, len(out.Lines))
	for i := range out.Lines {
		l := &out.Lines[i]
		a := LineAnswer{No: l.No, Discounts: make([]DiscountLine, 0, len(l.Discounts)), Payable: l.Payable, Excluded: l.Excluded, Points: l.Earn}
		for _, d := range l.Discounts {
			a.Discounts = append(a.Discounts, DiscountLine{Rule: d.Rule, Amount: d.Amount, Label: labels[d.Rule]})
		}
		p.Lines = append(p.Lines, a)
	}
	for i, g := range out.Gifts {
		if g.Promo > 0 {
			p.Tenders = append(p.Tenders, TenderAnswer{Kind: reward.TenderGift, Card: r.Masks[i], Amount: g.Promo, Bucket: "promo", After: &out.Gifts[i].Left})
		}
		if g.Paid > 0 {
			p.Tenders = append(p.Tenders, TenderAnswer{Kind: reward.TenderGift, Card: r.Masks[i], Amount: g.Paid, Bucket: "paid", After: &out.Gifts[i].Left})
		}
	}
	if out.Credit > 0 {
		p.Tenders = append(p.Tenders, TenderAnswer{Kind: reward.TenderCredit, Amount: out.Credit})
	}
	if out.Burn.Tender && out.Burn.Amount > 0 {
		p.Tenders = append(p.Tenders, TenderAnswer{Kind: reward.TenderPoints, Amount: out.Burn.Amount})
	}
	for _, g := range out.Gives {
		p.Gives = append(p.Gives, GiveAnswer{g.No, g.Paid, g.Promo})
	}
	return p, nil
}

// SaleOf renders the answer of a committed sale from its entry: the first time and at any age, byte for byte.
func (r *Room) SaleOf(e *ledger.Entry, p *programme.Programme, keys Numbers) ([]byte, error) {
	var rec Record
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, fmt.Errorf("sale %d: %w", e.Seq, err)
	}
	v, out, err := rec.price(p, e.Version)
	if err != nil {
		return nil, err
	}
	return saleAnswer(e, &rec, v, out, keys)
}

func saleAnswer(e *ledger.Entry, rec *Record, v *programme.Version, out *reward.Outcome, keys Numbers) ([]byte, error) {
	pricing, err := rec.pricing(v, out)
	if err != nil {
		return nil, err
	}
	a := SaleAnswer{
		ID: e.Key, RRN: keys.RRN(e), Sale: keys.Public(e), Status: "approved", Seq: e.Seq, Epoch: e.Epoch, Pricing: pricing,
		Approved: Approved{Credit: out.Credit, Burn: out.Burn.Total(), Earn: out.Earn.Points},
		Balances: balanceAnswers(rec.Balances), Flags: flagList(e.Flags), Warnings: warnings(rec.Note.Unknown), Print: printLines(rec.Balances), Display: "OK",
	}
	for _, g := range out.Gifts {
		a.Approved.Gift += g.Promo + g.Paid
	}
	return json.Marshal(&a)
}

// Numbers gives the public numbers of entries.
type Numbers interface {
	RRN(*ledger.Entry) string
	Public(*ledger.Entry) string
}

func flagList(flags string) []string {
	var out []string
	for start, i := 0, 0; i <= len(flags); i++ {
		if i == len(flags) || flags[i] == ' ' {
			if i > start {
				out = append(out, flags[start:i])
			}
			start = i + 1
		}
	}
	return out
}

func warnings(unknown []string) []string {
	out := []string{}
	for _, u := range unknown {
		out = append(out, "unknown_field "+u)
	}
	return out
}

func printLines(balances []Balance) []string {
	out := []string{}
	for _, b := range balances {
		if b.Wallet == "points" {
			out = append(out, fmt.Sprintf("%d p.", b.Active-b.Debt))
		}
	}
	return out
}

// ReturnAnswer is what a till is told of a return.
type ReturnAnswer struct {
	ID       string          `json:"id"`
	RRN      string          `json:"rrn"`
	Return   string          `json:"return"`
	Status   string          `json:"status"`
	Seq      int64           `json:"ledger_seq"`
	Epoch    int64           `json:"epoch"`
	Totals   RefundTotals    `json:"totals"`
	Refund   []TenderAnswer  `json:"refund"`
	Points   ReturnPoints    `json:"points"`
	Coupon   *ReturnCoupon   `json:"coupon,omitempty"`
	Coupons  []ReturnCoupon  `json:"coupons,omitempty"`
	Balances []BalanceAnswer `json:"balances"`
	Flags    []string        `json:"flags,omitempty"`
	Warnings []string        `json:"warnings"`
	Display  string          `json:"display"`
}

// RefundTotals are the money of a return.
type RefundTotals struct {
	Refund money.Amount    `json:"refund"`
	VAT    []reward.VATRow `json:"vat"`
}

// ReturnPoints are the points of a return.
type ReturnPoints struct {
	Clawback int64  `json:"clawback"`
	Restored int64  `json:"restored"`
	Expires  string `json:"restored_expires,omitempty"`
	Forgiven int64  `json:"forgiven,omitempty"`
}

// ReturnCoupon says what became of a voucher that the sale used.
type ReturnCoupon struct {
	Ref      string `json:"ref"`
	Restored bool   `json:"restored"`
}

// ReturnOf renders the answer of a return from its entry.
func (r *Room) ReturnOf(e *ledger.Entry, keys Numbers) ([]byte, error) {
	var rec ReturnRecord
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, fmt.Errorf("return %d: %w", e.Seq, err)
	}
	a := ReturnAnswer{
		ID: e.Key, RRN: keys.RRN(e), Return: keys.Public(e), Status: "approved", Seq: e.Seq, Epoch: e.Epoch,
		Totals: RefundTotals{rec.Part.Refund, rec.Part.VAT}, Refund: []TenderAnswer{},
		Points:   ReturnPoints{Clawback: rec.Part.Clawback, Restored: rec.Part.Restored, Expires: rec.Restored.String(), Forgiven: rec.Forgiven},
		Balances: balanceAnswers(rec.Balances), Flags: flagList(e.Flags), Warnings: warnings(rec.Note.Unknown), Display: "OK",
	}
	if a.Totals.VAT == nil {
		a.Totals.VAT = []reward.VATRow{}
	}
	for _, t := range rec.Part.Tenders {
		x := TenderAnswer{Kind: t.Kind, Amount: t.Amount}
		for _, m := range rec.Masks {
			if m.Ref == t.Value {
				x.Card = m.Masked
			}
		}
		a.Refund = append(a.Refund, x)
	}
	for _, p := range rec.Part.Promo {
		x := TenderAnswer{Kind: reward.TenderGift, Amount: p.Amount, Bucket: "promo"}
		for _, m := range rec.Masks {
			if m.Ref == p.Value {
				x.Card = m.Masked
			}
		}
		a.Refund = append(a.Refund, x)
	}
	for _, c := range rec.Part.Coupons {
		a.Coupons = append(a.Coupons, ReturnCoupon{c, false})
	}
	for _, c := range rec.Coupons {
		for i := range a.Coupons {
			if a.Coupons[i].Ref == c {
				a.Coupons[i].Restored = true
			}
		}
	}
	if len(a.Coupons) > 0 {
		a.Coupon = &a.Coupons[0]
	}
	return json.Marshal(&a)
}

// ReverseAnswer is what a till is told of a reversal or void.
type ReverseAnswer struct {
	ID       string          `json:"id"`
	RRN      string          `json:"rrn,omitempty"`
	Status   string          `json:"status"`
	Seq      int64           `json:"ledger_seq"`
	Epoch    int64           `json:"epoch"`
	Debt     int64           `json:"debt,omitempty"`
	Balances []BalanceAnswer `json:"balances,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
}

// ReverseOf renders the answer of a reversal or void from its entry.
func (r *Room) ReverseOf(e *ledger.Entry, keys Numbers) ([]byte, error) {
	var rec ReverseRecord
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, fmt.Errorf("reversal %d: %w", e.Seq, err)
	}
	a := ReverseAnswer{ID: e.Key, RRN: keys.RRN(e), Status: "reversed", Seq: e.Seq, Epoch: e.Epoch, Debt: rec.Debt, Balances: balanceAnswers(rec.Balances), Warnings: warnings(rec.Note.Unknown)}
	switch {
	case rec.Tombstone:
		a.Status, a.RRN = "tombstoned", ""
	case e.Kind == ledger.VOI:
		a.Status = "voided"
	}
	return json.Marshal(&a)
}

// PurseAnswer is what a till is told of a load, cash-out, visit, transfer or adjustment.
type PurseAnswer struct {
	ID       string          `json:"id"`
	RRN      string          `json:"rrn"`
	Status   string          `json:"status"`
	Seq      int64           `json:"ledger_seq"`
	Epoch    int64           `json:"epoch"`
	Card     string          `json:"card,omitempty"`
	Amount   *money.Value    `json:"amount,omitempty"`
	Promo    *money.Value    `json:"promo,omitempty"`
	Qty      int64           `json:"qty,omitempty"`
	Until    string          `json:"valid_through,omitempty"`
	Left     *int64          `json:"left,omitempty"`
	Balances []BalanceAnswer `json:"balances"`
	Flags    []string        `json:"flags,omitempty"`
	Warnings []string        `json:"warnings"`
	Display  string          `json:"display"`
}

// PurseOf renders the answer of an operation on one card from its entry.
func (r *Room) PurseOf(e *ledger.Entry, keys Numbers) ([]byte, error) {
	var rec PurseRecord
	if err := json.Unmarshal([]byte(e.Doc), &rec); err != nil {
		return nil, fmt.Errorf("%s %d: %w", e.Kind, e.Seq, err)
	}
	a := PurseAnswer{
		ID: e.Key, RRN: keys.RRN(e), Status: "approved", Seq: e.Seq, Epoch: e.Epoch, Card: rec.Masked, Qty: rec.Qty, Until: rec.Until.String(),
		Balances: balanceAnswers(rec.Balances), Flags: flagList(e.Flags), Warnings: warnings(rec.Note.Unknown), Display: "OK",
	}
	if rec.Currency.Code != "" {
		amount := rec.Currency.Of(rec.Amount)
		a.Amount = &amount
		if rec.Promo != 0 {
			promo := rec.Currency.Of(rec.Promo)
			a.Promo = &promo
		}
	}
	if rec.Kind == "visit" {
		a.Left = &rec.Left
	}
	return json.Marshal(&a)
}

// quoteAnswer renders a quote; the hold's entry, where there is one, gives its key.
func quoteAnswer(rec *Record, v *programme.Version, n int64, out *reward.Outcome, t Token, secret []byte, seq, epoch int64, key string) ([]byte, error) {
	pricing, err := rec.pricing(v, out)
	if err != nil {
		return nil, err
	}
	t.Programme, t.N, t.At = rec.Programme, n, rec.At
	t.Result = resultDigest(out)
	pricing.ValidUntil = t.Until.In(v.Zone).Format(time.RFC3339)
	a := QuoteAnswer{
		ID: key, Quote: t.sign(secret), Seq: seq, Epoch: epoch, Pricing: *pricing, Warnings: warnings(rec.Note.Unknown), Print: []string{},
		Display: v.Currency.Format(out.Remaining),
	}
	if key != "" {
		a.Balances = balanceAnswers(rec.Balances)
	}
	return json.Marshal(&a)
}

// cardRef names a card inside stored documents: never its number.
func cardRef(card int64) string { return id.Format("crd", card) }
