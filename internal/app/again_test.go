package app_test

import (
	"bytes"
	"fmt"
	"testing"
)

// The first answer is rendered from what was just decided, every later one from the stored document.
func TestSale_RepeatedAnswerIsByteForByteTheFirst(t *testing.T) {
	each(t, points+`
max_burn_percent: 50
carry_remainder: on
earn_rate: 1/3.00
offers:
  - {id: tenth, kind: percent_line, percent: 10, groups: [g1]}
  - {id: third, kind: buy_get, groups: [g2], buy: {qty: 2}, get: {qty: 1}, budget: {count: 100}}
  - {id: never, kind: percent_basket, percent: 5, min_basket: 900.00}
  - {id: once, kind: bonus_points, points: 7, skus: [s1], max_per_member_day: 2}
coupons:
  - {id: cut, kind: fixed_basket, amount: 1.00}
`, func(t *testing.T, s *shop) {
		s.card("9428010000000012")
		s.bearer("9428010000000020")
		s.call("/pos/v1/gift/activate", `{"id":"ID","terminal_seq":SEQ,"receipt":"G1","currency":"EUR","lines":[{"no":1,"type":"gift_card_sale","qty":"1","unit_price":5000,"total":5000,"give":{"value":"9428010000000020","product":"gift"}}]}`)
		member := `"presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],`
		lines := `"lines":[{"no":1,"type":"goods","sku":"s1","ean":"4750000000017","name":"Šokolāde \"<70 %>\" & Ж","qty":"1.5","unit_price":1000,"total":1500,"vat":"21","group":"g1"},
			{"no":3,"sku":"s2","qty":"3","unit_price":250,"total":700,"vat":"12","group":"g2","promo":true,"reg_class":"food"},{"no":7,"qty":"1","unit_price":100,"total":100,"locked":true,"paid":90}]`
		for i, body := range []string{
			`"currency":"EUR",` + member + lines,
			`"currency":"EUR","context":{"cashier":"c07","shift":"4"},"fiscal":{"no":"1"},"surprise":1,` + member + lines + `,"wish":{"burn_points":3,"gift":[{"value":"9428010000000020","amount":400}]},"tenders":[{"kind":"gift","value":"9428010000000020","amount":400},{"kind":"unspecified","amount":AMOUNT}]`,
			`"currency":"EUR","lines":[{"no":1,"qty":"1","unit_price":20000,"total":20000,"vat":"21"}],"wish":{"gift":[{"value":"9428010000000020","amount":9000,"allow_partial":true}]}`,
			`"currency":"EUR","tenders":[],` + member + `"lines":[{"no":1,"qty":"1","unit_price":0,"total":0}]`,
		} {
			body = fmt.Sprintf(`{"id":"again-%d","terminal_seq":%d,"kind":"sale","receipt":"A%d",`, i, 100+i, i) + body + "}"
			if i == 1 {
				quote := s.call("/pos/v1/quotes", `{"currency":"EUR",`+member+lines+`,"wish":{"burn_points":3,"gift":[{"value":"9428010000000020","amount":400}]}}`)
				body = string(bytes.Replace([]byte(body), []byte("AMOUNT"), fmt.Append(nil, at(quote, "remaining_to_pay")), 1))
			}
			first, status := s.raw("/pos/v1/transactions", body)
			if status != 200 {
				t.Fatalf("%d %s", status, first)
			}
			if again, _ := s.raw("/pos/v1/transactions", body); !bytes.Equal(first, again) {
				t.Errorf("sale %d is answered\n%s\nand repeated\n%s", i, first, again)
			}
		}
	})
}
