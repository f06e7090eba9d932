package shift

import (
	"fmt"
	"strconv"
	"strings"

	"lojal/internal/ledger"
)

// rrnSpan is how many numbers six digits of base 36 hold.
const rrnSpan = 36 * 36 * 36 * 36 * 36 * 36

// RRN gives the host's id of an entry (OPS-04, DE37 of ISO 8583): the last digit of the year, the day of
// the year, the UTC hour, and six digits of base 36. Those are the ledger's own number, which counts up and
// cannot repeat within an hour.
func RRN(e *ledger.Entry) string {
	at := e.BookedAt.Time()
	n := strings.ToUpper(strconv.FormatInt(e.Seq%rrnSpan, 36))
	return fmt.Sprintf("%d%03d%02d", at.Year()%10, at.YearDay(), at.Hour()) + strings.Repeat("0", 6-len(n)) + n
}

// SeqOfRRN gives the entry that an RRN names, by the last entry of the ledger; false when it is none. The
// caller compares the RRN of what it finds there.
func SeqOfRRN(rrn string, head int64) (int64, bool) {
	if len(rrn) != 12 {
		return 0, false
	}
	low, err := strconv.ParseUint(rrn[6:], 36, 63)
	if err != nil {
		return 0, false
	}
	seq := head - head%rrnSpan + int64(low)
	if seq > head {
		seq -= rrnSpan
	}
	return seq, seq > 0
}
