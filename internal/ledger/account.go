package ledger

import "lojal/internal/base/fault"

// Kind says what an account is for.
type Kind int64

// Customer accounts. Each has one debt companion, the only kind with a floor below zero.
const (
	Paid    Kind = 1 // money that somebody paid
	Promo   Kind = 2 // money given as promotion
	Credit  Kind = 3 // store credit, handled as paid
	Points  Kind = 4 // spendable points
	Pending Kind = 5 // points that wait for their activation
	Visits  Kind = 6 // visits of a pass
	Coupon  Kind = 7 // uses of a coupon
	Stamps  Kind = 8
	Limit   Kind = 9 // granted limit of an accounting card

	debt Kind = 32 // added to a customer kind
)

// System accounts, one a unit (model: UNITS_ISSUED and so on). Their holder is 0, or a merchant for
// settlement.
const (
	UnitsIssued Kind = 64 + iota
	UnitsRedeemed
	PromoExpense
	CashClearing
	TillClearing
	Breakage
	Settlement
	FeeIncome
	CommissionPayable
	Donation
	Rounding
	Opening
	Conversion
	Adjustment
)

// Debt gives the companion that carries what the account lacks.
func (k Kind) Debt() Kind { return k | debt }

// IsDebt tells whether this is a debt companion.
func (k Kind) IsDebt() bool { return k < 64 && k&debt != 0 }

// System tells whether this is a system account, which has no cached balance.
func (k Kind) System() bool { return k >= 64 }

var kindNames = map[Kind]string{
	Paid: "paid", Promo: "promo", Credit: "credit", Points: "points", Pending: "points_pending", Visits: "visits", Coupon: "coupon", Stamps: "stamps", Limit: "limit",
	UnitsIssued: "UNITS_ISSUED", UnitsRedeemed: "UNITS_REDEEMED", PromoExpense: "PROMO_EXPENSE", CashClearing: "CASH_CLEARING", TillClearing: "TILL_CLEARING",
	Breakage: "BREAKAGE", Settlement: "SETTLEMENT", FeeIncome: "FEE_INCOME", CommissionPayable: "COMMISSION_PAYABLE", Donation: "DONATION",
	Rounding: "ROUNDING", Opening: "OPENING", Conversion: "CONVERSION", Adjustment: "ADJUSTMENT",
}

// String gives the account's name as the model writes it.
func (k Kind) String() string {
	if k.IsDebt() {
		return kindNames[k&^debt] + "_debt"
	}
	return kindNames[k]
}

// Unit is what an account counts: money by its ISO 4217 number, anything else by the tenant's own number
// from FirstAsset upwards. The unit of an account never changes.
type Unit int64

// FirstAsset is the first number of a tenant's own assets.
const FirstAsset Unit = 10_000

// Account is an owner's purse for one unit. Holder is the card, membership, pool or merchant.
type Account struct {
	Holder int64
	Kind   Kind
	Unit   Unit
}

// System gives a system account.
func System(k Kind, u Unit) Account { return Account{Kind: k, Unit: u} }

// Op is the operation that a posting belongs to: the vocabulary of ledger, reports and tills.
type Op int64

// Operations.
const (
	ISS Op = 1 + iota
	ACT
	LOD
	RED
	EAR
	BAL
	VOI
	REV
	RET
	CSO
	TRF
	ADJ
	EXP
	FEE
	HLD
	CAP
	REL
	BLK
	UBL
	SAL // a sale as a whole; its postings are EAR, RED, ACT and so on
	TMB // tombstone: closes a business key for ever
	VIS // a visit
	OPN // opening balance of an import
)

var opNames = [...]string{"", "ISS", "ACT", "LOD", "RED", "EAR", "BAL", "VOI", "REV", "RET", "CSO", "TRF", "ADJ", "EXP", "FEE", "HLD", "CAP", "REL", "BLK", "UBL", "SAL", "TMB", "VIS", "OPN"}

// String gives the three letters.
func (o Op) String() string {
	if o <= 0 || int(o) >= len(opNames) {
		return "???"
	}
	return opNames[o]
}

// ParseOp reads the three letters; 0 for none.
func ParseOp(s string) Op {
	for i, n := range opNames {
		if n == s && i > 0 {
			return Op(i)
		}
	}
	return 0
}

// Owner says what kind of thing a holder is.
type Owner int64

// Owners of accounts.
const (
	OwnerCard Owner = 1 + iota
	OwnerMembership
	OwnerPool
)

// Status of a holder; for a card it is the state of S1.
type Status int64

// Card states (S1). A membership is always Active until it is closed.
const (
	New Status = iota
	Sold
	Active
	Blocked
	Lost
	Replaced
	Expired
	Closed
)

var statusNames = [...]string{"new", "sold", "active", "blocked", "lost", "replaced", "expired", "closed"}

// String gives the state's name.
func (s Status) String() string { return statusNames[s] }

// ParseStatus reads a state's name.
func ParseStatus(name string) (Status, bool) {
	for i, n := range statusNames {
		if n == name {
			return Status(i), true
		}
	}
	return 0, false
}

// Refusal gives why a holder in this state takes no debit; nil when it does.
func (s Status) Refusal() error {
	switch s {
	case Active:
		return nil
	case Blocked:
		return fault.New(ErrCardBlocked)
	case Lost:
		return fault.New(ErrCardLost)
	case Replaced:
		return fault.New(ErrCardReplaced)
	case Expired:
		return fault.New(ErrCardExpired)
	case Closed:
		return fault.New(ErrCardClosed)
	}
	return fault.New(ErrCardNotActive)
}
