package job_test

import (
	"context"
	"sync/atomic"
	"testing"

	"lojal/internal/base/job"
)

func TestEach_DoesAllAndNeverMoreThanTheLimitAtOnce(t *testing.T) {
	t.Parallel()
	var inside, most, done atomic.Int64
	job.Each(200, 4, func(int) {
		now := inside.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		done.Add(1)
		inside.Add(-1)
	})
	if done.Load() != 200 || most.Load() > 4 {
		t.Errorf("%d done, %d at once, want 200 and at most 4", done.Load(), most.Load())
	}
}

func TestCrew_OneWorkerAName(t *testing.T) {
	t.Parallel()
	c := job.NewCrew()
	hold := make(chan struct{})
	var ran atomic.Int64
	work := func(context.Context) { <-hold; ran.Add(1) }
	if !c.Go(context.Background(), 7, work) {
		t.Fatal("the first worker was refused")
	}
	if c.Go(context.Background(), 7, work) {
		t.Error("a second worker under the name was let in")
	}
	if !c.Go(context.Background(), 8, work) {
		t.Error("a worker under another name was refused")
	}
	close(hold)
	c.Wait()
	if ran.Load() != 2 {
		t.Errorf("%d workers ran, want 2", ran.Load())
	}
	if !c.Go(context.Background(), 7, work) {
		t.Error("a name is not free after its work")
	}
	c.Wait()
}
