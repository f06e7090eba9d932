package shift

import (
	"cmp"
	"slices"

	"lojal/internal/ledger"
)

// Assets are the columns of a report: kinds of value that are never mixed.
const (
	Gift    = "gift" // money: paid, promotional and store credit
	Points  = "points"
	Visits  = "visits"
	Coupons = "coupons"
	Stamps  = "stamps"
	Limit   = "limit"
)

// assetOf gives the column of a customer account, its debt companion included; nothing for a system one.
func assetOf(k ledger.Kind) string {
	if k.System() {
		return ""
	}
	for _, base := range [...]ledger.Kind{ledger.Paid, ledger.Promo, ledger.Credit, ledger.Points, ledger.Pending, ledger.Visits, ledger.Coupon, ledger.Stamps, ledger.Limit} {
		if k == base || k == base.Debt() {
			return assets[base]
		}
	}
	return ""
}

var assets = map[ledger.Kind]string{
	ledger.Paid: Gift, ledger.Promo: Gift, ledger.Credit: Gift, ledger.Points: Points, ledger.Pending: Points,
	ledger.Visits: Visits, ledger.Coupon: Coupons, ledger.Stamps: Stamps, ledger.Limit: Limit,
}

// rank orders columns on paper.
var rank = map[string]int{Gift: 0, Points: 1, Visits: 2, Coupons: 3, Stamps: 4, Limit: 5}

// Rows of a column, in the order in which they are printed. A row's name is also the key of its label.
var rowOrder = []string{
	"opening", "activation", "reload", "accrued", "redemption", "redeemed", "capture", "return_to_card", "restored", "clawback",
	"cash_out", "transfer", "adjustment", "expiry", "fee", "void_redemption", "void", "reversal",
}

// rowOf gives the row in which a posting on a customer account counts; nothing for an operation that moves
// no customer value, so that ZR-20 finds it.
func rowOf(op ledger.Op, asset string, amount int64) string {
	switch op {
	case ledger.RED, ledger.VIS:
		if asset == Points {
			return "redeemed"
		}
		return "redemption"
	case ledger.RET:
		switch {
		case amount < 0:
			return "clawback"
		case asset == Gift:
			return "return_to_card"
		}
		return "restored"
	case ledger.VOI:
		if asset == Gift && amount > 0 {
			return "void_redemption"
		}
		return "void"
	}
	return plainRows[op]
}

var plainRows = map[ledger.Op]string{
	ledger.OPN: "opening", ledger.ACT: "activation", ledger.LOD: "reload", ledger.EAR: "accrued", ledger.CAP: "capture", ledger.CSO: "cash_out",
	ledger.TRF: "transfer", ledger.ADJ: "adjustment", ledger.EXP: "expiry", ledger.FEE: "fee", ledger.REV: "reversal",
}

// Row is what one operation amounts to in one column. Voided counts those of them that a void of the same
// batch took back; they stay in the row, the void has a row of its own.
type Row struct {
	Name    string `json:"name"`
	Op      string `json:"op"`
	Count   int64  `json:"count"`
	Sum     int64  `json:"sum"`
	Offline int64  `json:"offline"`
	Keyed   int64  `json:"keyed"`
	Voided  int64  `json:"voided"`
}

// Column is one asset in one unit. Sums are in minor units of money or in units of the asset.
type Column struct {
	Asset string      `json:"asset"`
	Unit  ledger.Unit `json:"unit"`
	Rows  []Row       `json:"rows"`
	Net   int64       `json:"net"`
}

// Row gives a row by its name; zero when nothing was counted.
func (c Column) Row(name string) Row {
	for _, r := range c.Rows {
		if r.Name == name {
			return r
		}
	}
	return Row{Name: name}
}

// Named is a count under a code or a flag.
type Named struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Cashier is what one actor did.
type Cashier struct {
	Actor   string   `json:"actor"`
	Entries int64    `json:"entries"`
	Voids   int64    `json:"voids"`
	Flags   []Named  `json:"flags"`
	Columns []Column `json:"columns"`
}

