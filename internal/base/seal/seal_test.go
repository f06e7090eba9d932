package seal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
	"lojal/internal/base/seal"
)

var noon = clock.Of(time.Date(2026, 1, 10, 12, 0, 0, 5000, time.UTC))

func leaf(i int) seal.Hash { return seal.Record(nil).Int(int64(i)).Leaf() }

// stored is the tree as tlog itself keeps it: the second opinion of these tests.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = s[x]
	}
	return out, nil
}

func TestTree_AgreesWithTlogAtEverySize(t *testing.T) {
	t.Parallel()
	var s stored
	var tree seal.Tree
	if tree.Root() != seal.EmptyRoot {
		t.Fatal("the empty tree has another root")
	}
	for i := range 1100 {
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), leaf(i), s)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, hashes...)
		tree.Add(leaf(i), func(n seal.Node) {
			if got := s[tlog.StoredHashIndex(n.Level, n.N)]; got != n.Hash {
				t.Fatalf("node %d/%d differs", n.Level, n.N)
			}
		})
		want, err := tlog.TreeHash(int64(i+1), s)
		if err != nil || tree.Root() != want {
			t.Fatalf("root at %d differs (%v)", i+1, err)
		}
	}
}

func TestRecord_FieldsCannotRunTogether(t *testing.T) {
	t.Parallel()
	a := seal.Record(nil).Text("ab").Text("c").Leaf()
	b := seal.Record(nil).Text("a").Text("bc").Leaf()
	if a == b {
		t.Fatal("two records have one form")
	}
}

func TestAct_EveryFieldCounts(t *testing.T) {
	t.Parallel()
	base := seal.Act{1, 2, 3, "a", "b", "c", "d", "e", 4}
	others := []seal.Act{
		{9, 2, 3, "a", "b", "c", "d", "e", 4}, {1, 9, 3, "a", "b", "c", "d", "e", 4}, {1, 2, 9, "a", "b", "c", "d", "e", 4},
		{1, 2, 3, "x", "b", "c", "d", "e", 4}, {1, 2, 3, "a", "x", "c", "d", "e", 4}, {1, 2, 3, "a", "b", "x", "d", "e", 4},
		{1, 2, 3, "a", "b", "c", "x", "e", 4}, {1, 2, 3, "a", "b", "c", "d", "x", 4}, {1, 2, 3, "a", "b", "c", "d", "e", 9},
	}
	for i, o := range others {
		if o.Leaf() == base.Leaf() {
			t.Errorf("field %d is not in the leaf", i)
		}
	}
}

func TestKeys_OldCheckpointsVerifyAfterRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k, err := seal.OpenKeys(dir, "lojal.test", noon)
	if err != nil {
		t.Fatal(err)
	}
	c := seal.Checkpoint{Tenant: 7, Epoch: 2, Size: 3, Root: leaf(1), AuditSize: 0, AuditRoot: seal.EmptyRoot, At: noon}
	old, err := k.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	if k.Old(noon) || !k.Old(noon.Add(800*24*time.Hour)) {
		t.Fatal("the key's age is wrong")
	}
	if err := k.Rotate(noon + 1); err != nil {
		t.Fatal(err)
	}
	fresh, err := k.Sign(c)
	if err != nil || fresh == old {
		t.Fatalf("the new key signs as the old one (%v)", err)
	}
	v, err := seal.ReadVerifiers(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{old, fresh} {
		if got, err := v.Verify(n); err != nil || got != c {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	again, err := seal.OpenKeys(dir, "lojal.test", noon)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := again.Sign(c); n != fresh {
		t.Fatal("the key was not found again")
	}
	st, err := os.Stat(filepath.Join(dir, "checkpoint.key"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("the private key has mode %v (%v)", st.Mode(), err)
	}
}

func TestVerify_RefusesEveryChangeAndEveryStranger(t *testing.T) {
	t.Parallel()
	k, err := seal.OpenKeys(t.TempDir(), "lojal.test", noon)
	if err != nil {
		t.Fatal(err)
	}
	c := seal.Checkpoint{Tenant: 7, Epoch: 1, Size: 3, Root: leaf(1), AuditSize: 1, AuditRoot: leaf(2), At: noon}
	n, err := k.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", strings.Replace(n, "tenant/7", "tenant/8", 1), strings.Replace(n, "\n3\n", "\n4\n", 1), strings.Replace(n, "epoch 1", "epoch 2", 1),
		strings.Replace(n, "audit 1", "audit 2", 1), strings.Replace(n, "at 2026", "at 2027", 1), n[:len(n)/2],
	} {
		if _, err := k.Verify(bad); !fault.Is(err, seal.ErrCheckpoint) {
			t.Errorf("accepted: %q (%v)", bad, err)
		}
	}
	other, err := seal.OpenKeys(t.TempDir(), "lojal.test", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Verify(n); !fault.Is(err, seal.ErrCheckpoint) {
		t.Errorf("a stranger's key verifies: %v", err)
	}
	if _, err := (seal.Verifiers{}).Verify(n); !fault.Is(err, seal.ErrCheckpoint) {
		t.Errorf("no key verifies: %v", err)
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(seal.Checkpoint{Tenant: 7, Epoch: 1, Size: 3, Root: leaf(1), AuditRoot: seal.EmptyRoot, At: noon}.Text())
	f.Add("lojal/tenant/1\n\n\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := seal.ParseCheckpoint(text); err == nil && c.Text() != text {
			t.Fatalf("read %q as %q", text, c.Text())
		}
	})
}
