package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// NewTenant describes a tenant. Zone is an IANA zone, Currency its base currency (ISO 4217).
type NewTenant struct {
	Slug          string `json:"slug"`
	Name          string `json:"name"`
	Zone          string `json:"zone"`
	Currency      string `json:"currency"`
	LimitsProfile string `json:"limits_profile,omitempty"` // none, shop, chain
	CountryPack   string `json:"country_pack,omitempty"`
}

// Tenant is a tenant; Key, its administrator's API key, is told only at creation.
type Tenant struct {
	Answer
	ID       string `json:"id"`
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	Zone     string `json:"zone"`
	Currency string `json:"currency"`
	Key      string `json:"key"`
}

// CreateTenant makes a tenant. It takes an operator's key.
func (c *Client) CreateTenant(ctx context.Context, key string, in NewTenant) (Tenant, error) {
	var out Tenant
	err := c.manage(ctx, http.MethodPost, "/tenants", key, in, &out)
	return out, err
}

// Created is the id of something new.
type Created struct {
	Answer
	ID  string `json:"id"`
	Key string `json:"key,omitempty"` // of API keys and linked terminals, told once
}

// NewMerchant describes a legal entity.
type NewMerchant struct {
	Name  string `json:"name"`
	RegNo string `json:"reg_no,omitempty"`
	VATNo string `json:"vat_no,omitempty"`
}

// CreateMerchant makes a merchant.
func (c *Client) CreateMerchant(ctx context.Context, key string, in NewMerchant) (Created, error) {
	var out Created
	err := c.manage(ctx, http.MethodPost, "/merchants", key, in, &out)
	return out, err
}

// NewOutlet describes a shop. Code is what tills call it; DayClosesAt is HH:MM of its zone.
type NewOutlet struct {
	Merchant    string `json:"merchant"`
	Code        string `json:"code"`
	Name        string `json:"name"`
	Address     string `json:"address,omitempty"`
	Zone        string `json:"zone"`
	Currency    string `json:"currency"`
	DayClosesAt string `json:"day_closes_at,omitempty"`
}

// CreateOutlet makes an outlet.
func (c *Client) CreateOutlet(ctx context.Context, key string, in NewOutlet) (Created, error) {
	var out Created
	err := c.manage(ctx, http.MethodPost, "/outlets", key, in, &out)
	return out, err
}

// NewTerminal describes a till: TID has eight characters.
type NewTerminal struct {
	Outlet string `json:"outlet"`
	TID    string `json:"tid"`
	Kind   string `json:"kind"`
}

// CreateTerminal makes a terminal.
func (c *Client) CreateTerminal(ctx context.Context, key string, in NewTerminal) (Created, error) {
	var out Created
	err := c.manage(ctx, http.MethodPost, "/terminals", key, in, &out)
	return out, err
}

// LinkTerminal gives a terminal's device a new key; the old one ends after ten minutes.
func (c *Client) LinkTerminal(ctx context.Context, key, terminal, device string) (Created, error) {
	var out Created
	err := c.manage(ctx, http.MethodPost, "/terminals/"+url.PathEscape(terminal)+"/link", key, map[string]string{"device": device}, &out)
	return out, err
}

// NewStaff describes a member of staff: Role is cashier, senior, manager or admin.
type NewStaff struct {
	Code     string   `json:"code"`
	Name     string   `json:"name,omitempty"`
	Role     string   `json:"role"`
	Outlets  []string `json:"outlets,omitempty"`
	PIN      string   `json:"pin,omitempty"`
	Language string   `json:"language,omitempty"`
}

// CreateStaff makes a member of staff.
func (c *Client) CreateStaff(ctx context.Context, key string, in NewStaff) (Created, error) {
	var out Created
	err := c.manage(ctx, http.MethodPost, "/staff", key, in, &out)
	return out, err
}

// NewKey describes an API key.
type NewKey struct {
	Name    string   `json:"name"`
	Scopes  []string `json:"scopes"`
	Outlets []string `json:"outlets,omitempty"`
}

// CreateKey makes an API key.
func (c *Client) CreateKey(ctx context.Context, key string, in NewKey) (Created, error) {
	var out Created
	err := c.manage(ctx, http.MethodPost, "/keys", key, in, &out)
	return out, err
}

// DeleteKey ends an API key.
func (c *Client) DeleteKey(ctx context.Context, key, id string) error {
	return c.manage(ctx, http.MethodDelete, "/keys/"+url.PathEscape(id), key, nil, nil)
}

// Programme is a published version of a programme's rules.
type Programme struct {
	Answer
	ID       string            `json:"id"`
	Version  string            `json:"version"`
	Problems []json.RawMessage `json:"problems"`
}

// PublishProgramme publishes rules written in YAML, from a moment on; the zero time means now.
func (c *Client) PublishProgramme(ctx context.Context, key, yaml string, from time.Time) (Programme, error) {
	in := struct {
		YAML string    `json:"yaml"`
		From time.Time `json:"effective_from,omitzero"`
	}{yaml, from}
	var out Programme
	err := c.manage(ctx, http.MethodPost, "/programmes", key, in, &out)
	return out, err
}

// NewMember describes a member of a programme with, possibly, a card.
type NewMember struct {
	Programme string   `json:"programme"`
	Display   string   `json:"display"`
	Language  string   `json:"language,omitempty"`
	Birthday  string   `json:"birthday,omitempty"`
	Phone     string   `json:"phone,omitempty"`
	Card      *NewCard `json:"card,omitempty"`
}

// NewCard describes a card; without a number the programme's number rule gives one.
type NewCard struct {
	Programme string `json:"programme,omitempty"`
	Product   string `json:"product,omitempty"`
	Number    string `json:"number,omitempty"`
	Member    string `json:"member,omitempty"`
	PIN       string `json:"pin,omitempty"`
	Status    string `json:"status,omitempty"`
}

