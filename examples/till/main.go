// Command till is a whole purchase as a cash register would make it, with the Go client: identify, quote
// with points, commit, look what is left, give one piece back, and settle a doubt.
//
//	. lojal-demo/tour.env && export LOJAL TILL_KEY TILL OUTLET CASHIER CARD
//	go run ./examples/till
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"lojal/client"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	till := client.New(os.Getenv("LOJAL"), os.Getenv("TILL_KEY"))
	place := client.Context{Outlet: os.Getenv("OUTLET"), Terminal: os.Getenv("TILL"), Cashier: os.Getenv("CASHIER")}
	began := time.Now()
	seq := began.UnixMicro() // a real till counts its operations 1, 2, 3 and keeps the number

	who, err := till.Identify(ctx, client.IdentifyRequest{Presented: client.Scan(os.Getenv("CARD")), Context: place})
	if err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	fmt.Println("hello,", who.Display)
	show(who.Balances)

	receipt := fmt.Sprintf("G-%d", seq)
	lines := []client.Line{
		{No: 1, SKU: "1002", Name: "Cappuccino", Group: "coffee", Qty: "2", UnitPrice: 350, Total: 700, VAT: "21"},
		{No: 2, SKU: "3001", Name: "Croissant", Group: "pastry", Qty: "1", UnitPrice: 230, Total: 230, VAT: "21"},
	}
	quote, err := till.Quote(ctx, client.QuoteRequest{
		Session: who.Session, Receipt: receipt, Currency: "EUR", Lines: lines, Wish: client.Wish{BurnPoints: client.Max},
	})
	if err != nil {
		return fmt.Errorf("quote: %w", err)
	}
	fmt.Printf("to pay %d.%02d, with %d points\n", quote.Totals.Payable/100, quote.Totals.Payable%100, quote.Burn.Points)

	// The id is made, and stored by a real till, before the operation is sent. Whatever happens on the way,
	// the client asks for it and never books twice.
	id := client.NewID()
	sold, err := till.Commit(ctx, client.CommitRequest{
		ID: id, Kind: "sale", Quote: quote.Token, Session: who.Session, Receipt: receipt, Currency: "EUR", At: began,
		Cashier: place.Cashier, TerminalSeq: seq, Lines: lines, Wish: client.Wish{BurnPoints: client.Exactly(quote.Burn.Points)},
	})
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	fmt.Printf("sold, reference %s, %d points earned\n", sold.RRN, sold.Approved.EarnPoints)
	show(sold.Balances)

	back, err := till.Return(ctx, client.ReturnRequest{
		ID: client.NewID(), Original: client.Original{RRN: sold.RRN}, Receipt: receipt + "-R", Cashier: place.Cashier, TerminalSeq: seq + 1,
		Lines: []client.ReturnLine{{OriginalNo: 1, Qty: "1"}}, RefundTenders: "as_original",
	})
	if err != nil {
		return fmt.Errorf("return: %w", err)
	}
	fmt.Printf("one cappuccino back: %d.%02d returned, %d points taken back\n", back.Totals.Refund/100, back.Totals.Refund%100, back.Points.Clawback)

	fate, err := till.Operation(ctx, id)
	if err != nil {
		return fmt.Errorf("what became of %s: %w", id, err)
	}
	fmt.Printf("%s was %s\n", id, fate.Status)
	return nil
}

func show(balances []client.Balance) {
	for _, b := range balances {
		fmt.Printf("  %-8s %d %s\n", b.Wallet, b.Active, b.Unit)
	}
}
