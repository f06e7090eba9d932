package programme

import (
	"lojal/internal/base/clock"
	"lojal/internal/base/money"
)

// Limits of a definition.
const (
	MaxBytes      = 4 << 20
	MaxRules      = 5_000 // offers, coupons and rewards together
	MaxEntries    = 10_000
	MaxLabelBytes = 400
	MaxTextBytes  = 4_000
	MaxSequence   = 1 << 20
)

// Definition is a programme as it is written and stored. Field tags name the key, the default and the
// permitted words; amounts are decimal numbers of the programme's currency.
type Definition struct {
	ID       string         `yaml:"id"`
	Name     string         `yaml:"name"`
	Issuer   string         `yaml:"issuer"`
	Zone     string         `yaml:"zone" default:"Europe/Riga"`
	DayZone  string         `yaml:"day_zone" default:"programme" choice:"programme,outlet"`
	Currency money.Currency `yaml:"currency" default:"EUR"`
	Prices   Prices         `yaml:"prices" default:"vat_included" choice:"vat_included,net"`

	Settings `yaml:",inline"`

	Assets  []Asset       `yaml:"assets"`
	Tiers   []Tier        `yaml:"tiers"`
	Scale   []Step        `yaml:"scale"`
	Offers  []Offer       `yaml:"offers"`
	Coupons []Coupon      `yaml:"coupons"`
	Rewards []Reward      `yaml:"rewards"`
	Gift    []GiftProduct `yaml:"gift"`
	Passes  []PassProduct `yaml:"passes"`
}

// Prices says whether line totals include the value-added tax.
type Prices string

// The two ways of pricing.
const (
	VATIncluded Prices = "vat_included"
	Net         Prices = "net"
)

