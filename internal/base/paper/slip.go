package paper

import (
	"strings"
	"unicode"
)

// Widths are the slips that printers of tills take, in columns.
var Widths = []int{32, 40, 48}

// columns gives the right edges of a count and of a sum in a table row.
func columns(width int) (count, sum int) {
	switch width {
	case 32:
		return 20, 32
	case 48:
		return 32, 48
	}
	return width - 14, width
}

// Slip is a text of a fixed width in the making.
type Slip struct {
	width int
	b     strings.Builder
}

// NewSlip gives an empty slip of so many columns.
func NewSlip(width int) *Slip { return &Slip{width: width} }

// String gives the text; each line ends with a line feed and has no blanks at its end.
func (s *Slip) String() string { return s.b.String() }

// Line adds a line, cut at the width.
func (s *Slip) Line(text string) {
	s.b.WriteString(strings.TrimRight(cut(text, s.width), " "))
	s.b.WriteByte('\n')
}

// Center adds a line in the middle of the slip.
func (s *Slip) Center(text string) { s.Line(blanks((s.width-size(text))/2) + text) }

// Rule adds a line of dashes.
func (s *Slip) Rule() { s.Line(strings.Repeat("-", s.width)) }

// Pair adds a text on the left and one on the right, which ends a column before the edge. The left one is
// broken into a line of its own when both do not fit.
func (s *Slip) Pair(left, right string) {
	if right == "" {
		s.Line(left)
		return
	}
	gap := s.width - 1 - size(left) - size(right)
	if gap < 1 {
		s.Line(left)
		left, gap = "", s.width-1-size(right)
	}
	s.Line(left + blanks(gap) + right)
}

// Row adds a table row: a label, a count and a sum, both right-aligned. A label that is too long is cut;
// figures that do not fit beside each other go below the label.
func (s *Slip) Row(label, count, sum string) {
	atCount, atSum := columns(s.width)
	figures := blanks(atCount-size(count)) + count
	gap := atSum - size(figures) - size(sum)
	if gap < 1 || size(count) >= atCount/2 {
		s.Line(label)
		s.Line(blanks(atSum-size(count)-1-size(sum)) + count + " " + sum)
		return
	}
	room := atCount
	if count != "" {
		room -= size(count) + 1
	} else {
		room += gap - 1
	}
	label = cut(label, room)
	line := label + blanks(atCount-size(count)-size(label)) + count
	s.Line(line + blanks(atSum-size(line)-size(sum)) + sum)
}

// Flow adds texts beside each other with so many blanks between them, and goes on in the next line where
// one does not fit.
func (s *Slip) Flow(items ...Item) {
	line := ""
	for _, it := range items {
		switch {
		case it.Text == "":
		case line == "":
			line = it.Text
		case size(line)+it.Gap+size(it.Text) <= s.width:
			line += blanks(it.Gap) + it.Text
		default:
			s.wrap(line)
			line = it.Text
		}
	}
	if line != "" {
		s.wrap(line)
	}
}

// Item is a piece of a flow, with the blanks that stand before it when it follows another.
type Item struct {
	Gap  int
	Text string
}

// wrap adds a text in as many lines as it takes, broken at blanks.
func (s *Slip) wrap(text string) {
	for size(text) > s.width {
		head := cut(text, s.width+1)
		at := strings.LastIndexByte(head, ' ')
		if at <= 0 {
			break
		}
		s.Line(text[:at])
		text = " " + text[at+1:]
	}
	s.Line(text)
}

// size gives the columns of a text: combining marks take none.
func size(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.Is(unicode.Mn, r) {
			n++
		}
	}
	return n
}

// cut gives the beginning of a text, at most so many columns of it.
func cut(text string, width int) string {
	n := 0
	for i, r := range text {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if n++; n > width {
			return text[:i]
		}
	}
	return text
}

func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }
