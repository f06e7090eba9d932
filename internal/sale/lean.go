package sale

import (
	"slices"
	"strconv"
	"strings"

	"lojal/internal/reward"
)

// What a document says in one place it does not say in another: lean leaves out of the stored form what the
// rest of it tells, whole puts it back. What does not follow from the rest is stored as it is.

// maskStars begins what is shown of a card number; what follows is what the document keeps.
const maskStars = "************"

// lean gives a copy for storing.
func (r *Record) lean() *Record {
	out := *r
	if r.Masks != nil {
		out.Masks = make([]string, len(r.Masks))
		for i, m := range r.Masks {
			out.Masks[i] = keptOf(m)
		}
	}
	if r.Balances != nil {
		out.Balances = slices.Clone(r.Balances)
		for i := range out.Balances {
			out.Balances[i].Card = keptOf(out.Balances[i].Card)
		}
	}
	if r.Wish != nil {
		wish := *r.Wish
		out.Wish = &wish
		wish.Gift, wish.Tenders = slices.Clone(wish.Gift), slices.Clone(wish.Tenders)
		for i := range wish.Gift {
			wish.Gift[i].Value = r.shortOf(wish.Gift[i].Value)
		}
		for i := range wish.Tenders {
			wish.Tenders[i].Value = r.shortOf(wish.Tenders[i].Value)
		}
	}
	if r.Sold != nil {
		out.Sold = r.leanSold()
	}
	return &out
}

func (r *Record) leanSold() *reward.Sold {
	sold := *r.Sold
	sold.Gifts = slices.Clone(sold.Gifts)
	for i := range sold.Gifts {
		sold.Gifts[i].Value = r.shortOf(sold.Gifts[i].Value)
	}
	if r.Basket == nil || len(sold.Lines) != len(r.Basket.Lines) {
		return &sold
	}
	sold.Lines = slices.Clone(sold.Lines)
	for i := range sold.Lines {
		l, b := &sold.Lines[i], &r.Basket.Lines[i]
		if l.No == b.No && l.Qty == b.Qty {
			l.No, l.Qty = 0, 0
		}
		l.Weight = packWeight(l.Weight)
	}
	switch {
	case len(sold.Tenders) == 0:
		sold.Tenders = []reward.TenderOutcome{} // no tenders is not the same as those of the till
	case slices.Equal(sold.Tenders, r.paid()):
		sold.Tenders = nil
	}
	return &sold
}

// whole puts back what lean has left out.
func (r *Record) whole() {
	for i, m := range r.Masks {
		r.Masks[i] = maskOf(m)
	}
	for i := range r.Balances {
		r.Balances[i].Card = maskOf(r.Balances[i].Card)
	}
	if r.Wish != nil {
		for i := range r.Wish.Gift {
			r.Wish.Gift[i].Value = r.longOf(r.Wish.Gift[i].Value)
		}
		for i := range r.Wish.Tenders {
			r.Wish.Tenders[i].Value = r.longOf(r.Wish.Tenders[i].Value)
		}
	}
	if r.Sold != nil {
		r.wholeSold()
	}
}

func (r *Record) wholeSold() {
	for i := range r.Sold.Gifts {
		r.Sold.Gifts[i].Value = r.longOf(r.Sold.Gifts[i].Value)
	}
	if r.Basket == nil || len(r.Sold.Lines) != len(r.Basket.Lines) {
		return
	}
	for i := range r.Sold.Lines {
		l, b := &r.Sold.Lines[i], &r.Basket.Lines[i]
		if l.No == 0 && l.Qty == 0 {
			l.No, l.Qty = b.No, b.Qty
		}
		l.Weight = unpackWeight(l.Weight)
	}
	if r.Sold.Tenders == nil {
		r.Sold.Tenders = r.paid()
	}
}

// paid gives the tenders as the till named them.
func (r *Record) paid() []reward.TenderOutcome {
	if r.Wish == nil || r.Wish.Tenders == nil {
		return nil
	}
	out := make([]reward.TenderOutcome, len(r.Wish.Tenders))
	for i, t := range r.Wish.Tenders {
		out[i] = reward.TenderOutcome(t)
	}
	return out
}

// weightUnit is the weight of one minor unit of money that earns once: most weights are whole numbers of it.
const weightUnit = 10_000

// packWeight writes a whole number of weightUnit as an even number and any other weight as an odd one.
func packWeight(w int64) int64 {
	if w%weightUnit == 0 {
		return w / weightUnit * 2
	}
	return w*2 + 1
}

// unpackWeight reads what packWeight wrote.
func unpackWeight(w int64) int64 {
	if w&1 == 0 {
		return w / 2 * weightUnit
	}
	return (w - 1) / 2
}

const placeMark = '#'

// shortOf gives the reference of a card by its place among the record's gift cards.
func (r *Record) shortOf(ref string) string {
	for i, g := range r.Gifts {
		if ref == cardRef(g) {
			return string(placeMark) + strconv.Itoa(i)
		}
	}
	if ref != "" && (ref[0] == placeMark || ref[0] == wholeMark) {
		return string(wholeMark) + ref
	}
	return ref
}

// longOf reads what shortOf wrote.
func (r *Record) longOf(kept string) string {
	switch {
	case kept == "":
		return ""
	case kept[0] == wholeMark:
		return kept[1:]
	case kept[0] != placeMark:
		return kept
	}
	if i, err := strconv.Atoi(kept[1:]); err == nil && i >= 0 && i < len(r.Gifts) {
		return cardRef(r.Gifts[i])
	}
	return kept
}

// keptOf gives what is kept of what is shown of a card number; a text that is not of that form is kept
// whole behind a mark.
func keptOf(mask string) string {
	rest, ok := strings.CutPrefix(mask, maskStars)
	if mask == "" || ok && rest != "" && rest[0] != wholeMark {
		return rest
	}
	return string(wholeMark) + mask
}

const wholeMark = '='

// maskOf gives what is shown of a number of which this is kept.
func maskOf(kept string) string {
	switch {
	case kept == "":
		return ""
	case kept[0] == wholeMark:
		return kept[1:]
	}
	return maskStars + kept
}
