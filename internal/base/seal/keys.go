package seal

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lojal/internal/base/clock"
	"lojal/internal/base/fault"
)

const (
	signingFile = "checkpoint.key"      // the private key, for this machine alone
	publicFile  = "checkpoint-keys.txt" // every public key there ever was, one a line, the newest last
	// RotateAfter is how long a signing key serves.
	RotateAfter = 24 * 30 * 24 * time.Hour
)

// Verifiers are the public keys that checkpoints of this installation were ever signed with.
type Verifiers struct{ list note.Verifiers }

// Keys are the signing key of an installation and all its public keys.
type Keys struct {
	Verifiers
	dir    string
	name   string
	made   clock.Instant
	signer note.Signer
}

// OpenKeys reads the keys under a folder, and makes the first one where there is none. The name stands in
// every signature; it holds neither a space nor a plus sign. The private key is readable by its owner only.
func OpenKeys(dir, name string, now clock.Instant) (*Keys, error) {
	k := &Keys{dir: dir, name: name}
	secret, err := os.ReadFile(filepath.Join(dir, signingFile))
	if errors.Is(err, fs.ErrNotExist) {
		return k, k.Rotate(now)
	}
	if err != nil {
		return nil, err
	}
	if k.signer, err = note.NewSigner(strings.TrimSpace(string(secret))); err != nil {
		return nil, fmt.Errorf("%s: %w", signingFile, err)
	}
	return k, k.read()
}

// Rotate makes a new signing key. The public keys of the old ones stay, so that what they signed can be
// verified for ever.
func (k *Keys) Rotate(now clock.Instant) error {
	secret, public, err := note.GenerateKey(rand.Reader, k.name)
	if err != nil {
		return fmt.Errorf("checkpoint key: %w", err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return err
	}
	// The public key is on disk before anything is signed: a crash between the two leaves a key too many.
	before, err := os.ReadFile(filepath.Join(k.dir, publicFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	line := fmt.Sprintf("%s %s\n", public, now)
	if err := replace(filepath.Join(k.dir, publicFile), append(before, line...)); err != nil {
		return err
	}
	if err := replace(filepath.Join(k.dir, signingFile), []byte(secret+"\n")); err != nil {
		return err
	}
	k.signer = signer
	return k.read()
}

func (k *Keys) read() error {
	v, made, err := readVerifiers(k.dir)
	k.Verifiers, k.made = v, made
	if err != nil {
		return err
	}
	if _, err := v.list.Verifier(k.signer.Name(), k.signer.KeyHash()); err != nil {
		return fmt.Errorf("the signing key has no line in %s: %w", publicFile, err)
	}
	return nil
}

// Old tells whether the signing key has served its time.
func (k *Keys) Old(now clock.Instant) bool { return now > k.made.Add(RotateAfter) }

// Sign gives the checkpoint as a signed note.
func (k *Keys) Sign(c Checkpoint) (string, error) {
	b, err := note.Sign(&note.Note{Text: c.Text()}, k.signer)
	return string(b), err
}

// ReadVerifiers reads the public keys under a folder, without the private one.
func ReadVerifiers(dir string) (Verifiers, error) {
	v, _, err := readVerifiers(dir)
	return v, err
}

func readVerifiers(dir string) (Verifiers, clock.Instant, error) {
	text, err := os.ReadFile(filepath.Join(dir, publicFile))
	if err != nil {
		return Verifiers{}, 0, err
	}
	var list []note.Verifier
	var last clock.Instant
	for line := range strings.Lines(string(text)) {
		key, made, _ := strings.Cut(strings.TrimSpace(line), " ")
		if key == "" {
			continue
		}
		v, err := note.NewVerifier(key)
		if err != nil {
			return Verifiers{}, 0, fmt.Errorf("%s: %w", publicFile, err)
		}
		at, err := time.Parse(time.RFC3339Nano, made)
		if err != nil {
			return Verifiers{}, 0, fmt.Errorf("%s: %w", publicFile, err)
		}
		list, last = append(list, v), clock.Of(at)
	}
	return Verifiers{note.VerifierList(list...)}, last, nil
}

// Verify gives the checkpoint of a note that one of the keys has signed. It refuses every other with
// ErrCheckpoint.
func (v Verifiers) Verify(text string) (Checkpoint, error) {
	if v.list == nil {
		return Checkpoint{}, fault.New(ErrCheckpoint, "reason", "no public key is known")
	}
	n, err := note.Open([]byte(text), v.list)
	if err != nil {
		return Checkpoint{}, fault.Wrap(ErrCheckpoint, err)
	}
	return ParseCheckpoint(n.Text)
}

// replace writes a file for its owner alone, whole or not at all.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.ReadFrom(bytes.NewReader(content))
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
