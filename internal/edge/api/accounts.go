package api

import (
	"net/http"

	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/programme"
	"lojal/internal/sale"
)

// Account is one wallet of a card or a membership, in minor units of money, points, or visits.
type Account struct {
	ID      string      `json:"id"`
	Wallet  sale.Wallet `json:"wallet"`
	Unit    string      `json:"unit"`
	Active  int64       `json:"active" doc:"Posted and not expired."`
	Pending int64       `json:"pending" doc:"Waits for its activation."`
	Held    int64       `json:"held"`
	Free    int64       `json:"available" doc:"What may be spent now: active less held, nothing while there is debt."`
	Debt    int64       `json:"debt"`
	Shown   int64       `json:"shown" doc:"What the owner is told: active less debt."`
	Promo   int64       `json:"promo,omitempty" doc:"Part of active that was given, not paid."`
}

// AccountState is an account with its lots.
type AccountState struct {
	Seen
	Account
	Card       card.ID `json:"card,omitempty"`
	Membership string  `json:"membership,omitempty"`
	Programme  string  `json:"programme"`
	Lots       []Lot   `json:"lots" doc:"In the order in which they are consumed."`
	Holds      []Hold  `json:"holds"`
}

// Lot is an open part of an account.
type Lot struct {
	Bucket    string    `json:"bucket" enum:"paid,promo,credit,points,points_pending,visits,coupon"`
	Remaining int64     `json:"remaining"`
	ActiveAt  string    `json:"active_at,omitempty"`
	Until     clock.Day `json:"valid_through,omitzero"`
}

// Hold is an open reservation.
type Hold struct {
	Amount int64  `json:"amount"`
	EndsAt string `json:"ends_at"`
}

// accountKinds are the kinds of account behind each wallet, the one that names it first.
var accountKinds = map[ledger.Kind][]ledger.Kind{
	ledger.Points: {ledger.Points, ledger.Pending}, ledger.Paid: {ledger.Paid, ledger.Promo}, ledger.Credit: {ledger.Credit}, ledger.Visits: {ledger.Visits},
}

// accounts gives the wallets of a card, of a membership, or of both. Without a standing they are empty, as
// they are when they are made.
func (a *API) accounts(p *programme.Programme, card, membership int64, st *sale.Standing) []Account {
	coins := ledger.Unit(p.At(a.Clock.Now()).Currency.Num)
	who := owner(card, membership)
	list := []ledger.Account{{Holder: who, Kind: ledger.Points, Unit: p.Points}}
	if card != 0 {
		list = append(list, ledger.Account{Holder: card, Kind: ledger.Paid, Unit: coins})
	}
	list = append(list, ledger.Account{Holder: who, Kind: ledger.Credit, Unit: coins}, ledger.Account{Holder: who, Kind: ledger.Visits, Unit: p.Visits})
	out := []Account{}
	for _, x := range list {
		out = append(out, accountOf(x, st))
	}
	return out
}

// accountOf sums the accounts behind a wallet.
func accountOf(x ledger.Account, st *sale.Standing) Account {
	out := Account{ID: sale.FormatAccount(x), Wallet: sale.WalletOf(x.Kind), Unit: sale.UnitName(x)}
	if st == nil {
		return out
	}
	h := st.Holders[x.Holder]
	if h == nil {
		return out
	}
	for _, k := range accountKinds[x.Kind] {
		b := h.Balance(k, x.Unit)
		out.Held += b.Held
		out.Debt -= h.Balance(k.Debt(), x.Unit).Posted
		if k == ledger.Pending {
			out.Pending += b.Posted
			continue
		}
		out.Active += b.Posted
		out.Free += st.Free[ledger.Account{Holder: x.Holder, Kind: k, Unit: x.Unit}]
		if k == ledger.Promo {
			out.Promo = b.Posted
		}
	}
	out.Shown = out.Active - out.Debt
	return out
}

// standing gives the wallets of a card and a membership as they stand.
func (a *API) standing(c *call, p *programme.Programme, card, membership int64) ([]Account, error) {
	st, err := a.Sales.Stand(c.r.Context(), c.tenant, card, owner(card, membership))
	if err != nil {
		return nil, err
	}
	return a.accounts(p, card, membership, &st), nil
}

