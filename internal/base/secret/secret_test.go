package secret_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lojal/internal/base/db"
	"lojal/internal/base/db/dbtest"
	"lojal/internal/base/fault"
	"lojal/internal/base/secret"
)

func TestSecret_NeverShowsItself(t *testing.T) {
	t.Parallel()
	const canary = "canary-4711"
	s := secret.Secret(canary)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", s, "in", struct{ S secret.Secret }{s})
	js, err := json.Marshal(map[string]any{"s": s, "all": []secret.Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	shown := log.String() + string(js) + fmt.Sprintf("%v %s %q %#v %+v %d", s, s, s, s, struct{ S secret.Secret }{s}, s)
	if strings.Contains(shown, canary) || s.Reveal() != canary {
		t.Fatal(shown)
	}
}

func master(t *testing.T, dir string) *secret.Master {
	t.Helper()
	m, err := secret.OpenMaster(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMaster_TenantsAreApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, wrapped, err := master(t, dir).NewTenant(1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := master(t, dir).Tenant(1, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Index(secret.Card, "1234"), again.Index(secret.Card, "1234")) {
		t.Error("a restart gives other indexes")
	}
	if bytes.Equal(a.Index(secret.Card, "1234"), a.Index(secret.Phone, "1234")) || bytes.Equal(a.Index("a", "bc"), a.Index("ab", "c")) {
		t.Error("purposes run together")
	}
	if _, err := master(t, dir).Tenant(2, wrapped); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("the secret of one tenant opens as another's: %v", err)
	}
	if _, err := master(t, t.TempDir()).Tenant(1, wrapped); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("another master key opens it: %v", err)
	}
	b, _, err := master(t, dir).NewTenant(2)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := a.Seal("once|1", []byte("plain"))
	if err != nil || bytes.Contains(sealed, []byte("plain")) {
		t.Fatal(err)
	}
	if _, err := b.Open("once|1", sealed); !errors.Is(err, secret.ErrSealed) {
		t.Error(err)
	}
	if _, err := a.Open("once|2", sealed); !errors.Is(err, secret.ErrSealed) {
		t.Error(err)
	}
	if got, err := again.Open("once|1", sealed); err != nil || string(got) != "plain" {
		t.Error(got, err)
	}
}

func TestMaster_FileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	indexes := make([]string, 8)
	for i := range indexes {
		wg.Go(func() {
			m, err := secret.OpenMaster(dir)
			if err != nil {
				t.Error(err)
				return
			}
			k, err := m.House()
			if err != nil {
				t.Error(err)
				return
			}
			indexes[i] = string(k.Index(secret.Key, "x"))
		})
	}
	wg.Wait()
	for _, x := range indexes {
		if x != indexes[0] {
			t.Fatal("processes that started together have different keys")
		}
	}
	path := filepath.Join(dir, "master.key")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenMaster(dir); !fault.Is(err, secret.ErrMaster) {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("beef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenMaster(dir); !fault.Is(err, secret.ErrMaster) {
		t.Fatal(err)
	}
}

func TestMaster_ANewKeyOpensTheOldAndWrapsAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	keys, wrapped, err := master(t, dir).NewTenant(1)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Repeat("ab", secret.KeySize) + "\n"
	if err := os.WriteFile(path, append(text, newer...), 0o600); err != nil {
		t.Fatal(err)
	}
	re, err := master(t, dir).Rewrap(1, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := master(t, dir).Tenant(1, wrapped); !errors.Is(err, secret.ErrSealed) {
		t.Fatal(err)
	}
	got, err := master(t, dir).Tenant(1, re)
	if err != nil || !bytes.Equal(got.Index(secret.Card, "1"), keys.Index(secret.Card, "1")) {
		t.Fatal(err)
	}
}

func TestData_OpensInItsPlaceAlone(t *testing.T) {
	t.Parallel()
	keys, _, err := master(t, t.TempDir()).NewTenant(1)
	if err != nil {
		t.Fatal(err)
	}
	d, wrapped, err := keys.NewData(77)
	if err != nil {
		t.Fatal(err)
	}
	here := secret.Place{Table: "person", Column: "name", Row: 77}
	sealed := d.Seal(here, []byte("Anna"))
	again, err := keys.Data(77, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(here, sealed); err != nil || string(got) != "Anna" {
		t.Fatal(got, err)
	}
	for _, p := range []secret.Place{{"person", "name", 78}, {"person", "city", 77}, {"card", "name", 77}} {
		if _, err := again.Open(p, sealed); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("%v: %v", p, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := again.Open(here, changed); !errors.Is(err, secret.ErrSealed) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if _, err := keys.Data(78, wrapped); !errors.Is(err, secret.ErrSealed) {
		t.Error("a data key opens for another person")
	}
	if _, err := again.Open(here, sealed[:10]); !errors.Is(err, secret.ErrSealed) {
		t.Error(err)
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	ctx, low := context.Background(), secret.Cost{MemoryKiB: 64, Passes: 1}
	stored, err := secret.HashPassword(ctx, low, "correct horse")
	if err != nil || strings.Contains(stored, "horse") {
		t.Fatal(stored, err)
	}
	for pass, want := range map[secret.Secret]bool{"correct horse": true, "correct Horse": false, "": false} {
		if got, err := secret.CheckPassword(ctx, stored, pass); err != nil || got != want {
			t.Errorf("%q: %v %v", pass.Reveal(), got, err)
		}
	}
	if !secret.Stale(stored, secret.StaffCost) || secret.Stale(stored, low) {
		t.Error("stale is told wrongly")
	}
	for _, bad := range []string{"", "plain", "$argon2id$v=19$m=64,t=1,p=1$x$y", strings.Replace(stored, "m=64", "m=99999999", 1)} {
		if ok, err := secret.CheckPassword(ctx, bad, "x"); ok || err == nil {
			t.Errorf("%q passes", bad)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for range 8 { // a free turn and a gone caller are chosen between by chance
		if _, err := secret.HashPassword(gone, low, "x"); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

var insertTenant = db.SQL("test.insert_tenant", `INSERT INTO tenant (tenant_id, slug, name, zone, currency, settings, secret, created_at) VALUES ($1, 'shop', 'Shop', 'Europe/Riga', 'EUR', '{}', $2, 0)`)

func TestRing_GivesTheStoredKeysAfterARestart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, dir := context.Background(), t.TempDir()
		first := secret.NewRing(d, master(t, dir))
		if _, err := first.Of(ctx, 5); !fault.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
		wrapped, err := first.New(5)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(ctx, 5, func(tx db.Tx) error { _, err := tx.Exec(ctx, insertTenant, tx.Tenant(), wrapped); return err }); err != nil {
			t.Fatal(err)
		}
		a, err := first.Of(ctx, 5)
		if err != nil {
			t.Fatal(err)
		}
		b, err := secret.NewRing(d, master(t, dir)).Of(ctx, 5)
		if err != nil || !bytes.Equal(a.Sign("x", []byte("m")), b.Sign("x", []byte("m"))) {
			t.Fatal(err)
		}
		house, err := first.Of(ctx, 0)
		if err != nil || bytes.Equal(house.Sign("x", []byte("m")), b.Sign("x", []byte("m"))) {
			t.Fatal("the house signs as a tenant", err)
		}
	})
}
