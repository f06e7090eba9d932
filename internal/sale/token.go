package sale

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/money"
	"lojal/internal/reward"
)

// Token is what a quote's id says: the version and the instant by which it was priced, until when it
// stands, the digests of what was asked and of what came out, and the hold that it opened. It is signed,
// not stored (A11), and at most 160 characters long.
type Token struct {
	Programme string
	N         int64 // position of the version among those of its programme
	At        clock.Instant
	Until     clock.Instant
	Input     [12]byte
	Result    [12]byte
	Hold      int64 // seq of the hold's entry; 0 for none
	Lapsed    bool  // its time is over: the present version prices
}

const quotePrefix = "quo_"

// sign writes the token for a tenant.
func (t Token) sign(secret []byte) string {
	b := make([]byte, 0, 96)
	b = binary.AppendUvarint(b, uint64(t.N))
	b = binary.AppendUvarint(b, uint64(t.At))
	b = binary.AppendUvarint(b, uint64(t.Until-t.At))
	b = binary.AppendUvarint(b, uint64(t.Hold))
	b = append(b, t.Input[:]...)
	b = append(b, t.Result[:]...)
	b = append(b, t.Programme...)
	mac := tokenMAC(secret, "quote", b)
	return quotePrefix + base64.RawURLEncoding.EncodeToString(append(mac[:16], b...))
}

func tokenMAC(secret []byte, purpose string, b []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write(b)
	return h.Sum(nil)
}

// readToken checks and reads a quote's id. It returns invalid_value for anything that we did not sign.
func readToken(secret []byte, s string) (Token, error) {
	bad := fault.Invalid("quote", "the id of a quote of this system")
	if len(s) < len(quotePrefix) || s[:len(quotePrefix)] != quotePrefix {
		return Token{}, bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(s[len(quotePrefix):])
	if err != nil || len(raw) < 16+4+24 {
		return Token{}, bad
	}
	mac, b := raw[:16], raw[16:]
	if !hmac.Equal(mac, tokenMAC(secret, "quote", b)[:16]) {
		return Token{}, bad
	}
	var t Token
	var nums [4]uint64
	for i := range nums {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return Token{}, bad
		}
		nums[i], b = v, b[n:]
	}
	if len(b) < 24 {
		return Token{}, bad
	}
	t.N, t.At, t.Hold = int64(nums[0]), clock.Instant(nums[1]), int64(nums[3])
	t.Until = t.At + clock.Instant(nums[2])
	copy(t.Input[:], b[:12])
	copy(t.Result[:], b[12:24])
	t.Programme = string(b[24:])
	return t, nil
}

// inputDigest covers the basket without the till's own prices, the cards and the wish with each "max"
// resolved.
func (o *Order) inputDigest() [12]byte { return o.digestOf(&o.Wish) }

func (o *Order) digestOf(w *reward.Wish) [12]byte {
	type input struct {
		Lines   []reward.Line
		Burn    int64
		Coupons []int64
		Rewards []string
		Gifts   []int64
		Amounts []money.Amount
		Credit  money.Amount
		Cards   []int64
	}
	in := input{Burn: w.Burn.Points, Rewards: w.Rewards, Credit: w.Credit.Amount, Coupons: o.Vouchers}
	in.Lines = append(in.Lines, o.Basket.Lines...)
	for i := range in.Lines {
		in.Lines[i].Paid = nil
	}
	for i := range w.Gift {
		if w.Gift[i].Amount > 0 {
			in.Gifts, in.Amounts = append(in.Gifts, o.Gifts[i].Card), append(in.Amounts, w.Gift[i].Amount)
		}
	}
	if o.Primary != nil {
		in.Cards = append(in.Cards, o.Primary.Card, o.Primary.Holder())
	}
	b, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	return short(b)
}

// resultDigest covers what a quote promises: discounts, burn, tenders and what is to be paid. The award is
// a preview and no part of it; nor is the till's own reduction.
func resultDigest(out *reward.Outcome) [12]byte {
	type line struct {
		Discounts []reward.Discount
		Payable   money.Amount
	}
	type result struct {
		Lines  []line
		Burn   int64
		Amount money.Amount
		Gifts  []money.Amount
		Credit money.Amount
	}
	r := result{Burn: out.Burn.Points, Amount: out.Burn.Amount, Credit: out.Credit}
	for i := range out.Lines {
		l := line{Payable: out.Lines[i].Payable}
		for _, d := range out.Lines[i].Discounts {
			if d.Rule != reward.RuleTill {
				l.Discounts = append(l.Discounts, d)
			}
		}
		r.Lines = append(r.Lines, l)
	}
	for _, g := range out.Gifts {
		if g.Promo+g.Paid > 0 {
			r.Gifts = append(r.Gifts, g.Promo, g.Paid)
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return short(b)
}

func short(b []byte) [12]byte {
	sum := sha256.Sum256(b)
	return [12]byte(sum[:12])
}

// resolved gives the wish with each "max" replaced by the amount that came out.
func resolved(w reward.Wish, out *reward.Outcome) reward.Wish {
	if w.Burn.Max {
		w.Burn = reward.Burn{Points: out.Burn.Points}
	}
	if w.Credit.Max {
		w.Credit = reward.Spend{Amount: out.Credit}
	}
	gifts := make([]reward.GiftWish, len(w.Gift))
	for i, g := range w.Gift {
		if g.Max {
			g.Spend = reward.Spend{Amount: out.Gifts[i].Promo + out.Gifts[i].Paid}
		}
		gifts[i] = g
	}
	w.Gift = gifts
	return w
}
