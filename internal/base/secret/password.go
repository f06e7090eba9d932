package secret

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what a guess of a password costs: argon2id (RFC 9106) with memory in KiB and passes, one lane.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
}

// The costs of the house: of staff, and of those who run the server.
var (
	StaffCost    = Cost{19 << 10, 2}
	OperatorCost = Cost{64 << 10, 3}
)

const (
	saltSize   = 16
	argonLanes = 1
	// atOnce bounds the memory that hashing takes: two at a time.
	atOnce = 2
	// The limits of what a stored hash may ask for, so that a damaged row cannot take the memory.
	maxMemoryKiB = 256 << 10
	maxPasses    = 16
)

var hashing = make(chan struct{}, atOnce)

// HashPassword gives the stored form of a password. It waits for its turn; a caller who goes away gets the
// context's error.
func HashPassword(ctx context.Context, cost Cost, password Secret) (string, error) {
	salt := Random(saltSize)
	sum, err := argon(ctx, cost, password, salt)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.MemoryKiB, cost.Passes, argonLanes, enc(salt), enc(sum)), nil
}

// CheckPassword tells whether a password is the one of a stored form.
func CheckPassword(ctx context.Context, stored string, password Secret) (bool, error) {
	cost, salt, want, err := parseHash(stored)
	if err != nil {
		return false, err
	}
	got, err := argon(ctx, cost, password, salt)
	return err == nil && Equal(got, want), err
}

// Stale tells whether a stored form was made with another cost and should be made anew at the next success.
func Stale(stored string, cost Cost) bool {
	got, _, _, err := parseHash(stored)
	return err != nil || got != cost
}

func argon(ctx context.Context, cost Cost, password Secret, salt []byte) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password.Reveal()), salt, cost.Passes, cost.MemoryKiB, argonLanes, KeySize), nil
}

func parseHash(stored string) (cost Cost, salt, sum []byte, err error) {
	bad := func() (Cost, []byte, []byte, error) {
		return Cost{}, nil, nil, fmt.Errorf("secret: not a stored password")
	}
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return bad()
	}
	var lanes uint32
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.MemoryKiB, &cost.Passes, &lanes); n != 3 || err != nil {
		return bad()
	}
	if cost.MemoryKiB == 0 || cost.MemoryKiB > maxMemoryKiB || cost.Passes == 0 || cost.Passes > maxPasses || lanes != argonLanes {
		return bad()
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) != saltSize {
		return bad()
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) != KeySize {
		return bad()
	}
	return cost, salt, sum, nil
}