// Settings are the switches of a programme, under the names by which people speak of them. An amount,
// number or percentage of 0 means none.
type Settings struct {
	EarnRate              money.Rate    `yaml:"earn_rate" default:"1/1.00"`
	PointsScale           int64         `yaml:"points_scale" default:"0" max:"6"`
	PointsValue           money.Rate    `yaml:"points_value" default:"0.01"`
	EarnRounding          string        `yaml:"earn_rounding" default:"floor" choice:"floor,half_up,ceil"`
	CarryRemainder        Switch        `yaml:"carry_remainder" default:"off"`
	EarnBase              string        `yaml:"earn_base" default:"after_rewards" choice:"after_rewards,before_rewards"`
	EarnCombination       string        `yaml:"earn_combination" default:"max" choice:"max,sum,product"`
	UsePointsOfThisOrder  Switch        `yaml:"use_points_of_this_order" default:"off"`
	EarnExclude           []string      `yaml:"earn_exclude" default:"gift_card_sale"`
	BurnExclude           []string      `yaml:"burn_exclude" default:"gift_card_sale"`
	DiscountExclude       []string      `yaml:"discount_exclude" default:"gift_card_sale"`
	CardPercent           Percent       `yaml:"card_percent" default:"0"`
	TillPromo             string        `yaml:"till_promo" default:"best_of_per_line" choice:"best_of_per_line,stack"`
	BurnMode              string        `yaml:"burn_mode" default:"whole_points" choice:"whole_points,cover_total"`
	BurnAs                string        `yaml:"burn_as" default:"discount" choice:"discount,tender"`
	MaxBurnPercent        Percent       `yaml:"max_burn_percent" default:"0"`
	MinPayable            money.Amount  `yaml:"min_payable" default:"0"`
	EarnCapPerTransaction Points        `yaml:"earn_cap_per_transaction" default:"0"`
	MaxPointsBalance      Points        `yaml:"max_points_balance" default:"0"`
	MaxEarnsPerDay        int64         `yaml:"max_earns_per_day" default:"0"`
	MaxBurnsPerDay        int64         `yaml:"max_burns_per_day" default:"0"`
	ActivationDelayDays   int64         `yaml:"activation_delay_days" default:"0" max:"3660"`
	Expiry                Expiry        `yaml:"expiry"`
	CountStartDay         Switch        `yaml:"count_start_day" default:"off"`
	ReturnModel           string        `yaml:"return_model" default:"allocated" choice:"allocated,requalify,keep"`
	ReturnWindow          int64         `yaml:"return_window" default:"0" max:"36600"`
	Restore               string        `yaml:"restore" default:"grace" choice:"grace,strict"`
	RestoreGraceDays      int64         `yaml:"restore_grace_days" default:"30" max:"3660"`
	RestoreOnReturn       Switch        `yaml:"restore_on_return" default:"on"`
	Clawback              string        `yaml:"clawback" default:"allow" choice:"allow,prevent,offset"`
	DebtLimit             Points        `yaml:"debt_limit" default:"0"`
	RefundOrder           string        `yaml:"refund_order" default:"proportional" choice:"proportional,gift_first,cash_last"`
	AllowGiftBuysGift     Switch        `yaml:"allow_gift_buys_gift" default:"off"`
	AllowCouponOnGift     Switch        `yaml:"allow_coupon_on_gift" default:"off"`
	Transferable          Switch        `yaml:"transferable" default:"off"`
	BurnVerification      Verification  `yaml:"burn_verification"`
	GiftVerification      Verification  `yaml:"gift_verification"`
	BucketOrder           string        `yaml:"bucket_order" default:"promo_first" choice:"promo_first,paid_first"`
	HoldTTL               Span          `yaml:"hold_ttl" default:"15m"`
	AuthoriseTTL          Span          `yaml:"authorise_ttl" default:"7d"`
	FloorTotal            money.Amount  `yaml:"floor_total" default:"0"`
	FloorMargin           Percent       `yaml:"floor_margin" default:"0"`
	MinGiftPayment        money.Amount  `yaml:"min_gift_payment" default:"0"`
	DustRule              string        `yaml:"dust_rule" default:"usable" choice:"usable,cash_out,donate"`
	PublicLookupPerMinute int64         `yaml:"public_lookup_per_minute" default:"5"`
	Tier                  TierRules     `yaml:"tier"`
	Progressive           Progressive   `yaml:"progressive"`
	RateIncludesThisSale  Switch        `yaml:"rate_includes_current_sale" default:"off"`
	PassChoice            string        `yaml:"pass_choice" default:"soonest_expiry" choice:"soonest_expiry,cashier"`
	Feb29                 string        `yaml:"feb29" default:"feb28" choice:"feb28,mar1"`
	OfflineBurn           Points        `yaml:"offline_burn" default:"0"`
	OfflineActivation     Switch        `yaml:"offline_activation" default:"off"`
	OfflineWindow         OfflineWindow `yaml:"offline_window"`
	FeeBeneficiary        string        `yaml:"fee_beneficiary" default:"operator" choice:"operator,issuer"`
	MaxBalance            money.Amount  `yaml:"max_balance" default:"0"`
	MaxLoadPerDay         money.Amount  `yaml:"max_load_per_day" default:"0"`
	MaxIssue              money.Amount  `yaml:"max_issue" default:"0"`
	LimitsProfile         string        `yaml:"limits_profile" default:"none" choice:"none,shop,chain"`
	Registration          string        `yaml:"registration" default:"optional" choice:"none,optional,required"`
}

// Asset is a unit of value beside the main points: visits, stamps, a second wallet.
type Asset struct {
	Code         string `yaml:"code"`
	Kind         string `yaml:"kind" choice:"money,points,visits,stamps,tier,coupon,limit"`
	Scale        int64  `yaml:"scale" default:"0" max:"6"`
	Label        Text   `yaml:"label"`
	Transferable Switch `yaml:"transferable" default:"off"`
	Expiry       Expiry `yaml:"expiry"`
}

// Expiry says how long value lasts (R16).
type Expiry struct {
	Kind       string    `yaml:"kind" default:"none" choice:"none,lot,sliding,fixed"`
	N          int64     `yaml:"n" default:"0" max:"3660"`
	Unit       string    `yaml:"unit" default:"months" choice:"days,months,years"`
	EndOfMonth Switch    `yaml:"end_of_month" default:"off"`
	On         clock.Day `yaml:"on"`
	Activities []string  `yaml:"activities"`
}

