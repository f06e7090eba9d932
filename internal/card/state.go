package card

import (
	"encoding/json"
	"slices"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
)

// Deeds make the commands of the room. There is one for each lane.
type Deeds struct {
	cards       ledger.Ref[ID, Row]
	instruments ledger.Ref[instrumentKey, Instrument]
	links       ledger.Ref[linkKey, int64]
	facts       ledger.Ref[string, []factsRow]
}

// Register gives the tables of the room to a lane, before it starts.
func Register(l *ledger.Lane) *Deeds {
	return &Deeds{
		cards:       ledger.Register(l, "card.card", cardSlot),
		instruments: ledger.Register(l, "card.instrument", instrumentSlot),
		links:       ledger.Register(l, "card.link", linkSlot),
		facts:       ledger.Register(l, "card.facts", factsSlot),
	}
}

// Act is what every deed on a card carries. The reason is a word, never a sentence: entries are kept for
// ever and hold no personal data (D17).
type Act struct {
	Operation ledger.Operation
	Day       clock.Day // business date
	Reason    string    // a code of small letters, digits and underscores: stolen, wrong_client; may be empty
}

const maxReason = 40

// Validate refuses a reason that is not a code.
func (a Act) Validate() error {
	for i := range len(a.Reason) {
		if c := a.Reason[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return fault.Invalid("reason", "a code of small letters, digits and underscores")
		}
	}
	if len(a.Reason) > maxReason {
		return fault.Invalid("reason", "at most 40 characters")
	}
	return nil
}

// begin starts the entry of a deed.
func (a Act) begin(v *ledger.View, kind ledger.Op) *ledger.Draft {
	d := v.Begin(kind)
	d.BusinessDate, d.ValueDate = a.Day, a.Day
	return d
}

// note is the document of a deed's entry: the audit facts, without personal data.
type note struct {
	Act        string `json:"act"`
	Card       ID     `json:"card,omitempty"`
	Other      ID     `json:"other,omitempty"`
	Programme  string `json:"programme,omitempty"`
	Product    string `json:"product,omitempty"`
	Type       string `json:"type,omitempty"` // of an instrument
	From       string `json:"from,omitempty"`
	To         string `json:"to,omitempty"`
	Membership string `json:"membership,omitempty"`
	Before     string `json:"before,omitempty"` // the membership that was linked until now
	Reason     string `json:"reason,omitempty"`
	Actor      string `json:"actor,omitempty"`
}

func (a Act) write(d *ledger.Draft, n note) {
	n.Reason, n.Actor = a.Reason, a.Operation.Actor
	b, err := json.Marshal(n)
	if err != nil {
		panic("card: a note does not encode: " + err.Error())
	}
	d.Doc = string(b)
}

func membershipName(m int64) string {
	if m == 0 {
		return ""
	}
	return id.Format("mbs", m)
}

// steps are the changes of state that S1 allows.
var steps = map[ledger.Status][]ledger.Status{
	ledger.New:      {ledger.Sold, ledger.Active, ledger.Closed},
	ledger.Sold:     {ledger.Active, ledger.Closed},
	ledger.Active:   {ledger.Blocked, ledger.Lost, ledger.Expired, ledger.Closed},
	ledger.Blocked:  {ledger.Active, ledger.Lost, ledger.Closed},
	ledger.Lost:     {ledger.Replaced, ledger.Closed},
	ledger.Replaced: {ledger.Closed},
	ledger.Expired:  {ledger.Active, ledger.Closed},
}

// Step returns why a card may not go from one state to the other: the code of the state that it is in.
func Step(from, to ledger.Status) error {
	switch {
	case slices.Contains(steps[from], to):
		return nil
	case from == ledger.Active:
		return fault.New(ErrAlreadyActive)
	}
	return from.Refusal()
}

// stepOp gives the operation that a change of state is booked as.
func stepOp(from, to ledger.Status) ledger.Op {
	switch {
	case to == ledger.Sold:
		return ledger.ISS
	case to == ledger.Active && from < ledger.Active:
		return ledger.ACT
	case to == ledger.Active:
		return ledger.UBL
	}
	return ledger.BLK
}

