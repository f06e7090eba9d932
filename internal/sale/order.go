package sale

import (
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/proof"
	"lojal/internal/reward"
)

// Place is where an operation happens, as the merchant room knows it.
type Place struct {
	Tenant     int64
	Client     int64 // terminal or integration: the key space of idempotency
	Merchant   int64
	Outlet     int64
	OutletCode string
	Terminal   int64 // 0 for an integration without one
	Zone       *time.Location
	ClosesAt   time.Duration
	Loose      bool // no clock check: the server runs on a test clock
}

// Day gives the business date of an instant.
func (p Place) Day(at clock.Instant) clock.Day { return clock.BusinessDay(at, p.Zone, p.ClosesAt) }

// Party is a card that takes part, with the membership that it stands for. These facts are read before the
// lane; Links tells inside it whether they have moved.
type Party struct {
	Card       int64
	Membership int64
	Programme  *programme.Programme
	Product    string
	Masked     string
	Links      int64

	facts *card.Facts
}

// Holder gives the owner of points, credit, visits and coupons: the membership if there is one, else the card.
func (p *Party) Holder() int64 {
	if p.Membership != 0 {
		return p.Membership
	}
	return p.Card
}

// fresh tells whether the facts read before the lane still hold there.
func (p *Party) fresh(v *ledger.View) bool {
	h := v.Holder(p.Card)
	return h == nil || h.Links == p.Links
}

// Order is a sale that is ready to be decided: everything that never changes is resolved, everything that
// can change is asked of the lane.
type Order struct {
	Place
	Op        ledger.Operation
	Config    int64
	At        clock.Instant // evaluation time; 0 means the time of booking
	Version   *programme.Version
	Programme *programme.Programme
	Primary   *Party  // nil for an anonymous sale
	Gifts     []Party // one per Wish.Gift, same order
	Gives     []Party // one per line with Give, in their order
	Vouchers  []int64 // one per Wish.Coupons, same order
	Basket    reward.Basket
	Wish      reward.Wish
	Token     *Token        // of the quote that is committed
	Hold      *ledger.Entry // the hold that the quote opened
	Offline   bool
	Advice    bool
	Note      Note

	limited []int          // positions of the rules whose uses must be known
	proof   proof.Use      // an accepted proof of possession of the primary card
	shown   card.Presented // what the primary card was read from; a rotating code is a proof of possession
}

// Note is what is stored with a sale and only shown: it changes no amount.
type Note struct {
	Fiscal   string   `json:"fiscal,omitempty"` // the device's own record, as sent
	Unknown  []string `json:"unknown,omitempty"`
	Order    string   `json:"order,omitempty"`
	Cashier  string   `json:"cashier,omitempty"`
	Entry    string   `json:"entry,omitempty"` // how the card was read
	OneShot  bool     `json:"one,omitempty"`
	BaseFrom string   `json:"base,omitempty"` // the document's own currency, where it is not the tenant's
}

// Money gives the ledger's unit of the order's currency.
func (o *Order) Money() ledger.Unit { return ledger.Unit(o.Basket.Currency.Num) }

func (o *Order) points() ledger.Account {
	return ledger.Account{Holder: o.Primary.Holder(), Kind: ledger.Points, Unit: o.Programme.Points}
}

func (o *Order) purse(card int64, k ledger.Kind) ledger.Account {
	return ledger.Account{Holder: card, Kind: k, Unit: o.Money()}
}