// Member is an enrolled member.
type Member struct {
	Answer
	ID         string    `json:"id"`
	Membership string    `json:"membership"`
	Display    string    `json:"display"`
	Card       *Card     `json:"card"`
	Accounts   []Account `json:"accounts"`
}

// Card is a card with its accounts.
type Card struct {
	Answer
	ID       string    `json:"id"`
	Number   string    `json:"number"`
	Masked   string    `json:"masked"`
	Status   string    `json:"status"`
	Product  string    `json:"product"`
	Accounts []Account `json:"accounts"`
}

// EnrolMember makes a member.
func (c *Client) EnrolMember(ctx context.Context, key string, in NewMember) (Member, error) {
	var out Member
	err := c.manage(ctx, http.MethodPost, "/members", key, in, &out)
	return out, err
}

// Member reads a member.
func (c *Client) Member(ctx context.Context, id string) (Member, error) {
	var out Member
	err := c.get(ctx, "/v1/members/"+url.PathEscape(id), &out)
	return out, err
}

// IssueCard makes a card.
func (c *Client) IssueCard(ctx context.Context, key string, in NewCard) (Card, error) {
	var out Card
	err := c.manage(ctx, http.MethodPost, "/cards", key, in, &out)
	return out, err
}

// Card reads a card by its id.
func (c *Client) Card(ctx context.Context, id string) (Card, error) {
	var out Card
	err := c.get(ctx, "/v1/cards/"+url.PathEscape(id), &out)
	return out, err
}

// CardByNumber reads a card by its number.
func (c *Client) CardByNumber(ctx context.Context, number string) (Card, error) {
	var out Card
	err := c.get(ctx, "/v1/cards?number="+url.QueryEscape(number), &out)
	return out, err
}

// ChangeCard does a deed to a card: block, unblock, lost or close.
func (c *Client) ChangeCard(ctx context.Context, key, id, deed, reason string) (Card, error) {
	var out Card
	err := c.manage(ctx, http.MethodPost, "/cards/"+url.PathEscape(id)+"/"+url.PathEscape(deed), key, map[string]string{"reason": reason}, &out)
	return out, err
}

// Account is one wallet of a card or membership. Available is Active less Held; Shown is Active less Debt.
type Account struct {
	Answer
	ID      string `json:"id"`
	Wallet  string `json:"wallet"`
	Unit    string `json:"unit"`
	Active  int64  `json:"active"`
	Pending int64  `json:"pending"`
	Held    int64  `json:"held"`
	Debt    int64  `json:"debt"`
	Shown   int64  `json:"shown"`
}

// Account reads an account.
func (c *Client) Account(ctx context.Context, id string) (Account, error) {
	var out Account
	err := c.get(ctx, "/v1/accounts/"+url.PathEscape(id), &out)
	return out, err
}

// Page is a page of a list; Next, when not empty, is the cursor of the page that follows.
type Page struct {
	Answer
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
}

// MaxPage is the largest page that the server gives.
const MaxPage = 500

// Statement reads a page of an account's movements, newest first.
func (c *Client) Statement(ctx context.Context, account, after string, limit int) (Page, error) {
	return c.page(ctx, "/v1/accounts/"+url.PathEscape(account)+"/statement", after, limit)
}

// Entries reads a page of the ledger, oldest first.
func (c *Client) Entries(ctx context.Context, after string, limit int) (Page, error) {
	return c.page(ctx, "/v1/entries", after, limit)
}

// Tenants reads a page of the installation's tenants. It takes an operator's key.
func (c *Client) Tenants(ctx context.Context, after string, limit int) (Page, error) {
	return c.page(ctx, "/v1/tenants", after, limit)
}

func (c *Client) page(ctx context.Context, path, after string, limit int) (Page, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if after != "" {
		q.Set("after", after)
	}
	var out Page
	err := c.get(ctx, path+"?"+q.Encode(), &out)
	return out, err
}

// AccountChange is an operation on an account. Amount is in minor units or points; To names the other
// account of a transfer, Original the operation that a refund gives back.
type AccountChange struct {
	Amount   *Money `json:"amount,omitempty"`
	Points   int64  `json:"points,omitempty"`
	To       string `json:"to,omitempty"`
	Original string `json:"original,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Approval string `json:"approval,omitempty"`
}

// AccountChanged is the account after the operation.
type AccountChanged struct {
	Answer
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Balances []Balance `json:"balances"`
}

// ChangeAccount does a deed to an account: activate, load, redeem, refund, adjust, transfer, block,
// unblock or clear.
func (c *Client) ChangeAccount(ctx context.Context, key, account, deed string, in AccountChange) (AccountChanged, error) {
	var out AccountChanged
	err := c.manage(ctx, http.MethodPost, "/accounts/"+url.PathEscape(account)+"/"+url.PathEscape(deed), key, in, &out)
	return out, err
}

// Head is the end of a tenant's ledger.
type Head struct {
	Answer
	Size int64  `json:"size"`
	Root string `json:"root"`
}

// LedgerHead reads the end of the ledger.
func (c *Client) LedgerHead(ctx context.Context) (Head, error) {
	var out Head
	err := c.get(ctx, "/v1/ledger/head", &out)
	return out, err
}

// SetClock moves the server's test clock to a moment. Only a server started with --test-clock has one.
func (c *Client) SetClock(ctx context.Context, at time.Time) error {
	return c.ask(ctx, "/test/clock", map[string]string{"at": at.Format(time.RFC3339Nano)}, nil)
}

// Clock reads the server's test clock.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	var out struct {
		At time.Time `json:"at"`
	}
	err := c.get(ctx, "/test/clock", &out)
	return out.At, err
}
