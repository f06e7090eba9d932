package card

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/ledger"
)

type cardPrefix struct{}

func (cardPrefix) Prefix() string { return "crd" }

// ID is the id of a card, and of its holder in the ledger.
type ID = id.Of[cardPrefix]

type batchPrefix struct{}

func (batchPrefix) Prefix() string { return "cbt" }

// BatchID is the id of a batch of cards.
type BatchID = id.Of[batchPrefix]

// Row is a card as it is stored. Its state is not here: it is that of its holder.
type Row struct {
	Programme    string
	Product      string
	Kinds        string // presets separated by commas: bonus,gift
	Membership   int64  // of its home programme; 0 for none
	Batch        BatchID
	Transferable bool
	Links        int64
	ReplacedBy   ID
	Last4        string
	Number       []byte // sealed under the tenant's key
	PIN          []byte // keyed hash; empty for none
	CreatedAt    clock.Instant
}

// Instrument is a value by which a card is found.
type Instrument struct {
	Type   string
	Card   ID
	Last4  string
	Status string // active or ended
	From   clock.Instant
	Until  clock.Instant // 0 for no end
}

// Live is the status of an instrument that finds its card.
const (
	Live  = "active"
	Ended = "ended"
)

// key of an instrument: the blind index of its value, and its type. Strings are comparable; bytes are not.
type instrumentKey struct{ hash, kind string }

type linkKey struct {
	card      ID
	programme string
}

const cardColumns = "programme text, product text, kinds text, membership int, batch int, transferable int, links int, replaced_by int, last4 text, number_enc bytes, pin_hash bytes, created_at int"

var findCard = db.Find("card.find_card", "id int", `
	SELECT c.programme, c.product, c.kinds, c.membership, c.batch, c.transferable, c.links, c.replaced_by, c.last4, c.number_enc, c.pin_hash, c.created_at
	  FROM card c
	 WHERE c.tenant_id = $1 AND c.id = k.id
	 LIMIT 1`)

var insertCard = db.Insert("card.insert_card", "card", "id int, "+cardColumns, "")

var updateCard = db.Update("card.update_card", "card", "id int", "membership int, links int, replaced_by int, pin_hash bytes")

var findInstrument = db.Find("card.find_instrument", "hash bytes, type text", `
	SELECT i.type, i.card, i.last4, i.status, i.valid_from, i.valid_until
	  FROM instrument i
	 WHERE i.tenant_id = $1 AND i.hash = k.hash AND i.type = k.type
	 LIMIT 1`)

var insertInstrument = db.Insert("card.insert_instrument", "instrument",
	"hash bytes, type text, card int, last4 text, status text, valid_from int, valid_until int", "")

var updateInstrument = db.Update("card.update_instrument", "instrument", "hash bytes, type text", "card int, status text, valid_until int")

var findLink = db.Find("card.find_link", "card int, programme text", `
	SELECT m.membership
	  FROM card_membership m
	 WHERE m.tenant_id = $1 AND m.card = k.card AND m.programme = k.programme
	 LIMIT 1`)

var upsertLink = db.Insert("card.upsert_link", "card_membership", "card int, programme text, membership int",
	"ON CONFLICT (tenant_id, card, programme) DO UPDATE SET membership = excluded.membership")

func (r Row) put(rows *db.Rows, card int64) {
	rows.Int(card).Text(r.Programme).Text(r.Product).Text(r.Kinds).Int(r.Membership).Int(int64(r.Batch)).Int(flag(r.Transferable)).Int(r.Links).
		Int(int64(r.ReplacedBy)).Text(r.Last4).Bytes(some(r.Number)).Bytes(some(r.PIN)).Int(int64(r.CreatedAt))
}

func (i Instrument) put(rows *db.Rows, hash []byte) {
	rows.Bytes(hash).Text(i.Type).Int(int64(i.Card)).Text(i.Last4).Text(i.Status).Int(int64(i.From)).Int(int64(i.Until))
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

// some gives bytes that are there: a column without a value holds no bytes, never NULL.
func some(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

var cardSlot = ledger.Slot[ID, Row]{
	Load: func(b db.Batch, tenant int64, keys []ID, got func(ID, Row)) {
		rows := findCard.Rows()
		for _, k := range keys {
			rows.Int(int64(k))
		}
		b.Find(findCard, tenant, rows, func(i int, r db.Row) {
			got(keys[i], Row{
				Programme: r.Text(0), Product: r.Text(1), Kinds: r.Text(2), Membership: r.Int(3), Batch: BatchID(r.Int(4)), Transferable: r.Int(5) != 0,
				Links: r.Int(6), ReplacedBy: ID(r.Int(7)), Last4: r.Text(8), Number: r.Bytes(9), PIN: r.Bytes(10), CreatedAt: clock.Instant(r.Int(11)),
			})
		})
	},
	Save: func(b db.Batch, tenant int64, changes []ledger.Change[ID, Row]) {
		inserts, updates := insertCard.Rows(), updateCard.Rows()
		for _, c := range changes {
			if c.Found {
				updates.Int(int64(c.Key)).Int(c.Row.Membership).Int(c.Row.Links).Int(int64(c.Row.ReplacedBy)).Bytes(some(c.Row.PIN))
			} else {
				c.Row.put(inserts, int64(c.Key))
			}
		}
		b.Put(insertCard, tenant, inserts)
		b.Put(updateCard, tenant, updates)
	},
}

var instrumentSlot = ledger.Slot[instrumentKey, Instrument]{
	Load: func(b db.Batch, tenant int64, keys []instrumentKey, got func(instrumentKey, Instrument)) {
		rows := findInstrument.Rows()
		for _, k := range keys {
			rows.Bytes([]byte(k.hash)).Text(k.kind)
		}
		b.Find(findInstrument, tenant, rows, func(i int, r db.Row) {
			got(keys[i], Instrument{r.Text(0), ID(r.Int(1)), r.Text(2), r.Text(3), clock.Instant(r.Int(4)), clock.Instant(r.Int(5))})
		})
	},
	Save: func(b db.Batch, tenant int64, changes []ledger.Change[instrumentKey, Instrument]) {
		inserts, updates := insertInstrument.Rows(), updateInstrument.Rows()
		for _, c := range changes {
			if c.Found {
				updates.Bytes([]byte(c.Key.hash)).Text(c.Key.kind).Int(int64(c.Row.Card)).Text(c.Row.Status).Int(int64(c.Row.Until))
			} else {
				c.Row.put(inserts, []byte(c.Key.hash))
			}
		}
		b.Put(insertInstrument, tenant, inserts)
		b.Put(updateInstrument, tenant, updates)
	},
}

// linkSlot holds the memberships of a card in other programmes than its own, one a programme; 0 says that a link was undone.
var linkSlot = ledger.Slot[linkKey, int64]{
	Load: func(b db.Batch, tenant int64, keys []linkKey, got func(linkKey, int64)) {
		rows := findLink.Rows()
		for _, k := range keys {
			rows.Int(int64(k.card)).Text(k.programme)
		}
		b.Find(findLink, tenant, rows, func(i int, r db.Row) { got(keys[i], r.Int(0)) })
	},
	Save: func(b db.Batch, tenant int64, changes []ledger.Change[linkKey, int64]) {
		rows := upsertLink.Rows()
		for _, c := range changes {
			rows.Int(int64(c.Key.card)).Text(c.Key.programme).Int(c.Row)
		}
		b.Put(upsertLink, tenant, rows)
	},
}
