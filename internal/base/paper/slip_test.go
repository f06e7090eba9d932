package paper_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"lojal/internal/base/paper"
)

func TestSlip_LaysOutRows(t *testing.T) {
	t.Parallel()
	s := paper.NewSlip(40)
	s.Center("** Z **")
	s.Pair("SIA PIEMERS LV40000000001", "Outlet 017")
	s.Pair("a left text that leaves no room", "Outlet 017")
	s.Rule()
	s.Row("GIFT EUR", "cnt", "sum")
	s.Row(" Anulēta apmaksa ar dāvanu karti", "12", "-402.35")
	s.Row(" Net change", "", "173.55")
	s.Row(" Huge", "123 456 789", "-12 345 678 901 234.00")
	s.Flow(paper.Item{Text: "one"}, paper.Item{Gap: 3, Text: "two"}, paper.Item{Gap: 3}, paper.Item{Gap: 2, Text: strings.Repeat("x", 36)})
	want := `                ** Z **
SIA PIEMERS LV40000000001    Outlet 017
a left text that leaves no room
                             Outlet 017
----------------------------------------
GIFT EUR               cnt           sum
 Anulēta apmaksa ar dāv 12       -402.35
 Net change                       173.55
 Huge
      123 456 789 -12 345 678 901 234.00
one   two
` + strings.Repeat("x", 36) + "\n"
	if got := s.String(); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSlip_NeverWiderThanThePaper(t *testing.T) {
	t.Parallel()
	for _, w := range paper.Widths {
		s := paper.NewSlip(w)
		long := strings.Repeat("garš vārds ", 9)
		s.Line(long)
		s.Center(long)
		s.Pair(long, "17")
		s.Row(long, "1 234", "-1 234 567.00")
		s.Row(long, "", "1.00")
		s.Flow(paper.Item{Text: long}, paper.Item{Gap: 5, Text: long})
		for line := range strings.Lines(s.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > w {
				t.Errorf("%d columns on %d: %q", n, w, line)
			}
		}
	}
}
