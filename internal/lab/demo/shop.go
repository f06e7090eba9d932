package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"lojal/client"
)

// Till is a linked terminal with its key.
type Till struct {
	ID     string `json:"id"`
	TID    string `json:"tid"`
	Outlet string `json:"outlet"`
	Key    string `json:"key"`
	Seq    int64  `json:"seq"` // the last number of the terminal's sequence
}

// Shop is the chain as it was made: what a person needs to try it, and what a second start needs to find it.
type Shop struct {
	Until     time.Time `json:"until"`   // the instant at which the year ends
	Built     bool      `json:"built"`   // outlets, tills, cashiers and programme are there
	Renewed   bool      `json:"renewed"` // keys of the present have taken the place of those of a year ago
	Loaded    bool      `json:"loaded"`
	Tenant    string    `json:"tenant"`
	AdminKey  string    `json:"admin_key"`
	Programme string    `json:"programme"`
	Tills     []Till    `json:"tills"`
	Visitor   string    `json:"visitor_card"` // a member's card on which nothing was ever sold
	Cards     []string  `json:"cards"`        // cards with a history, to try
	Gift      string    `json:"gift_card"`    // has money on it
	Coupon    string    `json:"coupon"`       // the visitor's own

	url  string
	path string
	boss *client.Client
}

// stateFile holds a Shop in the data folder, for its owner alone: it names keys.
const stateFile = "demo.json"

// At tells the shop where its server is.
func (s *Shop) At(url string) { s.url, s.boss = url, nil }

// openShop reads what an earlier load left in the data folder.
func openShop(url, data string, until time.Time) (*Shop, error) {
	s := &Shop{Until: until.UTC().Truncate(time.Second)}
	path := filepath.Join(data, stateFile)
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, s)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	s.url, s.path = url, path
	return s, err
}

// keep writes the shop down, whole or not at all.
func (s *Shop) keep() error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path+".new", append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

// connections are kept open per client: as many as there are workers.
const connections = workers

func (s *Shop) admin() *client.Client {
	if s.boss == nil {
		s.boss = client.New(s.url, s.AdminKey, client.WithConnections(connections))
	}
	return s.boss
}

// build makes the tenant with outlets, tills, cashiers and programme. Every call has a key of its own, so
// that what is there already is only found.
func (s *Shop) build(ctx context.Context, operatorKey string) error {
	top := client.New(s.url, operatorKey)
	tenant, err := top.CreateTenant(ctx, "demo-tenant", client.NewTenant{
		Slug: slug, Name: chainName, Zone: outlets[0].Zone, Currency: currency, LimitsProfile: "none", CountryPack: "lv",
	})
	if err != nil {
		return fmt.Errorf("make the tenant: %w", err)
	}
	s.Tenant, s.AdminKey = tenant.ID, tenant.Key
	admin := s.admin()
	merchant, err := admin.CreateMerchant(ctx, "demo-merchant", client.NewMerchant{Name: "SIA " + chainName, RegNo: "40000000001", VATNo: "LV40000000001"})
	if err != nil {
		return fmt.Errorf("make the merchant: %w", err)
	}
	ids := make([]string, len(outlets))
	for i, o := range outlets {
		made, err := admin.CreateOutlet(ctx, "demo-outlet-"+o.Code, client.NewOutlet{
			Merchant: merchant.ID, Code: o.Code, Name: o.Name, Address: o.Address, Zone: o.Zone, Currency: currency, DayClosesAt: "00:00",
		})
		if err != nil {
			return fmt.Errorf("make outlet %s: %w", o.Code, err)
		}
		ids[i] = made.ID
	}
	if err := s.people(ctx, admin, ids); err != nil {
		return err
	}
	if err := s.link(ctx, admin, ids); err != nil {
		return err
	}
	published, err := admin.PublishProgramme(ctx, "demo-programme", rules, time.Time{})
	if err != nil {
		return fmt.Errorf("publish the programme: %w", err)
	}
	s.Programme, s.Built = published.ID, true
	return s.keep()
}

