package bench

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"os"
)

// plan is what the load process must know: bodies with the places of their marks, and who there is.
type plan struct {
	Bodies  [][]body // by outlet
	Tills   []Till
	Members []string
	Gifts   []string
	Few     string
	Many    string
}

// body is a request's body and where in it each mark stands.
type body struct {
	Basket                     int // its place among all baskets
	Text                       []byte
	ID, Receipt, At, Seq, Card int
	GiftWish, GiftTender       int
}

func newBody(place int, text []byte) body {
	at := func(mark string) int {
		i := bytes.Index(text, []byte(mark))
		if i < 0 {
			panic(fmt.Sprintf("bench: no %s in %s", mark, text))
		}
		return i
	}
	return body{
		Basket: place, Text: text, ID: at(markID), Receipt: at(markReceipt), At: at(markAt), Seq: at(markSeq), Card: at(markCard),
		GiftWish: at(markGift), GiftTender: bytes.LastIndex(text, []byte(markGift)),
	}
}

func newPlan(w *world, list []Basket, p *people) *plan {
	out := &plan{Bodies: make([][]body, outlets), Tills: w.till, Members: p.Members, Gifts: p.Gifts, Few: p.Few, Many: p.Many}
	for i := range list {
		o := list[i].Outlet
		out.Bodies[o] = append(out.Bodies[o], newBody(i, list[i].Body))
	}
	return out
}

func (p *plan) write(path string) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(p); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

func readPlan(path string) (*plan, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &plan{}
	return p, gob.NewDecoder(bytes.NewReader(b)).Decode(p)
}
