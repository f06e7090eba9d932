package demo

import (
	_ "embed" // the programme and the names
	"encoding/json"
	"fmt"
	"time"

	"lojal/internal/card"
)

// The chain: a baker with cafés.
const (
	slug      = "demo"
	chainName = "Zīle"
	currency  = "EUR"
	vat       = "21"
	members   = 200
	giftCards = 120
	seed      = 20_260_000
)

//go:embed programme.yaml
var rules string

//go:embed names.json
var nameLists []byte

// outlet is a shop with the language that most of its customers speak.
type outlet struct {
	Code, Name, Address, Zone, Language string
	busy                                int // sales on a middling day
	zone                                *time.Location
}

var outlets = []outlet{
	{Code: "001", Name: "Zīle Rīga", Address: "Brīvības iela 76, Rīga, LV-1011", Zone: "Europe/Riga", Language: "lv", busy: 19},
	{Code: "002", Name: "Zīle Tallinn", Address: "Viru 14, 10140 Tallinn", Zone: "Europe/Tallinn", Language: "et", busy: 11},
	{Code: "003", Name: "Zīle Komárno", Address: "Palatínova 12, 945 01 Komárno", Zone: "Europe/Bratislava", Language: "hu", busy: 8},
}

// till is a terminal at an outlet. The last one is the visitor's: nothing is sold on it.
type till struct {
	TID    string
	outlet int
}

var tills = []till{{"20010001", 0}, {"20010002", 0}, {"20020001", 1}, {"20030001", 2}, {"20010099", 0}}

const visitorTill = 4

// cashier is a member of staff. The PINs are for a demo and are printed.
type cashier struct {
	Code, Name, Role, Language, PIN string
	outlet                          int // -1: all of them
}

var staff = []cashier{
	{"c01", "Ilze", "cashier", "lv", "482913", 0},
	{"c02", "Олег", "cashier", "ru", "759204", 0},
	{"c03", "Kadri", "cashier", "et", "316857", 1},
	{"c04", "Zsófia", "cashier", "hu", "640972", 2},
	{"m01", "Emma", "manager", "en", "908316", -1},
}

// cashierAt is who stands at a till.
var cashierAt = []string{"c01", "c02", "c03", "c04", "c01"}

// article is something that the baker sells.
type article struct {
	sku, name, group string
	price            int64 // cents, VAT included
	weight           int   // how often it is bought
}

var articles = []article{
	{"1001", "Espresso", "coffee", 220, 20}, {"1002", "Cappuccino", "coffee", 350, 34}, {"1003", "Flat white", "coffee", 380, 18},
	{"1004", "Filter coffee", "coffee", 260, 16}, {"1005", "Cacao", "drinks", 340, 8}, {"1006", "Tea", "drinks", 240, 12},
	{"2001", "Rye bread", "bread", 390, 16}, {"2002", "Wheat bread", "bread", 340, 12}, {"2003", "Baguette", "bread", 210, 14},
	{"2004", "Seed roll", "bread", 95, 18}, {"3001", "Croissant", "pastry", 230, 26}, {"3002", "Cinnamon bun", "pastry", 260, 20},
	{"3003", "Honey cake", "pastry", 420, 9}, {"3004", "Poppy roll", "pastry", 290, 8}, {"3005", "Apple pie", "pastry", 380, 9},
	{"4001", "Soup of the day", "lunch", 590, 9}, {"4002", "Salad with goat cheese", "lunch", 890, 6}, {"4003", "Toasted sandwich", "lunch", 690, 9},
	{"5001", "Coffee beans 250 g", "shelf", 990, 5}, {"5002", "Jar of honey", "shelf", 750, 3}, {"5003", "Cake for eight", "shelf", 2890, 1},
}

// member is a person who may be called so.
type member struct {
	Name, Language, Phone, Birthday, Card string
	home                                  int // the outlet where they mostly buy
	keen                                  int // how often they come, against others
}

// names are the lists of one language.
type names struct {
	Female     []string `json:"female"`
	Male       []string `json:"male"`
	LastFemale []string `json:"last_female"`
	LastMale   []string `json:"last_male"`
}

func readNames() map[string]names {
	var out map[string]names
	if err := json.Unmarshal(nameLists, &out); err != nil {
		panic(fmt.Sprintf("demo: names.json: %v", err))
	}
	return out
}

// number gives the n-th card number of a series as an EAN-13 of the range that tills leave to cards (NUM-02).
func number(series, n int) string {
	body := fmt.Sprintf("29%03d%07d", series, n)
	return body + string(card.EANDigit(body))
}

const (
	memberSeries  = 100
	giftSeries    = 500
	visitorSeries = 900
)

// person makes the n-th member.
func (g *dice) person(lists map[string]names, n int) member {
	home := g.weighted(10, 6, 4)
	language := outlets[home].Language
	switch g.IntN(10) {
	case 0, 1:
		language = "ru"
	case 2:
		language = "en"
	}
	l := lists[language]
	first, last := pick(g, l.Female), pick(g, l.LastFemale)
	if g.IntN(5) < 2 {
		first, last = pick(g, l.Male), pick(g, l.LastMale)
	}
	name := first + " " + last
	if language == "hu" {
		name = last + " " + first
	}
	return member{
		Name: name, Language: language, home: home, keen: 1 + g.IntN(4)*g.IntN(4),
		Phone:    fmt.Sprintf("+4477009%05d", n),
		Birthday: fmt.Sprintf("%d-%02d-%02d", 1950+g.IntN(55), 1+g.IntN(12), 1+g.IntN(28)),
		Card:     number(memberSeries, 1000+n*7),
	}
}
