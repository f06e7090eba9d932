package sale

import (
	"strconv"
	"strings"

	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/money"
	"lojal/internal/ledger"
)

// Wallet is what customers call an account. Gift money has two buckets in one wallet, points have those
// that wait beside those that may be spent.
type Wallet string

// The wallets.
const (
	WalletPoints  Wallet = "points"
	WalletGift    Wallet = "gift"
	WalletCredit  Wallet = "credit"
	WalletVisits  Wallet = "visits"
	WalletCoupons Wallet = "coupons"
)

var walletNames = map[ledger.Kind]Wallet{
	ledger.Points: WalletPoints, ledger.Pending: WalletPoints, ledger.Paid: WalletGift, ledger.Promo: WalletGift,
	ledger.Credit: WalletCredit, ledger.Visits: WalletVisits, ledger.Coupon: WalletCoupons,
}

// WalletOf gives the wallet of a kind of account; nothing for one that customers do not see.
func WalletOf(k ledger.Kind) Wallet {
	if k.IsDebt() {
		k &^= ledger.Kind(0).Debt()
	}
	return walletNames[k]
}

const (
	accountPrefix = "acc"
	accountDigits = 7 // of kind and unit, in base 32
	unitBits      = 25
)

// FormatAccount gives the public id of a wallet's account: acc_, its holder, its kind and its unit.
func FormatAccount(a ledger.Account) string {
	tail := strconv.FormatInt(int64(a.Kind)<<unitBits|int64(a.Unit), 32)
	return id.Format(accountPrefix, a.Holder) + strings.Repeat("0", accountDigits-len(tail)) + tail
}

// ParseAccount reads what FormatAccount gives. It returns invalid_value.
func ParseAccount(s string) (ledger.Account, error) {
	bad := fault.Invalid("id", "acc_…")
	if len(s) <= accountDigits {
		return ledger.Account{}, bad
	}
	holder, err := id.Parse(accountPrefix, s[:len(s)-accountDigits])
	if err != nil {
		return ledger.Account{}, bad
	}
	tail, err := strconv.ParseInt(s[len(s)-accountDigits:], 32, 64)
	a := ledger.Account{Holder: holder, Kind: ledger.Kind(tail >> unitBits), Unit: ledger.Unit(tail & (1<<unitBits - 1))}
	if err != nil || tail < 0 || FormatAccount(a) != s || WalletOf(a.Kind) == "" || a.Kind.IsDebt() {
		return ledger.Account{}, bad
	}
	return a, nil
}

// UnitName gives what an account counts: a currency, points or visits.
func UnitName(a ledger.Account) string {
	if c, ok := money.FindNum(int32(a.Unit)); ok && a.Unit < ledger.FirstAsset {
		return c.Code
	}
	switch WalletOf(a.Kind) {
	case WalletVisits:
		return "visit"
	case WalletCoupons:
		return "use"
	}
	return "pt"
}