// NeedCard asks the lane for a card and its holder.
func (s *Deeds) NeedCard(n *ledger.Needs, card ID) {
	s.cards.Need(n, card)
	n.Holder(int64(card))
}

// status gives the state of a card; a card without a holder is stock. It returns card_not_active with
// ErrUnknown when there is no such card.
func (s *Deeds) status(v *ledger.View, card ID) (ledger.Status, error) {
	if h := v.Holder(int64(card)); h != nil {
		return h.Status, nil
	}
	if _, ok := s.cards.Get(v, card); !ok {
		return 0, fault.Wrap(ledger.ErrCardNotActive, ErrUnknown)
	}
	return ledger.New, nil
}

// Move changes the state of a card inside another room's command, which has asked for it by NeedCard: a
// sale that sells a gift card activates it in the entry of the sale. It gives the state before.
func (s *Deeds) Move(v *ledger.View, d *ledger.Draft, card ID, to ledger.Status) (ledger.Status, error) {
	from, err := s.status(v, card)
	if err == nil {
		err = Step(from, to)
	}
	if err != nil {
		return from, err
	}
	if v.Holder(int64(card)) == nil {
		v.Create(int64(card), ledger.OwnerCard, to)
	} else {
		v.SetStatus(int64(card), to)
	}
	d.Touch(int64(card))
	return from, nil
}

// Change is the command that changes the state of a card: sell, activate, block, unblock, report lost,
// close.
type Change struct {
	Act
	Card ID
	To   ledger.Status
	only []ledger.Status // states that the deed starts from, when it is narrower than S1
	deed string
	in   *Deeds
}

// Sell marks a card as handed over and not activated yet.
func (s *Deeds) Sell(a Act, c ID) Change {
	return Change{Act: a, Card: c, To: ledger.Sold, deed: "sell", in: s}
}

// Activate lets a new, sold or expired card be used. It returns card_already_active, or the code of the
// state that forbids it.
func (s *Deeds) Activate(a Act, c ID) Change {
	return Change{Act: a, Card: c, To: ledger.Active, deed: "activate", only: []ledger.Status{ledger.New, ledger.Sold, ledger.Expired}, in: s}
}

// Block stops debits of an active card until it is unblocked.
func (s *Deeds) Block(a Act, c ID) Change {
	return Change{Act: a, Card: c, To: ledger.Blocked, deed: "block", in: s}
}

// Unblock lets a blocked card be used again.
func (s *Deeds) Unblock(a Act, c ID) Change {
	return Change{Act: a, Card: c, To: ledger.Active, deed: "unblock", only: []ledger.Status{ledger.Blocked}, in: s}
}

// MarkLost stops a card for good; only its replacement takes its value.
func (s *Deeds) MarkLost(a Act, c ID) Change {
	return Change{Act: a, Card: c, To: ledger.Lost, deed: "lost", in: s}
}

// Close ends a card in any state.
func (s *Deeds) Close(a Act, c ID) Change {
	return Change{Act: a, Card: c, To: ledger.Closed, deed: "close", in: s}
}

// Op names the operation.
func (c Change) Op() ledger.Operation {
	op := c.Operation
	op.Kind = ledger.BLK
	return op
}

// Need asks for the card.
func (c Change) Need(n *ledger.Needs) { c.in.NeedCard(n, c.Card) }

// Decide changes the state by S1.
func (c Change) Decide(v *ledger.View) error {
	if err := c.Validate(); err != nil {
		return err
	}
	from, err := c.in.status(v, c.Card)
	if err != nil {
		return err
	}
	if c.only != nil && !slices.Contains(c.only, from) {
		if from == ledger.Active {
			return fault.New(ErrAlreadyActive)
		}
		return from.Refusal()
	}
	d := c.begin(v, stepOp(from, c.To))
	if _, err := c.in.Move(v, d, c.Card, c.To); err != nil {
		return err
	}
	c.write(d, note{Act: c.deed, Card: c.Card, From: from.String(), To: c.To.String()})
	return nil
}
