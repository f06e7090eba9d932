package simulate

import (
	"encoding/binary"
	"fmt"

	"lojal/internal/base/clock"
	"lojal/internal/card"
	"lojal/internal/ledger"
	"lojal/internal/reward"
	"lojal/internal/sale"

	"lojal/internal/lab/model"
)

// plastic is a card in somebody's hand, as its holder knows it.
type plastic struct {
	id      int64
	number  string
	product string
	member  int64 // its membership, 0 for none
	dead    bool  // closed or replaced: seldom shown again
}

func (p *plastic) owner() int64 {
	if p.member != 0 {
		return p.member
	}
	return p.id
}

func (p *plastic) party() model.Party { return model.Party{Card: p.id, Owner: p.owner()} }

func (p *plastic) shown() card.Presented {
	return card.Presented{Kind: "scan", Value: p.number, Entry: "barcode"}
}

// spend is a gift card that pays a part, load a line that puts value on a card.
type spend struct {
	card   *plastic
	amount int64
}

type load struct {
	card    *plastic
	product string
	face    int64
	pass    bool
	qty     int64
}

// quoted is what a till keeps of a quote.
type quoted struct {
	token     string
	at, until clock.Instant
	hold      *op // the operation that reserved; nil for a quote that reserves nothing
	version   *model.Rules
	splits    []model.Split
	owner     int64 // of the points, when it was made
}

// op is an operation as somebody meant it: what does not change however often it is sent.
type op struct {
	n        int64
	kind     string
	t        *till // nil for the host
	key      int64
	print    int64
	sequence int64
	receipt  int64
	at       clock.Instant // the till's claim; 0 for none
	advice   bool
	unknown  bool // it names a card that is nobody's

	card, other *plastic
	amount      int64
	deed        sale.Deed
	change      string
	member      int64

	burn     int64
	gifts    []spend
	coupons  []string
	vouchers []int64
	noCode   bool
	tooMuch  bool
	onlyGift bool
	gives    []load
	lines    []reward.Line
	seconds  int64 // of a hold
	quote    *quoted

	orig  *op
	named string // how the original is named: id, place, receipt
	ask   []int64
	all   bool
	void  bool

	// what became of it
	seq     int64 // its entry
	code    string
	date    clock.Day // business date of its entry
	settled bool      // applied or declined for good
	body    []byte    // of its first answer
	moved   bool      // its sequence was used before: it cannot be named by it
}

// keyText writes a key. Tills use the same keys: key spaces are theirs alone.
func keyText(k int64) string { return fmt.Sprintf("k%08d", k) }

// fingerprint stands for the content of an operation.
func fingerprint(print int64) []byte {
	b := make([]byte, 16)
	binary.BigEndian.PutUint64(b[8:], uint64(print))
	return b
}

// client gives the key space of an operation: its till, or the console of the host.
func (o *op) client() int64 {
	if o.t == nil {
		return consoleClient
	}
	return o.t.place.Client
}

const consoleClient = 77

// model gives what the reference is told of every operation.
func (o *op) model(now clock.Instant) model.Op {
	m := model.Op{Clock: int64(now), Client: o.client(), Key: o.key, Print: o.print, Advice: o.advice, Offline: o.advice, Door: o.door(now), Till: int64(o.at)}
	if o.t != nil {
		m.Terminal, m.Sequence, m.Receipt = o.t.place.Terminal, o.sequence, o.receipt
	}
	return m
}

const mostSkew = 10 * clock.Minute

// door gives why an operation is refused before anything is looked up or decided: the till's clock is too far
// off while it is online, or the card is nobody's.
func (o *op) door(now clock.Instant) string {
	asks := o.kind != "return" && o.kind != "void" && o.kind != "reversal"
	switch {
	case asks && o.at != 0 && !o.advice && (o.at > now+mostSkew || o.at < now-mostSkew):
		return "clock_skew"
	case o.unknown:
		return "card_not_active"
	}
	return ""
}

// operation gives what the lane must know of a deed of the host.
func (s *sim) operation(o *op, kind ledger.Op) ledger.Operation {
	return ledger.Operation{Tenant: s.tenant, Client: o.client(), Key: keyText(o.key), Fingerprint: fingerprint(o.print), Kind: kind, Origin: ledger.Origin{Actor: "host"}}
}

// request gives the operation as a room is asked.
func (o *op) request() *sale.Request {
	q := &sale.Request{
		ID: keyText(o.key), Fingerprint: fingerprint(o.print), Receipt: receiptText(o.receipt), Currency: "EUR", At: o.at, TerminalSeq: o.sequence,
		Context: sale.Context{Outlet: o.t.outlet, Terminal: o.t.code, Cashier: "c01"}, Advice: o.advice, Offline: o.advice,
	}
	if o.card != nil {
		q.Presented = []card.Presented{o.card.shown()}
	}
	if o.unknown {
		q.Presented = []card.Presented{{Kind: "scan", Value: "9428999999999999", Entry: "barcode"}}
	}
	return q
}

func receiptText(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("R%d", n)
}
