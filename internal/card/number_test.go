package card_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lojal/internal/base/fault"
	"lojal/internal/card"
)

func TestNumber_KnownOnesAreValid(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"9428010000000012", "9428010000000020"} {
		if !card.LuhnValid(n) {
			t.Errorf("%s has a wrong check digit", n)
		}
	}
	if !card.EANValid("2910000000017") || card.EANValid("2910000000018") || card.LuhnValid("9428010000000013") {
		t.Error("EAN-13 or Luhn is wrong")
	}
	if got := card.Number("9428010000000012").Masked(); got != "************0012" {
		t.Errorf("masked %s", got)
	}
}

// rules draws a rule that is valid for the quantity.
func rules(t *rapid.T) card.Rule {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return card.EANRule()
	case 1:
		return card.Rule{Kind: card.Random, Length: rapid.IntRange(16, 19).Draw(t, "length"), Prefix: "9428", Check: card.CheckLuhn}
	case 2:
		return card.Rule{Kind: card.Sequential, From: rapid.Int64Range(0, 9000).Draw(t, "from"), Length: rapid.IntRange(5, 12).Draw(t, "length"), Check: card.CheckNone}
	}
	return card.Rule{Kind: card.Sequential, From: rapid.Int64Range(0, 9000).Draw(t, "from"), Length: rapid.IntRange(8, 13).Draw(t, "length"), Prefix: "77", Check: card.CheckLuhn}
}

func TestRule_NumbersKeepToItAndReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rules(t)
		if err := r.Validate(1000); err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		n := r.Sequence(rapid.Int64Range(0, 999).Draw(t, "i"))
		if r.Kind == card.Random {
			var err error
			if n, err = r.Random(rand.Reader); err != nil {
				t.Fatal(err)
			}
		}
		if !r.Fits(n) {
			t.Fatalf("%s does not fit %+v", n, r)
		}
		for _, written := range []string{string(n), n.Grouped(), strings.ReplaceAll(n.Grouped(), " ", "-")} {
			if got, err := card.ParseNumber(written); err != nil || got != n {
				t.Fatalf("%q reads as %q, %v", written, got, err)
			}
		}
		// One changed digit is found by the check digit; EAN-13 and Luhn find every one.
		if r.Check != card.CheckNone {
			at := rapid.IntRange(0, len(n)-1).Draw(t, "at")
			b := []byte(n)
			b[at] = '0' + (b[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
			if r.Fits(card.Number(b)) {
				t.Fatalf("%s passes for %s", b, n)
			}
		}
	})
}

func TestRule_RefusesWhatMustNotBeMade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule     card.Rule
		quantity int64
		ok       bool
	}{
		{card.Rule{Kind: card.Sequential, From: 10001, Length: 5, Check: card.CheckNone}, 89999, true},
		{card.Rule{Kind: card.Sequential, From: 10001, Length: 5, Check: card.CheckNone}, 90000, false}, // no room
		{card.Rule{Kind: card.Sequential, From: 1, Length: 4, Check: card.CheckNone}, 1, false},
		{card.Rule{Kind: card.Random, Length: 8, Check: card.CheckNone}, 1, false},
		{card.StoredValueRule("lv"), 1_000_000, true},
		{card.Rule{Kind: card.Random, Length: 16, Prefix: "942800", Check: card.CheckLuhn}, 1, false}, // 9 random digits
		{card.Rule{Kind: card.Random, Length: 16, Prefix: "4", Check: card.CheckLuhn}, 1, false},
		{card.Rule{Kind: card.Random, Length: 16, Prefix: "62", Check: card.CheckLuhn}, 1, false},
		{card.Rule{Kind: card.Random, Length: 16, Check: card.CheckLuhn}, 1, false},
		{card.EANRule(), 1, true},
		{card.Rule{Kind: card.Random, Length: 13, Prefix: "47", Check: card.CheckEAN}, 1, false},
		{card.Rule{Kind: "guess", Length: 16, Prefix: "9428", Check: card.CheckLuhn}, 1, false},
		{card.Rule{Kind: card.Sequential, From: 1, Length: 10, Prefix: "１", Check: card.CheckNone}, 1, false},
	} {
		if err := c.rule.Validate(c.quantity); (err == nil) != c.ok {
			t.Errorf("%+v for %d: %v", c.rule, c.quantity, err)
		}
	}
	if r := card.StoredValueRule("lv"); r.Prefix != "9428" || r.Length != 19 {
		t.Errorf("stored value: %+v", r)
	}
}