// Product is what happened to the cards of one product.
type Product struct {
	Name          string      `json:"name"`
	Unit          ledger.Unit `json:"unit"`
	SoldCount     int64       `json:"sold_count"`
	SoldSum       int64       `json:"sold_sum"`
	RedeemedCount int64       `json:"redeemed_count"`
	RedeemedSum   int64       `json:"redeemed_sum"`
	Outstanding   int64       `json:"outstanding_change"`
}

// Span is a run of numbers, both ends included.
type Span struct {
	From    int64 `json:"from"`
	Through int64 `json:"through"`
}

// Sequence tells which numbers of a terminal's sequence the batch has (ZR-21). First is the number after
// the last one of the batch before, where that is known.
type Sequence struct {
	First      int64   `json:"first"`
	Last       int64   `json:"last"`
	Count      int64   `json:"count"`
	Missing    int64   `json:"missing"`
	Gaps       []Span  `json:"gaps"`
	Duplicates []int64 `json:"duplicates"`
}

// Grand are the grand totals of a terminal in one unit since its installation: money sold and loaded, or
// points earned; and what was redeemed. They only grow.
type Grand struct {
	Asset    string      `json:"asset"`
	Unit     ledger.Unit `json:"unit"`
	Given    int64       `json:"given"`
	Redeemed int64       `json:"redeemed"`
}

// Section is the contribution of a room above.
type Section struct {
	Name  string `json:"name"`
	Lines []Line `json:"lines"`
}

// Equation is a control equation with both its sides.
type Equation struct {
	ID    string      `json:"id"`
	Asset string      `json:"asset,omitempty"`
	Unit  ledger.Unit `json:"unit,omitempty"`
	Left  int64       `json:"left"`
	Right int64       `json:"right"`
	Holds bool        `json:"holds"`
}

// Totals are the figures of a report, computed from the entries alone.
type Totals struct {
	Entries    int64      `json:"entries"`
	Kinds      []Named    `json:"kinds"`
	Columns    []Column   `json:"columns"`
	Visits     int64      `json:"visits_used"` // those of unlimited passes included
	Flags      []Named    `json:"flags"`
	Cashiers   []Cashier  `json:"cashiers"`
	Products   []Product  `json:"products"`
	Declined   []Named    `json:"declined"`
	Tombstones int64      `json:"unknown_reversed"` // reversals of what never came
	Sequence   Sequence   `json:"sequence"`
	Grand      []Grand    `json:"grand_totals"`
	Sections   []Section  `json:"sections"`
	Equations  []Equation `json:"equations"`
}

// Flag gives how many entries carry a flag: FlagOffline, FlagKeyed.
func (t *Totals) Flag(name string) int64 { return count(t.Flags, name) }

// Flags of entries that reports count on their own.
const (
	FlagOffline = "offline"
	FlagKeyed   = "keyed"
)

func count(list []Named, name string) int64 {
	for _, n := range list {
		if n.Name == name {
			return n.Count
		}
	}
	return 0
}

// Holds tells whether every control equation holds.
func (t *Totals) Holds() bool {
	for _, e := range t.Equations {
		if !e.Holds {
			return false
		}
	}
	return true
}

// The orders in which lists are told, so that equal figures are equal bytes.

func compareRows(a, b Row) int {
	return cmp.Compare(slices.Index(rowOrder, a.Name), slices.Index(rowOrder, b.Name))
}

func compareColumns(a, b Column) int {
	return cmp.Or(cmp.Compare(rank[a.Asset], rank[b.Asset]), cmp.Compare(a.Unit, b.Unit))
}

func compareGrand(a, b Grand) int {
	return cmp.Or(cmp.Compare(rank[a.Asset], rank[b.Asset]), cmp.Compare(a.Unit, b.Unit))
}

func compareProducts(a, b Product) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Unit, b.Unit))
}

func compareLines(a, b Line) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Unit, b.Unit))
}