// Verification says above which worth a spend needs proof of possession.
type Verification struct {
	Need  string       `yaml:"need" default:"off" choice:"off,above,always"`
	Above money.Amount `yaml:"above" default:"0"`
}

// OfflineWindow says how late an operation made offline may arrive.
type OfflineWindow struct {
	Redemption Span `yaml:"redemption" default:"72h"`
	Other      Span `yaml:"other" default:"7d"`
}

// TierRules say what a tier is measured by and how it is lost.
type TierRules struct {
	Basis       string `yaml:"basis" default:"earned" choice:"earned,spend,visits,balance"`
	AfterReturn string `yaml:"after_return" default:"keep_until_period_end" choice:"keep_until_period_end,immediate"`
	Downgrade   string `yaml:"downgrade" default:"one" choice:"one,multi,none"`
}

// Progressive says when and to what the progressive scale applies.
type Progressive struct {
	Applies string `yaml:"applies" default:"next_receipt" choice:"next_receipt,same_receipt"`
	Base    string `yaml:"base" default:"net_turnover" choice:"turnover,net_turnover,receipts,visits,points"`
}

// Tier is a level of members with what it gives at the till.
type Tier struct {
	ID         string     `yaml:"id"`
	Label      Text       `yaml:"label"`
	From       int64      `yaml:"from" default:"0"`
	Percent    Percent    `yaml:"percent" default:"0"`
	Multiplier Multiplier `yaml:"multiplier" default:"1"`
}

// Step is a level of the progressive scale.
type Step struct {
	From    money.Amount `yaml:"from" default:"0"`
	Percent Percent      `yaml:"percent" default:"0"`
}

// Kind is what an effect does.
type Kind string

// The kinds of effects.
const (
	PercentLine   Kind = "percent_line"
	FixedLine     Kind = "fixed_line"
	FixedPrice    Kind = "fixed_price"
	BuyGet        Kind = "buy_get"
	PercentBasket Kind = "percent_basket"
	FixedBasket   Kind = "fixed_basket"
	Multiply      Kind = "multiplier"
	BonusPoints   Kind = "bonus_points"
)

// Effect is what a rule gives. Which fields count depends on the kind.
type Effect struct {
	Kind       Kind         `yaml:"kind" choice:"percent_line,fixed_line,fixed_price,buy_get,percent_basket,fixed_basket,multiplier,bonus_points"`
	Percent    Percent      `yaml:"percent" default:"0"`
	Amount     money.Amount `yaml:"amount" default:"0"`
	PerUnit    Switch       `yaml:"per_unit" default:"off"`
	MaxAmount  money.Amount `yaml:"max_amount" default:"0"`
	Multiplier Multiplier   `yaml:"multiplier" default:"0"`
	Points     Points       `yaml:"points" default:"0"`
	Buy        Units        `yaml:"buy"`
	Get        Units        `yaml:"get"`
}

// Units are a number of whole units of some goods; an empty selection means that of the conditions.
type Units struct {
	Selection `yaml:",inline"`
	Qty       int64 `yaml:"qty" default:"0" max:"1000"`
}

// Selection names lines: a line is selected when any of the lists names it. An empty selection takes all.
type Selection struct {
	Groups  []string `yaml:"groups"`
	SKUs    []string `yaml:"skus"`
	Types   []string `yaml:"types"`
	Classes []string `yaml:"classes"`
}

// Empty tells whether nothing is named.
func (s Selection) Empty() bool {
	return len(s.Groups)+len(s.SKUs)+len(s.Types)+len(s.Classes) == 0
}

// Conditions say when a rule applies, and through the selection to which lines.
type Conditions struct {
	Selection `yaml:",inline"`
	Outlets   []string     `yaml:"outlets"`
	Weekdays  []Weekday    `yaml:"weekdays"`
	TimeFrom  TimeOfDay    `yaml:"time_from"`
	TimeTo    TimeOfDay    `yaml:"time_to"`
	DateFrom  clock.Day    `yaml:"date_from"`
	DateTo    clock.Day    `yaml:"date_to"` // the last day, inclusive
	MinBasket money.Amount `yaml:"min_basket" default:"0"`
	Tiers     []string     `yaml:"tiers"`
	Member    Switch       `yaml:"member" default:"off"`
	When      string       `yaml:"when"` // a residual condition in CEL
}

