package app_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// races is how many rounds of 64 tills at once a test runs: 100, or what LOJAL_ROUNDS says.
var races = func() int {
	if n, err := strconv.Atoi(os.Getenv("LOJAL_ROUNDS")); err == nil {
		return n
	}
	return 100
}()

// perVersion is how many rounds share a version of the programme: each has a campaign of its own.
const perVersion = 25

func raceRules(from int) string {
	var b strings.Builder
	b.WriteString("id: points\nname: Races\nmax_earns_per_day: 3\ncoupons:\n  - {id: once, kind: fixed_basket, amount: 0.50, groups: [coupon]}\noffers:\n")
	for i := from; i < from+perVersion; i++ {
		fmt.Fprintf(&b, "  - {id: o%d, kind: fixed_basket, amount: 1.00, groups: [g%d], budget: {money: 10.00}}\n", i, i)
	}
	return b.String()
}

// Sixty-four sales of one member at once: the day's limit of awards, the campaign's budget and the single
// use of a coupon hold exactly, whatever the order.
func TestRace_LimitsBudgetsAndCouponsHoldExactly(t *testing.T) {
	each(t, raceRules(0), func(t *testing.T, s *shop) {
		for round := range races {
			if round > 0 && round%perVersion == 0 {
				if err := s.TestPublish(context.Background(), raceRules(round)); err != nil {
					t.Fatal(err)
				}
			}
			number := fmt.Sprintf("94280%011d", round)
			s.card(number)
			ref, err := s.TestVoucher("once")
			if err != nil {
				t.Fatal(err)
			}
			s.race(t, round, number, ref)
			if t.Failed() {
				return
			}
		}
	})
}

func (s *shop) race(t *testing.T, round int, number, voucher string) {
	const tills = 64
	answers := make([]map[string]any, tills)
	status := make([]int, tills)
	var wg sync.WaitGroup
	for i := range tills {
		wg.Add(1)
		go func() {
			defer wg.Done()
			body := fmt.Sprintf(`{"id":"r%d-%d","terminal_seq":%d,"currency":"EUR","presented":[{"kind":"scan","value":%q,"entry":"barcode"}],
				"lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000,"vat":"21","group":"g%d"},{"no":2,"qty":"1","unit_price":100,"total":100,"vat":"21","group":"coupon"}],"wish":{%s}}`,
				round, i, round*tills+i+1, number, round, wishOf(i, voucher))
			status[i], answers[i] = s.send("/pos/v1/transactions", body)
		}()
	}
	wg.Wait()
	earned, used, granted := 0, 0, 0
	for i, a := range answers {
		switch {
		case status[i] == 200:
			if fmt.Sprint(at(a, "approved.earn_points")) != "0" {
				earned++
			}
			if i%8 == 0 {
				used++
			}
			for _, d := range at(a, "lines.0.discounts").([]any) {
				if at(d, "rule") == fmt.Sprintf("o%d", round) {
					granted += int(at(d, "amount").(float64))
				}
			}
		case status[i] == 422 && i%8 == 0 && at(a, "code") == "voucher_used":
		default:
			t.Fatalf("%d %v", status[i], a)
		}
	}
	if earned != 3 || used != 1 || granted != 1000 {
		t.Errorf("round %d: %d earned, %d used the coupon, %d was granted; want 3, 1, 1000", round, earned, used, granted)
	}
}

// wishOf lets every eighth till present the coupon.
func wishOf(i int, voucher string) string {
	if i%8 == 0 {
		return fmt.Sprintf(`"coupons":[%q]`, voucher)
	}
	return ""
}

// Sixty-four redemptions of one gift card of 100.00 by 10.00: ten succeed, the others are refused.
func TestRace_OneGiftCardIsSpentOnce(t *testing.T) {
	each(t, points, func(t *testing.T, s *shop) {
		s.bearer("9428010000000020")
		s.call("/pos/v1/gift/activate", `{"id":"ID","terminal_seq":9001,"receipt":"G1","currency":"EUR","lines":[{"no":1,"type":"gift_card_sale","qty":"1","unit_price":10000,"total":10000,"give":{"value":"9428010000000020"}}]}`)
		var wg sync.WaitGroup
		status := make([]int, 64)
		answers := make([]map[string]any, 64)
		for i := range status {
			wg.Add(1)
			go func() {
				defer wg.Done()
				status[i], answers[i] = s.send("/pos/v1/transactions", fmt.Sprintf(`{"id":"g%d","terminal_seq":%d,"currency":"EUR","lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000,"vat":"21"}],"wish":{"gift":[{"value":"9428010000000020","amount":1000}]}}`, i, i+1))
			}()
		}
		wg.Wait()
		ok := 0
		for i := range status {
			if status[i] == 200 {
				ok++
			} else if status[i] != 422 || at(answers[i], "code") != "insufficient_balance" {
				t.Fatalf("%d %v", status[i], answers[i])
			}
		}
		if ok != 10 {
			t.Errorf("%d redemptions of a tenth succeeded", ok)
		}
	})
}

// One key sent sixty-four times at once: one booking, one answer.
func TestRace_OneKeyBooksOnce(t *testing.T) {
	each(t, points, func(t *testing.T, s *shop) {
		s.card("9428010000000012")
		body := `{"id":"same","terminal_seq":7,"receipt":"R","currency":"EUR","presented":[{"kind":"scan","value":"9428010000000012","entry":"barcode"}],"lines":[{"no":1,"qty":"1","unit_price":1000,"total":1000,"vat":"21"}]}`
		var wg sync.WaitGroup
		got := make([]string, 64)
		for i := range got {
			wg.Add(1)
			go func() {
				defer wg.Done()
				b, status := s.raw("/pos/v1/transactions", body)
				got[i] = fmt.Sprint(status, string(b))
			}()
		}
		wg.Wait()
		for _, g := range got {
			if g != got[0] || !strings.HasPrefix(g, "200") {
				t.Fatalf("answers differ:\n%s\n%s", got[0], g)
			}
		}
		who := s.call("/pos/v1/identify", `{"presented":{"kind":"scan","value":"9428010000000012","entry":"barcode"}}`)
		want(t, who, "balances.0.active", 10)
	})
}
