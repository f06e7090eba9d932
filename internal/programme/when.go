//go:build !cel

package programme

import "errors"

// compileWhen refuses: a build without the tag cel carries no CEL, and a condition that is not understood
// must not be taken as holding.
func compileWhen(string) (check, error) {
	return nil, errors.New("this build has no residual conditions (tag cel)")
}
