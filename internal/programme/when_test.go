package programme

import (
	"testing"
	"time"
)

func TestWhen_ResidualConditionHolds(t *testing.T) {
	t.Parallel()
	v, err := Compile(read(t, "id: a\noffers:\n  - {id: o, kind: percent_basket, percent: 5, when: 'total > 1000 && \"mug\" in groups && weekday == 7'}"), "1", 0)
	if err != nil {
		t.Fatal(err)
	}
	at := &Circumstance{Total: 1001, Weekday: time.Sunday, Items: func() ([]string, []string) { return []string{"mug"}, nil }}
	if r := v.Rules[0].Refuses(at); r != "" {
		t.Fatal(r)
	}
	at.Total = 1000
	if r := v.Rules[0].Refuses(at); r != "condition" {
		t.Fatal(r)
	}
	if _, problems := Parse([]byte("id: a\noffers:\n  - {id: o, kind: percent_basket, percent: 5, when: 'total +'}")); len(problems) != 1 || problems[0].Line != 3 {
		t.Fatal(problems)
	}
}
