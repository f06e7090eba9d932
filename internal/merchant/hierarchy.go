package merchant

import (
	"regexp"
	"time"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/id"
	"lojal/internal/base/money"
)

type (
	tenantPrefix   struct{}
	merchantPrefix struct{}
	outletPrefix   struct{}
	terminalPrefix struct{}
)

// Prefix gives ten.
func (tenantPrefix) Prefix() string { return "ten" }

// Prefix gives mer.
func (merchantPrefix) Prefix() string { return "mer" }

// Prefix gives out.
func (outletPrefix) Prefix() string { return "out" }

// Prefix gives trm.
func (terminalPrefix) Prefix() string { return "trm" }

// The identifiers of the hierarchy.
type (
	TenantID   = id.Of[tenantPrefix]
	ID         = id.Of[merchantPrefix]
	OutletID   = id.Of[outletPrefix]
	TerminalID = id.Of[terminalPrefix]
)

// Tenant is the border of isolation and the owner of a ledger.
type Tenant struct {
	ID        TenantID
	Slug      string
	Name      string
	Zone      *time.Location
	Currency  money.Currency
	Profile   Profile
	Settings  Settings
	CreatedAt clock.Instant
}

// Settings are what a tenant has chosen beyond its columns.
type Settings struct {
	CountryPack string          `json:"country_pack,omitempty"`
	Language    string          `json:"language,omitempty"`
	Modules     map[string]bool `json:"modules,omitempty"` // switched on or off; one that is absent stands as its room has it
}

// On tells whether a module is on; usual is what holds when nothing has been chosen.
func (s Settings) On(module string, usual bool) bool {
	if on, chosen := s.Modules[module]; chosen {
		return on
	}
	return usual
}

// Merchant is a legal entity that accepts cards.
type Merchant struct {
	ID        ID
	Name      string
	RegNo     string
	VATNo     string
	CreatedAt clock.Instant
}

// Outlet is a place of sale with a zone, a currency and a business day of its own.
type Outlet struct {
	ID        OutletID
	Merchant  ID
	Code      string // the till's name of it: 017
	Name      string
	Zone      *time.Location
	Currency  money.Currency
	MCC       string // merchant category code, ISO 18245; empty when unknown
	ClosesAt  time.Duration
	Address   string
	Geo       Geo
	Closed    bool
	CreatedAt clock.Instant
}

// Geo is a place in ten-millionths of a degree, WGS 84. Zero for both is no place.
type Geo struct {
	LatE7, LonE7 int64
}

// BusinessDay gives the business date of an instant: a sale before the day closes belongs to the day
// before (PAR-05).
func (o *Outlet) BusinessDay(at clock.Instant) clock.Day {
	return clock.BusinessDay(at, o.Zone, o.ClosesAt)
}

// Terminal is a device, or a place for one, at an outlet.
type Terminal struct {
	ID        TerminalID
	Outlet    OutletID
	TID       string // 8 alphanumeric characters, unique in the tenant (ISO 8583 field 41)
	Kind      string
	Language  string
	Closed    bool
	Offline   Offline
	CreatedAt clock.Instant
}

// Offline is what a terminal may do without the server (OFF-01, OFF-02). Zero forbids.
type Offline struct {
	RedeemMaxMinor int64 `json:"redeem_max_minor,omitempty"` // of the outlet's currency, per redemption
	Activation     bool  `json:"activation,omitempty"`
	Load           bool  `json:"load,omitempty"`
	QueueMax       int   `json:"queue_max,omitempty"` // advices that may wait; 0 leaves it to the till
}

const (
	maxName    = 200
	maxAddress = 500
	maxModules = 100
)

var (
	slugForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{1,38}[a-z0-9]$`)
	codeForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)
	wordForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	tidForm    = regexp.MustCompile(`^[A-Za-z0-9]{8}$`)
	mccForm    = regexp.MustCompile(`^([0-9]{4})?$`)
	numberForm = regexp.MustCompile(`^[A-Za-z0-9 ./-]{0,40}$`)
	langForm   = regexp.MustCompile(`^([a-z]{2,3}(-[A-Z]{2})?)?$`)
)

// field is one check of an input: what is expected where, and whether it is so.
type field struct {
	ok             bool
	name, expected string
}

func check(fields ...field) error {
	for _, f := range fields {
		if !f.ok {
			return fault.Invalid(f.name, f.expected)
		}
	}
	return nil
}

func isName(name, text string) field {
	return field{text != "" && len(text) <= maxName, name, "1 to 200 bytes"}
}

// zoneOf gives the location of an IANA zone name.
func zoneOf(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fault.Invalid("zone", "an IANA time zone such as Europe/Riga")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.Invalid("zone", "an IANA time zone such as Europe/Riga")
	}
	return zone, nil
}

func currencyOf(code string) (money.Currency, error) {
	c, ok := money.Find(code)
	if !ok {
		return c, fault.Invalid("currency", "an ISO 4217 code such as EUR")
	}
	return c, nil
}

// ParseClosing reads the time at which an outlet's business day closes, HH:MM after midnight. Empty is 00:00.
func ParseClosing(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fault.Invalid("day_closes_at", "HH:MM from 00:00 to 23:59")
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// FormatClosing writes what ParseClosing reads.
func FormatClosing(d time.Duration) string { return time.Time{}.Add(d).Format("15:04") }
