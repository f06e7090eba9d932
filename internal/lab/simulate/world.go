package simulate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lojal/internal/access"
	"lojal/internal/app"
	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/id"
	"lojal/internal/base/seal"
	"lojal/internal/base/secret"
	"lojal/internal/card"
	"lojal/internal/doctor"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/programme"
	"lojal/internal/proof"
	"lojal/internal/sale"
	"lojal/internal/shift"
	"lojal/migrations"
)

// world is the server: the same rooms as a running house, wired to lanes that nobody starts.
type world struct {
	dir, url string
	clock    *clock.Manual
	d        *db.DB
	ring     *secret.Ring
	keys     *secret.Keys
	signer   *seal.Keys
	house    *merchant.House
	book     *programme.Book
	lane     *ledger.Lane
	reader   *ledger.Lane
	cards    *card.Deeds
	finder   *card.Finder
	shifts   *shift.Room
	sales    *sale.Room
	mint     *id.Mint
}

var ctx = context.Background()

// scratch gives a folder in memory where there is one: durability is not what is tested here, and its
// settings stay as they are.
func scratch() (string, error) {
	const shm = "/dev/shm"
	if s, err := os.Stat(shm); err == nil && s.IsDir() {
		return os.MkdirTemp(shm, "lojal-simulate-")
	}
	return os.MkdirTemp("", "lojal-simulate-")
}

func newWorld(url string, at clock.Instant) (*world, error) {
	dir, err := scratch()
	if err != nil {
		return nil, err
	}
	if url == "" {
		url = "sqlite:" + filepath.Join(dir, "lojal.db")
	}
	w := &world{dir: dir, url: url, clock: clock.NewManual(at)}
	d, err := db.Open(ctx, url, db.Options{})
	if err == nil {
		err = d.Migrate(ctx, migrations.Files)
		_ = d.Close()
	}
	if err == nil {
		w.mint = id.NewMint(w.clock, 1)
		err = w.open()
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return w, nil
}

// open starts the server on what the database has. Nothing of an earlier life is left in memory.
func (w *world) open() error {
	var err error
	if w.d, err = db.Open(ctx, w.url, db.Options{}); err != nil {
		return err
	}
	master, err := secret.OpenMaster(w.dir)
	if err != nil {
		return err
	}
	if w.signer, err = seal.OpenKeys(filepath.Join(w.dir, app.CheckpointKeys), "lojal", w.clock.Now()); err != nil {
		return err
	}
	w.ring = secret.NewRing(w.d, master)
	w.house = merchant.New(merchant.Wiring{DB: w.d, Clock: w.clock, Mint: w.mint, Ring: w.ring, Trail: access.Audit, Demo: true})
	w.book = programme.NewBook(w.d)
	if w.lane, err = ledger.NewLane(ctx, w.d, w.clock, w.book.Zones); err != nil {
		return err
	}
	proofs := proof.NewKeeper(w.d, w.clock, w.lane)
	w.cards, w.finder = card.Register(w.lane), card.NewFinder(w.d, w.ring, w.clock)
	w.shifts = shift.New(w.lane, w.d, w.mint.Next, func(int64, int64) shift.Place {
		return shift.Place{Zone: zone, ClosesAt: closesHours * time.Hour}
	})
	w.shifts.Section(shift.SectionDiscount, sale.Discounts(w.book))
	w.sales = sale.New(sale.Parts{DB: w.d, Lane: w.lane, Clock: w.clock, Book: w.book, Till: w.shifts, Keys: w.ring, Cards: w.finder, Members: nobody, Proofs: proofs})
	if w.reader, err = w.lane.Reader(ctx, w.d); err != nil {
		return err
	}
	w.finder.ReadWith(w.reader, w.cards)
	w.sales.ReadWith(w.reader)
	return nil
}

// nobody is all that a cashier sees of the members here: they have no profile.
func nobody(context.Context, int64, int64, clock.Day) (*sale.MemberAnswer, error) { return nil, nil }

// close ends the server. What was committed is in the database, and nothing else is anywhere.
func (w *world) close() {
	w.lane.Stop()
	w.reader.Stop()
	_ = w.d.Close()
}

// remove ends the world.
func (w *world) remove() {
	w.close()
	_ = os.RemoveAll(w.dir)
}

// examine runs every check of the doctor on the stored state and gives what is wrong.
func (w *world) examine() ([]string, error) {
	checks, err := app.Checks(ctx, w.d, w.clock, w.signer.Verifiers)
	if err != nil {
		return nil, err
	}
	report, err := doctor.New(w.d, w.clock, append(checks, vouchersKeep())...).Run(ctx, doctor.Options{})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, t := range report.Tenants {
		for _, r := range t.Results {
			for _, v := range r.Violations {
				out = append(out, r.ID+": "+v.String())
			}
		}
	}
	return out, nil
}

var overused = db.SQL("simulate.overused", `
	SELECT v.id, v.uses, v.max_uses FROM voucher v WHERE v.tenant_id = $1 AND v.max_uses > 0 AND v.uses > v.max_uses`)

// vouchersKeep is I20 by the voucher's own row.
func vouchersKeep() check.Check {
	return check.Query("I20", "no voucher is used more often than it may be", overused, func(scan func(...any) error) (check.Violation, error) {
		var voucher, uses, most int64
		err := scan(&voucher, &uses, &most)
		return check.Violation{What: strings.Join([]string{"voucher", id.Format("cpn", voucher), "is used too often"}, " ")}, err
	})
}