func TestNormalise_OneFormOfEveryWriting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, entry, value, want, first string }{
		{"scan", "barcode", "9428010000000012", "9428010000000012", card.Barcode},
		{"keyed", "keyed", " 9428 0100-0000 0012 ", "9428010000000012", card.Barcode},
		{"scan", "barcode", "10001", "10001", card.Barcode},
		{"scan", "barcode", "2910000000017", "2910000000017", card.Barcode},
		{"stripe", "stripe", ";9428010000000012=2612799123456?", "9428010000000012", card.Barcode},
		{"stripe", "stripe", "ж9428010000000012=2612799123456,", "9428010000000012", card.Barcode},
		{"stripe", "stripe", "é94280100öööööö12ó26127991_", "9428010000000012", card.Barcode},
		{"stripe", "stripe", "%B9428010000000012^KALNINA/ANNA^2612799?", "9428010000000012", card.Barcode},
		{"keyed", "keyed", "k7pq-2m9x wa", "K7PQ2M9XWA", card.Alias},
		{"nfc", "rfid", "04:a2:3b:1c", "04A23B1C", card.RFIDUID},
		{"scan", "rfid", "04a23b1c5d6e7f", "04A23B1C5D6E7F", card.RFIDUID},
		{"nfc", "nfc", "9428010000000012", "9428010000000012", card.NFCPass},
		{"phone", "keyed", "+371 2654-3210", "+37126543210", card.Phone},
		{"phone", "keyed", "0037126543210", "+37126543210", card.Phone},
		{"scan", "qr", "L1.K3V9Q2M8X7C4W1T5.59472113.7h2k9qxd", "K3V9Q2M8X7C4W1T5", card.QRRotating},
	} {
		got, err := card.Normalise(card.Presented{Kind: c.kind, Entry: c.entry, Value: c.value})
		if err != nil || got.Value != c.want || got.Types[0] != c.first {
			t.Errorf("%s %q: %+v, %v", c.kind, c.value, got, err)
		}
	}
}

func TestNormalise_RefusesWithoutTellingTheValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, value string }{
		{"scan", "１２３４５６"}, {"scan", ";9428010000000012=2612?"}, {"scan", ""}, {"scan", "123"}, {"scan", strings.Repeat("1", 10_000)},
		{"scan", "https://evil.example/x"}, {"scan", "942801000000\x00012"}, {"scan", "9428\u200b010000000012"}, {"keyed", "٣٤٥٦٧٨"},
		{"scan", "4111111111111111"}, {"keyed", "4111 1111 1111 1111"}, {"stripe", ";4111111111111111=29121010000?"}, {"scan", "5555555555554444"},
		{"scan", "378282246310005"}, {"scan", "6200000000000005"}, {"scan", "2223003122003222"}, {"nfc", "4111111111111111"},
		{"stripe", "%B4111111111111111^A/B^2912101?"}, {"stripe", ";9428010000000012"}, {"phone", "+"}, {"phone", "26543210"}, {"phone", "+" + strings.Repeat("3", 40)},
		{"telepathy", "9428010000000012"}, {"scan", "'; DROP TABLE card"},
	} {
		f, err := card.Normalise(card.Presented{Kind: c.kind, Value: c.value})
		if !fault.Is(err, fault.ErrInvalidValue) {
			t.Errorf("%s %.40q: %+v, %v", c.kind, c.value, f, err)
		} else if c.value != "" && strings.Contains(err.Error(), c.value) {
			t.Errorf("the refusal tells the value: %v", err)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"9428010000000012", ";123=456?", "１２３", "+37126543210", "L1.x.y.z", "%B1^^?", "\xff\xfe", "4111111111111111", " - "} {
		f.Add(uint8(0), s)
		f.Add(uint8(2), s)
	}
	kinds := []string{"scan", "keyed", "stripe", "nfc", "phone"}
	f.Fuzz(func(t *testing.T, kind uint8, s string) {
		p := card.Presented{Kind: kinds[int(kind)%len(kinds)], Value: s}
		got, err := card.Normalise(p)
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		if got.Value == "" || len(got.Value) > 40 || len(got.Types) == 0 {
			t.Fatalf("form %+v", got)
		}
		if got.Types[0] == card.QRRotating {
			return // an account's public id is read out of a longer code
		}
		again, err := card.Normalise(card.Presented{Kind: p.Kind, Value: got.Value})
		if err != nil || again.Value != got.Value || again.Types[0] != got.Types[0] {
			t.Fatalf("%q gives %+v, which gives %+v, %v", s, got, again, err)
		}
		lower, err := card.Normalise(card.Presented{Kind: p.Kind, Value: strings.ToLower(got.Value)})
		if err != nil || lower.Value != got.Value {
			t.Fatalf("small letters of %q give %+v, %v", got.Value, lower, err)
		}
	})
}