// Budget bounds what a campaign may give in total.
type Budget struct {
	Money money.Amount `yaml:"money" default:"0"`
	Count int64        `yaml:"count" default:"0"`
}

// Rule is what offers, coupons and rewards have in common.
type Rule struct {
	ID              string `yaml:"id"`
	Label           Text   `yaml:"label"`
	Effect          `yaml:",inline"`
	Conditions      `yaml:",inline"`
	Stack           string `yaml:"stack" default:"any" choice:"any,alone"`
	Exclusive       string `yaml:"exclusive"`
	Sequence        int64  `yaml:"sequence" default:"0" max:"1048576"`
	Budget          Budget `yaml:"budget"`
	MaxPerMemberDay int64  `yaml:"max_per_member_day" default:"0"`
	ReturnModel     string `yaml:"return_model" choice:"allocated,requalify,keep"`
	Funder          string `yaml:"funder"`
}

// Offer is a rule that applies by itself.
type Offer struct {
	Rule `yaml:",inline"`
}

// Coupon is a voucher definition: a rule that applies when a voucher is presented.
type Coupon struct {
	Rule            `yaml:",inline"`
	UsesPerCoupon   int64     `yaml:"uses_per_coupon" default:"1"`
	UsesPerMember   int64     `yaml:"uses_per_member" default:"0"`
	GlobalCap       int64     `yaml:"global_cap" default:"0"`
	ValidFrom       clock.Day `yaml:"valid_from"`
	ValidThrough    clock.Day `yaml:"valid_through"`
	ValidDays       int64     `yaml:"valid_days" default:"0" max:"36600"`
	RestoreOnReturn string    `yaml:"restore_on_return" choice:"on,off"`
}

// Reward is a rule bought with points at the till.
type Reward struct {
	Rule  `yaml:",inline"`
	Price Points `yaml:"price" default:"0"`
}

// GiftProduct is a kind of gift card.
type GiftProduct struct {
	ID            string         `yaml:"id"`
	Label         Text           `yaml:"label"`
	Face          []money.Amount `yaml:"face"`
	FaceMin       money.Amount   `yaml:"face_min" default:"0"`
	FaceMax       money.Amount   `yaml:"face_max" default:"0"`
	FaceStep      money.Amount   `yaml:"face_step" default:"0"`
	Promo         []PromoOnLoad  `yaml:"promo"`
	Expiry        Expiry         `yaml:"expiry"`
	PromoExpiry   Expiry         `yaml:"promo_expiry"`
	MaxBalance    money.Amount   `yaml:"max_balance" default:"0"`
	MaxLoadPerDay money.Amount   `yaml:"max_load_per_day" default:"0"`
	MaxIssue      money.Amount   `yaml:"max_issue" default:"0"`
	RefundPromo   string         `yaml:"refund_promo" default:"reverse" choice:"reverse,keep"`
	RefundCloses  Switch         `yaml:"refund_closes" default:"on"`
	VoucherVAT    string         `yaml:"voucher_vat" default:"mpv" choice:"mpv,spv"`
	SPVRate       string         `yaml:"spv_rate"`
}

// PromoOnLoad is "load 50 get 5". The highest step that the load reaches counts.
type PromoOnLoad struct {
	Load money.Amount `yaml:"load" default:"0"`
	Get  money.Amount `yaml:"get" default:"0"`
}

// PassProduct is a kind of pass; no visits means unlimited.
type PassProduct struct {
	ID        string    `yaml:"id"`
	Label     Text      `yaml:"label"`
	Visits    int64     `yaml:"visits" default:"0"`
	Clock     string    `yaml:"clock" default:"purchase" choice:"purchase,first_use,fixed"`
	Days      int64     `yaml:"days" default:"0" max:"3660"`
	SeasonEnd clock.Day `yaml:"season_end"`
	Outlets   []string  `yaml:"outlets"`
}