// purse is an account with what it belongs to.
type purse struct {
	account    ledger.Account
	card       int64 // the one that stands for it: its own, or the first of its member
	membership int64
	programme  *programme.Programme
}

// purseAt finds the account that a public id names. It returns not_found for another tenant's.
func (a *API) purseAt(c *call, text string) (*purse, error) {
	x, err := sale.ParseAccount(text)
	if err != nil || accountKinds[x.Kind] == nil {
		return nil, fault.New(fault.ErrNotFound)
	}
	out := &purse{account: x}
	var owner ledger.Owner
	var of []card.ID
	err = a.DB.Read(c.r.Context(), c.tenant, func(tx db.Tx) (err error) {
		if owner, err = ledger.ReadOwner(c.r.Context(), tx, x.Holder); err == nil && owner == ledger.OwnerMembership {
			of, err = card.OfMember(c.r.Context(), tx, x.Holder)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.card = x.Holder
	if owner == ledger.OwnerMembership {
		out.membership, out.card = x.Holder, first(of)
	}
	return out, a.programmeOfPurse(c, out)
}

// programmeOfPurse finds the programme whose units the account counts.
func (a *API) programmeOfPurse(c *call, x *purse) error {
	name := ""
	if x.card != 0 {
		row, err := a.cardRow(c, card.ID(x.card))
		if err != nil {
			return err
		}
		name = row.Programme
	}
	shelf, err := a.shelf(c)
	if err != nil {
		return err
	}
	for _, p := range shelf.Programmes {
		coins := x.account.Unit < ledger.FirstAsset && (p.ID == name || name == "") && ledger.Unit(p.At(a.Clock.Now()).Currency.Num) == x.account.Unit
		if coins || x.account.Unit == p.Points && x.account.Kind == ledger.Points || x.account.Unit == p.Visits && x.account.Kind == ledger.Visits {
			x.programme = p
			return nil
		}
	}
	return fault.New(fault.ErrNotFound)
}

func (a *API) accountRoutes() {
	const tag = "accounts"
	read(a, op{path: "/v1/accounts/{id}", id: "read-account", tag: tag, summary: "Read an account with its lots", scope: "accounts:read"}, a.readAccount)
	statement := op{path: "/v1/accounts/{id}/statement", id: "read-statement", tag: tag, summary: "List what moved an account, the newest first", scope: "accounts:read"}
	statement.query = []param{paramAfter, paramLimit}
	read(a, statement, a.statement)
	write(a, op{method: http.MethodPatch, path: "/v1/accounts/{id}", id: "change-account", tag: tag, summary: "Change an account", scope: "accounts:write",
		about: "What an account counts never changes: currency, unit, wallet and owner are refused with field_immutable."}, plain, false, a.changeAccount)
	deeds := []struct {
		name, summary string
		deed          sale.Deed
	}{
		{"activate", "Make a new card active, with a first load", sale.Activate},
		{"load", "Put paid money on a gift account", sale.Load},
		{"redeem", "Spend value outside a basket", sale.Redeem},
		{"refund", "Give back what an earlier redemption took", sale.Refund},
		{"adjust", "Give or take value by hand", sale.Adjust},
		{"transfer", "Move value to another account", sale.Transfer},
		{"clear", "Take all that is available", sale.Clear},
		{"cashout", "Pay unused paid money to the bearer", sale.CashOut},
	}
	for _, d := range deeds {
		o := op{method: http.MethodPost, path: "/v1/accounts/{id}/" + d.name, id: d.name + "-account", tag: tag, summary: d.summary, scope: "accounts:write", about: aboutDeed[d.deed]}
		book[AccountDeed, sale.PurseAnswer](a, o, func(c *call, in *AccountDeed) sale.Answer { return a.accountDeed(c, d.deed, in) })
	}
	a.stopRoutes()
}

// aboutDeed says what is particular to a deed.
var aboutDeed = map[sale.Deed]string{
	sale.Adjust: "The reason is kept with the entry. An integration brings the approval of a manager; the tenant's administrator needs none.",
	sale.Clear:  "An integration brings the approval of a manager; the tenant's administrator needs none.",
	sale.Refund: "`original` names the redemption by its id, its key or its retrieval number; without an amount all that is left is given back.",
}

// stopRoutes block and unblock the card that an account belongs to.
func (a *API) stopRoutes() {
	for _, name := range []string{"block", "unblock"} {
		o := op{method: http.MethodPost, path: "/v1/accounts/{id}/" + name, id: name + "-account", tag: "accounts", scope: "accounts:write",
			summary: map[string]string{"block": "Stop debits of the account's card", "unblock": "Let the account's card be used again"}[name]}
		book[CardDeed, CardState](a, o, func(c *call, in *CardDeed) sale.Answer {
			x, err := a.purseAt(c, c.r.PathValue("id"))
			if err == nil && x.card == 0 {
				err = fault.New(fault.ErrNotFound)
			}
			if err != nil {
				return sale.Answer{Err: err}
			}
			c.r.SetPathValue("id", card.ID(x.card).String())
			if name == "block" {
				return a.changeCard(c, name, in.Reason, func(act card.Act, id card.ID) card.Change { return a.Cards.Block(act, id) })
			}
			return a.changeCard(c, name, in.Reason, func(act card.Act, id card.ID) card.Change { return a.Cards.Unblock(act, id) })
		})
	}
}

// AccountDeed is an operation on an account.
type AccountDeed struct {
	Amount   *money.Value `json:"amount,omitempty" doc:"Of money; negative in an adjustment takes."`
	Points   int64        `json:"points,omitempty" doc:"Of points and visits; negative in an adjustment takes."`
	Bucket   string       `json:"bucket,omitempty" enum:"paid,promo" doc:"Of an adjustment of gift money."`
	Until    *Day         `json:"until,omitempty" doc:"Last day of what an adjustment gives."`
	To       string       `json:"to,omitempty" doc:"The other account of a transfer."`
	Original string       `json:"original,omitempty" doc:"The redemption that a refund gives back."`
	Reason   string       `json:"reason,omitempty" doc:"At most 100 bytes, without personal data."`
	Approval string       `json:"approval,omitempty" doc:"Token of an approval."`
	Outlet   string       `json:"outlet,omitempty" doc:"Code of the outlet where it happens; the tenant's only one when it is absent."`
}

// AccountChange is what somebody may try to change of an account.
type AccountChange struct {
	Currency *string `json:"currency,omitempty"`
	Unit     *string `json:"unit,omitempty"`
	Wallet   *string `json:"wallet,omitempty"`
	Owner    *string `json:"owner,omitempty"`
}

func (a *API) changeAccount(c *call, in *AccountChange) (deed[AccountState], error) {
	x, err := a.purseAt(c, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"currency", in.Currency}, {"unit", in.Unit}, {"wallet", in.Wallet}, {"owner", in.Owner}} {
		if f.to != nil {
			return nil, fault.New(fault.ErrFieldImmutable, "field", f.name)
		}
	}
	out, err := a.state(c, x)
	return func(db.Tx) (*AccountState, error) { return out, nil }, err
}

func (a *API) readAccount(c *call) (*AccountState, error) {
	x, err := a.purseAt(c, c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return a.state(c, x)
}

func (a *API) state(c *call, x *purse) (*AccountState, error) {
	st, err := a.Sales.Stand(c.r.Context(), c.tenant, x.account.Holder)
	if err != nil {
		return nil, err
	}
	out := &AccountState{Account: accountOf(x.account, &st), Card: card.ID(x.card), Programme: x.programme.ID, Lots: []Lot{}, Holds: []Hold{}}
	if x.membership != 0 {
		out.Card, out.Membership = 0, membershipID(x.membership)
	}
	h := st.Holders[x.account.Holder]
	if h == nil {
		return out, nil
	}
	for _, k := range accountKinds[x.account.Kind] {
		for _, l := range h.Lots {
			if l.Kind == k && l.Unit == x.account.Unit {
				out.Lots = append(out.Lots, Lot{k.String(), l.Remaining, c.text(l.Starts), l.Until})
			}
		}
		for _, o := range h.Holds {
			if o.Kind == k && o.Unit == x.account.Unit {
				out.Holds = append(out.Holds, Hold{o.Amount, c.text(o.Ends)})
			}
		}
	}
	return out, nil
}
