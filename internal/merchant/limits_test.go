package merchant_test

import (
	"testing"
	"time"

	"lojal/internal/base/fault"
	"lojal/internal/base/web"
	"lojal/internal/merchant"
)

func TestMeter_TerminalBurstThenRate(t *testing.T) {
	t.Parallel()
	m := merchant.NewMeter()
	pass := func(at time.Duration, n int) (passed int) {
		for range n {
			if err := m.Terminal(at, merchant.Shop, 1, 7); err == nil {
				passed++
			} else if !fault.Is(err, fault.ErrRateLimited) || fault.Of(err).Params.Get(web.RetryAfter) != int64(1) {
				t.Fatal(err)
			}
		}
		return passed
	}
	if got := pass(time.Hour, 100); got != 40 {
		t.Errorf("a burst of %d, want 40", got)
	}
	if got := pass(time.Hour+500*time.Millisecond, 100); got != 10 {
		t.Errorf("%d in half a second, want 10", got)
	}
	if err := m.Terminal(time.Hour, merchant.Shop, 1, 8); err != nil {
		t.Error("another terminal is held back", err)
	}
	if got := pass(2*time.Hour, 100); got != 40 {
		t.Errorf("a burst of %d after a rest, want 40", got)
	}
}

func TestMeter_TenantCapBindsShopsAlone(t *testing.T) {
	t.Parallel()
	for profile, want := range map[merchant.Profile]int{merchant.Shop: 500, merchant.Chain: 1000, merchant.None: 1000} {
		m, passed := merchant.NewMeter(), 0
		for i := range 1000 {
			if m.Terminal(time.Hour, profile, 1, merchant.TerminalID(i+1)) == nil {
				passed++
			}
		}
		if passed != want {
			t.Errorf("%s: %d of 1000 terminals, want %d", profile, passed, want)
		}
		if err := m.Terminal(time.Hour, profile, 2, 1); err != nil {
			t.Errorf("%s: another tenant is held back: %v", profile, err)
		}
	}
}

func TestMeter_KeysAndWhatTheyHaveAtWork(t *testing.T) {
	t.Parallel()
	m, passed := merchant.NewMeter(), 0
	for range 1000 {
		if m.Key(0, merchant.Shop, 1, 5) == nil {
			passed++
		}
	}
	if passed != 200 {
		t.Errorf("a burst of %d, want 200", passed)
	}
	var ends []func()
	for range 8 {
		end, err := m.Write(merchant.Shop, 1, 5)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	if _, err := m.Write(merchant.Shop, 1, 5); !fault.Is(err, fault.ErrRateLimited) {
		t.Error(err)
	}
	if _, err := m.Report(merchant.Shop, 1, 5); err != nil {
		t.Error("writes count as reports", err)
	}
	ends[0]()
	ends[0]() // counting out twice gives one place
	if _, err := m.Write(merchant.Shop, 1, 5); err != nil {
		t.Error(err)
	}
	if _, err := m.Write(merchant.Shop, 1, 5); err == nil {
		t.Error("a place was given twice")
	}
}

func TestProfile_UnknownIsLimitedAsAShop(t *testing.T) {
	t.Parallel()
	if merchant.Profile("typo").Limits() != merchant.Shop.Limits() || merchant.Chain.Limits().Terminal.PerSecond != 50 {
		t.Error("limits")
	}
}
