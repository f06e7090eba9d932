package app_test

import "testing"

// TestSale_AHoldIsSpentOnce commits a held quote twice, under two keys and two receipts: the second has
// nothing left to capture and must not take free money instead (S3).
func TestSale_AHoldIsSpentOnce(t *testing.T) {
	each(t, points, func(t *testing.T, s *shop) {
		s.bearer("9428010000000020")
		s.call("/pos/v1/gift/activate", `{"id":"ID","terminal_seq":SEQ,"receipt":"G1","currency":"EUR","lines":[{"no":1,"type":"gift_card_sale","qty":"1","unit_price":5000,"total":5000,"give":{"value":"9428010000000020","product":"gift"}}]}`)
		const basket = `"currency":"EUR","lines":[{"no":1,"qty":"1","unit_price":300,"total":300,"vat":"21"}],"wish":{"gift":[{"value":"9428010000000020","amount":300}]}`
		held := s.call("/pos/v1/quotes", `{"id":"ID","terminal_seq":SEQ,"hold":true,"receipt":"H1",`+basket+`}`)
		quote := at(held, "quote").(string)
		first := s.call("/pos/v1/transactions", `{"id":"ID","terminal_seq":SEQ,"receipt":"H1","quote":"`+quote+`",`+basket+`}`)
		want(t, first, "balances.0.active", 4700)
		want(t, first, "balances.0.held", nil)
		status, again := s.try("/pos/v1/transactions", `{"id":"ID","terminal_seq":SEQ,"receipt":"H2","quote":"`+quote+`",`+basket+`}`)
		if status != 422 {
			t.Errorf("%d %v", status, again)
		}
		want(t, again, "code", "hold_resolved")
	})
}
