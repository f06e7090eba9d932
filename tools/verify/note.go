package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// publicKey is a key by which checkpoints may be signed.
type publicKey struct {
	name string
	hash [4]byte
	key  ed25519.PublicKey
}

const ed25519Algorithm = 1

// parseKey reads name+hash+base64, and whatever follows a space is left alone.
func parseKey(line string) (publicKey, error) {
	text, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || parts[0] == "" {
		return publicKey{}, fmt.Errorf("%q is no public key", text)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != ed25519Algorithm {
		return publicKey{}, fmt.Errorf("%q is no Ed25519 key", text)
	}
	k := publicKey{name: parts[0], key: raw[1:]}
	sum := sha256.Sum256(append([]byte(k.name+"\n"), raw...))
	copy(k.hash[:], sum[:])
	if hex.EncodeToString(k.hash[:]) != parts[1] {
		return publicKey{}, fmt.Errorf("%q is damaged", text)
	}
	return k, nil
}

// checkpoint is what a note says of the two trees of a tenant.
type checkpoint struct {
	tenant, epoch, size, acts int64
	root, actsRoot            hash
	at                        string
}

// openNote verifies a note and gives its checkpoint. One good signature of a known key is enough; a bad one
// of a known key spoils the note.
func openNote(text string, keys []publicKey) (checkpoint, error) {
	body, signatures, ok := strings.Cut(text, "\n\n")
	if !ok {
		return checkpoint{}, errors.New("no signature")
	}
	body += "\n"
	good := false
	for line := range strings.Lines(signatures) {
		name, raw, err := signature(line)
		if err != nil {
			return checkpoint{}, err
		}
		for _, k := range keys {
			if k.name != name || string(k.hash[:]) != string(raw[:4]) {
				continue
			}
			if !ed25519.Verify(k.key, []byte(body), raw[4:]) {
				return checkpoint{}, errors.New("the signature is wrong")
			}
			good = true
		}
	}
	if !good {
		return checkpoint{}, errors.New("no key that we know has signed it")
	}
	return parseCheckpoint(body)
}

func signature(line string) (string, []byte, error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	if len(fields) != 3 || fields[0] != "—" {
		return "", nil, errors.New("a signature line is damaged")
	}
	raw, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(raw) != 4+ed25519.SignatureSize {
		return "", nil, errors.New("a signature line is damaged")
	}
	return fields[1], raw, nil
}

func parseCheckpoint(body string) (checkpoint, error) {
	var c checkpoint
	lines := strings.Split(body, "\n")
	if len(lines) != 7 {
		return c, errors.New("not a checkpoint of lojal")
	}
	audit := strings.Split(lines[4], " ")
	at, isAt := strings.CutPrefix(lines[5], "at ")
	c.at = at
	ok := isAt && len(audit) == 3 && audit[0] == "audit" &&
		number(&c.tenant, lines[0], "lojal/tenant/") && number(&c.size, lines[1], "") && parseHash(&c.root, lines[2]) &&
		number(&c.epoch, lines[3], "epoch ") && number(&c.acts, audit[1], "") && parseHash(&c.actsRoot, audit[2])
	if !ok {
		return c, errors.New("not a checkpoint of lojal")
	}
	return c, nil
}

func number(dest *int64, text, prefix string) bool {
	rest, ok := strings.CutPrefix(text, prefix)
	v, err := strconv.ParseInt(rest, 10, 64)
	*dest = v
	return ok && err == nil && v >= 0
}

func parseHash(dest *hash, text string) bool {
	b, err := base64.StdEncoding.DecodeString(text)
	return err == nil && copy(dest[:], b) == len(dest) && len(b) == len(dest)
}
