package secret

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// Purpose separates the uses of one secret: equal values under two purposes have unlike hashes.
type Purpose string

// The purposes of blind indexes and of signatures that several rooms share.
const (
	Card  Purpose = "card"
	Phone Purpose = "phone"
	Email Purpose = "email"
	Key   Purpose = "key"
	PIN   Purpose = "pin"
)

// KeySize is the size of every symmetric key in bytes.
const KeySize = 32

// ErrSealed says that a sealed value cannot be opened: another key, another row, or changed bytes.
var ErrSealed = errors.New("secret: sealed value does not open")

// Keys are what comes from the secret of one tenant, or of the house for tenant 0. They are safe for
// concurrent use.
type Keys struct {
	tenant int64
	root   []byte
	pepper []byte
	field  cipher.AEAD
	wrap   cipher.AEAD
}

func newKeys(tenant int64, root []byte) (*Keys, error) {
	if len(root) != KeySize {
		return nil, fmt.Errorf("secret: a tenant's secret has %d bytes, not %d", len(root), KeySize)
	}
	k := &Keys{tenant: tenant, root: root}
	k.pepper = k.Derive("index")
	var err error
	if k.field, err = chacha20poly1305.NewX(k.Derive("field")); err != nil {
		return nil, err
	}
	k.wrap, err = chacha20poly1305.NewX(k.Derive("wrap"))
	return k, err
}

// Tenant gives whose keys they are; 0 for the house.
func (k *Keys) Tenant() int64 { return k.tenant }

// Derive gives a key for one purpose: HKDF-SHA256 (RFC 5869) of the secret.
func (k *Keys) Derive(purpose Purpose) []byte {
	out, err := hkdf.Key(sha256.New, k.root, nil, fmt.Sprintf("lojal|%d|%s", k.tenant, purpose), KeySize)
	if err != nil {
		panic(fmt.Sprintf("secret: derive %s: %v", purpose, err)) // only a length beyond the standard's fails
	}
	return out
}

// Index gives the blind index of a value, by which it is found without being stored: HMAC-SHA256 under the
// tenant's pepper. The caller normalises the value first.
func (k *Keys) Index(purpose Purpose, value string) []byte {
	return k.mac(purpose, []byte(value))
}

// Sign gives the code by which only this tenant's server could have said the message.
func (k *Keys) Sign(purpose Purpose, message []byte) []byte {
	return k.mac("sign "+purpose, message)
}

func (k *Keys) mac(purpose Purpose, message []byte) []byte {
	h := hmac.New(sha256.New, k.pepper)
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(purpose)))
	h.Write(n[:])
	h.Write([]byte(purpose))
	h.Write(message)
	return h.Sum(nil)
}

// Seal encrypts a value under the tenant's own key, for what belongs to no person. The aad names where it
// is stored; elsewhere it does not open.
func (k *Keys) Seal(aad string, plain []byte) ([]byte, error) {
	return seal(k.field, k.bind(aad), plain), nil
}

// Open gives a value that Seal encrypted. It returns ErrSealed.
func (k *Keys) Open(aad string, sealed []byte) ([]byte, error) {
	return open(k.field, k.bind(aad), sealed)
}

func (k *Keys) bind(aad string) []byte { return fmt.Appendf(nil, "%d|%s", k.tenant, aad) }

// NewData makes the data key of a person and gives it with its wrapped form, which is what is stored.
func (k *Keys) NewData(person int64) (*Data, []byte, error) {
	raw := Random(KeySize)
	d, err := newData(k.tenant, raw)
	if err != nil {
		return nil, nil, err
	}
	return d, seal(k.wrap, k.bind(fmt.Sprintf("data|%d", person)), raw), nil
}

// Data unwraps the data key of a person. It returns ErrSealed.
func (k *Keys) Data(person int64, wrapped []byte) (*Data, error) {
	raw, err := open(k.wrap, k.bind(fmt.Sprintf("data|%d", person)), wrapped)
	if err != nil {
		return nil, err
	}
	return newData(k.tenant, raw)
}

// Data is the data key of one person.
type Data struct {
	tenant int64
	aead   cipher.AEAD
}

func newData(tenant int64, raw []byte) (*Data, error) {
	a, err := chacha20poly1305.NewX(raw)
	return &Data{tenant, a}, err
}

// Place names where a sealed field is stored. A field moved to another place does not open.
type Place struct {
	Table, Column string
	Row           int64
}

func (d *Data) bind(p Place) []byte {
	return fmt.Appendf(nil, "%d|%s|%s|%d", d.tenant, p.Table, p.Column, p.Row)
}

// Seal encrypts a field of the person: XChaCha20-Poly1305 with a random nonce in front.
func (d *Data) Seal(p Place, plain []byte) []byte { return seal(d.aead, d.bind(p), plain) }

// Open gives a field that Seal encrypted. It returns ErrSealed.
func (d *Data) Open(p Place, sealed []byte) ([]byte, error) { return open(d.aead, d.bind(p), sealed) }

func seal(a cipher.AEAD, aad, plain []byte) []byte {
	nonce := Random(a.NonceSize())
	return a.Seal(nonce, nonce, plain, aad)
}

func open(a cipher.AEAD, aad, sealed []byte) ([]byte, error) {
	n := a.NonceSize()
	if len(sealed) < n+a.Overhead() {
		return nil, ErrSealed
	}
	plain, err := a.Open(nil, sealed[:n], sealed[n:], aad)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
