package secret

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lojal/internal/base/fault"
)

const (
	masterFile   = "master.key"
	masterHeader = "lojal master keys, the newest last; whoever has them reads every tenant"
	idSize       = 4
)

// ErrMaster says that the master key file cannot be used.
var ErrMaster = fault.Code{Name: "master_key", Kind: fault.Unavailable}

// Master holds the master keys of the house. The newest wraps; the older ones open what they wrapped.
type Master struct {
	keys []masterKey // the oldest first
}

type masterKey struct {
	id   []byte
	raw  []byte
	aead cipher.AEAD
}

// OpenMaster reads the master keys of a data folder and makes the file when there is none. It returns
// ErrMaster when the file is damaged or when others than its owner may read it.
func OpenMaster(dir string) (*Master, error) {
	path := filepath.Join(dir, masterFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createMaster(dir, path); err != nil {
			return nil, err
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(ErrMaster, "file", path, "expected", "mode 0600")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseMaster(text)
	if err != nil {
		return nil, fault.Wrap(ErrMaster, err, "file", path)
	}
	return m, nil
}

// createMaster writes a whole file beside its place and links it there, so that of two processes which
// start together one wins and both read the same key.
func createMaster(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, masterFile+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintf(f, "# %s\n%s\n", masterHeader, hex.EncodeToString(Random(KeySize)))
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func parseMaster(text []byte) (*Master, error) {
	m := &Master{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		raw, err := hex.DecodeString(line)
		if err != nil || len(raw) != KeySize {
			return nil, fmt.Errorf("line is not %d bytes in hexadecimal", KeySize)
		}
		k, err := newMasterKey(raw)
		if err != nil {
			return nil, err
		}
		m.keys = append(m.keys, k)
	}
	if len(m.keys) == 0 {
		return nil, errors.New("no key")
	}
	return m, lines.Err()
}

func newMasterKey(raw []byte) (masterKey, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return masterKey{}, err
	}
	aead, err := cipher.NewGCM(block)
	sum := sha256.Sum256(append([]byte("lojal master key id"), raw...))
	return masterKey{id: sum[:idSize], raw: raw, aead: aead}, err
}

// NewTenant makes the secret of a tenant and gives its keys with the wrapped form, which is what is stored.
func (m *Master) NewTenant(tenant int64) (*Keys, []byte, error) {
	root := Random(KeySize)
	keys, err := newKeys(tenant, root)
	if err != nil {
		return nil, nil, err
	}
	return keys, m.wrap(tenant, root), nil
}

// Tenant unwraps the secret of a tenant. It returns ErrSealed when no master key opens it.
func (m *Master) Tenant(tenant int64, wrapped []byte) (*Keys, error) {
	root, err := m.unwrap(tenant, wrapped)
	if err != nil {
		return nil, err
	}
	return newKeys(tenant, root)
}

// Rewrap gives the same secret under the newest master key. No data changes by it.
func (m *Master) Rewrap(tenant int64, wrapped []byte) ([]byte, error) {
	root, err := m.unwrap(tenant, wrapped)
	if err != nil {
		return nil, err
	}
	return m.wrap(tenant, root), nil
}

// House gives the keys of the operator, who stands above the tenants. They come from the oldest master
// key, which therefore stays in the file.
func (m *Master) House() (*Keys, error) { return newKeys(0, m.keys[0].raw) }

func (m *Master) wrap(tenant int64, root []byte) []byte {
	k := m.keys[len(m.keys)-1]
	return append(bytes.Clone(k.id), seal(k.aead, tenantAAD(tenant), root)...)
}

func (m *Master) unwrap(tenant int64, wrapped []byte) ([]byte, error) {
	if len(wrapped) < idSize {
		return nil, ErrSealed
	}
	for _, k := range m.keys {
		if bytes.Equal(k.id, wrapped[:idSize]) {
			return open(k.aead, tenantAAD(tenant), wrapped[idSize:])
		}
	}
	return nil, ErrSealed
}

func tenantAAD(tenant int64) []byte { return fmt.Appendf(nil, "tenant|%d", tenant) }
