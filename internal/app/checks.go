package app

import (
	"context"
	"strconv"

	"lojal/internal/base/check"
	"lojal/internal/base/clock"
	"lojal/internal/base/db"
	"lojal/internal/base/seal"
	"lojal/internal/ledger"
	"lojal/internal/merchant"
	"lojal/internal/programme"
	"lojal/internal/sale"
	"lojal/internal/shift"
)

// CheckpointKeys is the folder of checkpoint keys inside the data folder.
const CheckpointKeys = "checkpoint"

// Checks gathers what every room holds of the stored state. It needs no running house: the doctor looks
// beside a server, or at a copy.
func Checks(ctx context.Context, d *db.DB, now clock.Clock, keys seal.Verifiers) ([]check.Check, error) {
	book, dir := programme.NewBook(d), merchant.NewDirectory(d)
	lane, err := ledger.NewLane(ctx, d, now, book.Zones) // never started: it only lets the room be made
	if err != nil {
		return nil, err
	}
	defer lane.Stop()
	shifts := shift.New(lane, d, nil, func(tenant, outlet int64) shift.Place { return placeOf(dir, tenant, outlet) })
	shifts.Section(shift.SectionDiscount, sale.Discounts(book))
	out := ledger.Checks(ledger.Options{Zones: book.Zones, Verifiers: keys, Watch: sale.Watches(book)})
	return append(out, shifts.Checks()...), nil
}

// StoredClock gives the clock by which stored state is judged: the test clock where one was set, else the
// machine's.
func StoredClock(ctx context.Context, d *db.DB) (clock.Clock, error) {
	var text string
	var found bool
	err := d.Read(ctx, 0, func(tx db.Tx) error {
		var err error
		found, err = tx.One(ctx, readNode, db.Args(testClock), &text)
		return err
	})
	if err != nil || !found {
		return clock.System{}, err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	return clock.NewManual(clock.Instant(v)), err
}