// renew makes the keys anew towards the end of the year: a key lives for 365 days.
func (s *Shop) renew(ctx context.Context) error {
	for i := range s.Tills {
		linked, err := s.admin().LinkTerminal(ctx, "demo-relink-"+s.Tills[i].TID, s.Tills[i].ID, "demo")
		if err != nil {
			return fmt.Errorf("renew the key of terminal %s: %w", s.Tills[i].TID, err)
		}
		s.Tills[i].Key = linked.Key
	}
	var made client.Created
	if err := s.post(ctx, "/v1/keys", "demo-admin", map[string]string{"name": "demo", "kind": "admin"}, &made); err != nil {
		return fmt.Errorf("renew the administrator's key: %w", err)
	}
	s.AdminKey, s.boss, s.Renewed = made.Key, nil, true
	return s.keep()
}

func (s *Shop) people(ctx context.Context, admin *client.Client, outlets []string) error {
	for _, c := range staff {
		at := outlets
		if c.outlet != nobody {
			at = outlets[c.outlet : c.outlet+1]
		}
		_, err := admin.CreateStaff(ctx, "demo-staff-"+c.Code, client.NewStaff{Code: c.Code, Name: c.Name, Role: c.Role, Outlets: at, PIN: c.PIN, Language: c.Language})
		if err != nil {
			return fmt.Errorf("make cashier %s: %w", c.Code, err)
		}
	}
	return nil
}

func (s *Shop) link(ctx context.Context, admin *client.Client, ids []string) error {
	s.Tills = nil
	for _, t := range tills {
		made, err := admin.CreateTerminal(ctx, "demo-terminal-"+t.TID, client.NewTerminal{Outlet: ids[t.outlet], TID: t.TID, Kind: "pos"})
		if err != nil {
			return fmt.Errorf("make terminal %s: %w", t.TID, err)
		}
		linked, err := admin.LinkTerminal(ctx, "demo-link-"+t.TID, made.ID, "demo")
		if err != nil {
			return fmt.Errorf("link terminal %s: %w", t.TID, err)
		}
		s.Tills = append(s.Tills, Till{ID: made.ID, TID: t.TID, Outlet: outlets[t.outlet].Code, Key: linked.Key})
	}
	return nil
}

// enrol makes a member with a card and the welcome coupon, and gives the coupon's reference.
func (s *Shop) enrol(ctx context.Context, key string, in client.NewMember) (client.Member, string, error) {
	in.Programme = s.Programme
	made, err := s.admin().EnrolMember(ctx, key, in)
	if err != nil {
		return made, "", fmt.Errorf("enrol %s: %w", key, err)
	}
	if made.Card == nil {
		return made, "", fmt.Errorf("enrol %s: no card in the answer", key)
	}
	var coupon struct {
		Ref string `json:"ref"`
	}
	err = s.post(ctx, "/v1/vouchers/welcome/publish", key+"-coupon", map[string]string{"programme": s.Programme, "card": made.Card.ID}, &coupon)
	if err != nil {
		return made, "", fmt.Errorf("give the welcome coupon: %w", err)
	}
	return made, coupon.Ref, nil
}

// visitor makes the card on which a visitor tries things out. Nothing was ever sold on it.
func (s *Shop) visitor(ctx context.Context) error {
	s.Visitor = number(visitorSeries, 1)
	_, coupon, err := s.enrol(ctx, "demo-visitor", client.NewMember{Display: "Jānis Bērziņš", Language: "lv", Card: &client.NewCard{Number: s.Visitor}})
	s.Coupon = coupon
	return err
}

// post sends a write that the client has no call for.
func (s *Shop) post(ctx context.Context, path, key string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.AdminKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(w.Body, client.MaxAnswer))
	if err != nil {
		return err
	}
	if w.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("POST %s: %d %s", path, w.StatusCode, answer)
	}
	return json.Unmarshal(answer, out)
}
