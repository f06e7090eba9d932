package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"lojal/client"
)

// till is a stand-in for a server, so that the examples run anywhere.
func till() *httptest.Server {
	answers := map[string]string{
		"/pos/v1/identify":     `{"session":"ses_1","status":"ok","member":{"display":"A. K."},"balances":[{"wallet":"points","active":1240}]}`,
		"/pos/v1/quotes":       `{"quote":"quo_1","totals":{"before":1800,"discount":400,"payable":1400},"burn":{"points":400},"lines":[{"no":1,"payable":1400}]}`,
		"/pos/v1/transactions": `{"status":"approved","approved":{"burn_points":400,"earn_points":14},"balances":[{"wallet":"points","active":854}]}`,
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/pos/v1/returns" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"code":"over_return","retry":"never","display":{"en":"More than was sold"}}`)
			return
		}
		fmt.Fprint(w, answers[r.URL.Path])
	}))
}

// A sale: identify the card, price the basket with as many points as allowed, then book it.
func Example() {
	shop := till()
	defer shop.Close()
	c := client.New(shop.URL, "ljk_test_1")
	ctx := context.Background()
	where := client.Context{Outlet: "017", Terminal: "20010447", Cashier: "c07"}

	who, err := c.Identify(ctx, client.IdentifyRequest{Presented: client.Scan("9428010000000012"), Context: where})
	if err != nil {
		panic(err)
	}
	lines := []client.Line{{No: 1, Name: "Coffee", Qty: "1", UnitPrice: 1800, Total: 1800, VAT: "21"}}
	quote, err := c.Quote(ctx, client.QuoteRequest{
		Session: who.Session, Receipt: "A-10233", Currency: "EUR", Lines: lines, Wish: client.Wish{BurnPoints: client.Max},
	})
	if err != nil {
		panic(err)
	}
	lines[0].Paid = &quote.Lines[0].Payable
	id := client.NewID() // store it with the sale before sending
	done, err := c.Commit(ctx, client.CommitRequest{
		ID: id, Kind: "sale", Quote: quote.Token, Session: who.Session, Receipt: "A-10233", Currency: "EUR",
		At: time.Date(2026, 11, 22, 10, 2, 14, 0, time.UTC), Cashier: "c07", TerminalSeq: 8812, Lines: lines,
		Wish: client.Wish{BurnPoints: client.Exactly(quote.Burn.Points)},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(who.Member.Display, quote.Totals.Payable, done.Status, done.Balances[0].Active)
	// Output: A. K. 1400 approved 854
}

// A refusal is a Problem with a stable code.
func ExampleCode() {
	shop := till()
	defer shop.Close()
	c := client.New(shop.URL, "ljk_test_1")
	_, err := c.Return(context.Background(), client.ReturnRequest{
		ID: client.NewID(), Original: client.Original{RRN: "632608000123"}, Receipt: "A-10301", TerminalSeq: 8830,
		Lines: []client.ReturnLine{{OriginalNo: 1, Qty: "2"}},
	})
	fmt.Println(client.Code(err))
	// Output: over_return
}
