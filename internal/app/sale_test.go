package app_test

import (
	"testing"
)

const points = `
id: points
name: Points
points_value: 0.01
gift:
  - id: gift
`

func TestSale_FromIdentifyToReturn(t *testing.T) {
	each(t, points, func(t *testing.T, s *shop) {
		s.card("9428010000000012")
		who := s.call("/pos/v1/identify", `{"presented":{"kind":"scan","value":"9428010000000012","entry":"barcode"}}`)
		want(t, who, "status", "ok")
		session := at(who, "session").(string)
		sold := s.call("/pos/v1/transactions", `{"id":"ID","terminal_seq":SEQ,"kind":"sale","receipt":"R1","currency":"EUR","session":"`+session+`",
			"lines":[{"no":1,"sku":"a","qty":"1","unit_price":1000,"total":1000,"vat":"21"},{"no":2,"sku":"b","qty":"2","unit_price":250,"total":500,"vat":"21"}]}`)
		want(t, sold, "approved.earn_points", 15)
		want(t, sold, "balances.0.active", 15)
		quote := s.call("/pos/v1/quotes", `{"session":"`+session+`","receipt":"R2","currency":"EUR","lines":[{"no":1,"sku":"a","qty":"1","unit_price":1000,"total":1000,"vat":"21"}],"wish":{"burn_points":"max"}}`)
		want(t, quote, "burn.points", 15)
		want(t, quote, "totals.payable", 985)
		paid := s.call("/pos/v1/transactions", `{"id":"ID","terminal_seq":SEQ,"kind":"sale","receipt":"R2","currency":"EUR","session":"`+session+`","quote":"`+at(quote, "quote").(string)+`",
			"lines":[{"no":1,"sku":"a","qty":"1","unit_price":1000,"total":1000,"vat":"21","paid":985}],"wish":{"burn_points":15},"tenders":[{"kind":"cash","amount":985}]}`)
		want(t, paid, "approved.burn_points", 15)
		want(t, paid, "balances.0.active", 9)
		back := s.call("/pos/v1/returns", `{"id":"ID","terminal_seq":SEQ,"receipt":"R3","original":{"rrn":"`+at(paid, "rrn").(string)+`"},"lines":[{"original_no":1,"qty":"1"}]}`)
		want(t, back, "totals.refund", 985)
		want(t, back, "points.clawback", 9)
		want(t, back, "points.restored", 15)
		want(t, back, "balances.0.active", 15)
	})
}

func TestSale_GiftCardIsSoldAndSpent(t *testing.T) {
	each(t, points, func(t *testing.T, s *shop) {
		s.bearer("9428010000000020")
		s.call("/pos/v1/gift/activate", `{"id":"ID","terminal_seq":SEQ,"receipt":"G1","currency":"EUR","lines":[{"no":1,"type":"gift_card_sale","qty":"1","unit_price":5000,"total":5000,"give":{"value":"9428010000000020","product":"gift"}}]}`)
		sold := s.call("/pos/v1/transactions", `{"id":"ID","terminal_seq":SEQ,"receipt":"G2","currency":"EUR","lines":[{"no":1,"qty":"1","unit_price":299,"total":299,"vat":"21"}],
			"wish":{"gift":[{"value":"9428010000000020","amount":299}]}}`)
		want(t, sold, "balances.0.active", 4701)
		status, out := s.try("/pos/v1/transactions", `{"id":"ID","terminal_seq":SEQ,"receipt":"G3","currency":"EUR","lines":[{"no":1,"qty":"1","unit_price":9900,"total":9900,"vat":"21"}],
			"wish":{"gift":[{"value":"9428010000000020","amount":9900}]}}`)
		if status != 422 {
			t.Fatalf("%d %v", status, out)
		}
		want(t, out, "code", "insufficient_balance")
	})
}

func TestSale_ReversalBeforeItsOriginal(t *testing.T) {
	each(t, points, func(t *testing.T, s *shop) {
		s.card("9428010000000012")
		rev := s.call("/pos/v1/transactions/late1/reverse", `{"id":"ID","terminal_seq":SEQ,"reason":"timeout"}`)
		want(t, rev, "status", "tombstoned")
		status, out := s.try("/pos/v1/transactions", `{"id":"late1","terminal_seq":SEQ,"receipt":"R9","currency":"EUR","presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],
			"lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000,"vat":"21"}]}`)
		if status != 422 || at(out, "code") != "already_reversed" {
			t.Fatalf("%d %v", status, out)
		}
		s.call("/pos/v1/transactions", `{"id":"x1","terminal_seq":SEQ,"receipt":"R10","currency":"EUR","presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],
			"lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000,"vat":"21"}]}`)
		rev = s.call("/pos/v1/transactions/x1/reverse", `{"id":"ID","terminal_seq":SEQ,"reason":"timeout"}`)
		want(t, rev, "status", "reversed")
		want(t, rev, "balances.0.active", 0)
	})
}
