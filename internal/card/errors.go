package card

import (
	"errors"

	"lojal/internal/base/fault"
)

// ErrUnknown is the cause behind card_not_active when no card answers to a presented value: identify says
// "unknown" by it, every other call tells the till no more than that the card is not active.
var ErrUnknown = errors.New("no card answers to the value")

// Codes of the room that the till API does not have.
var (
	ErrAlreadyActive   = fault.Code{Name: "card_already_active", Kind: fault.Declined}
	ErrNumberTaken     = fault.Code{Name: "number_taken", Kind: fault.Conflict}            // another card has it
	ErrCardLinked      = fault.Code{Name: "card_linked", Kind: fault.Conflict}             // the card has another member in the programme
	ErrCardNotLinked   = fault.Code{Name: "card_not_linked", Kind: fault.Conflict}         // it has no member there
	ErrNotTransferable = fault.Code{Name: "not_transferable", Kind: fault.Declined}        // by the programme's setting or the card's
	ErrBatchRunning    = fault.Code{Name: "card_batch_not_finished", Kind: fault.Conflict} // its numbers are not all made yet
)
