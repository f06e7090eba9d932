package demo

import "math/rand/v2"

// dice is the chance of the plan: the same seed gives the same year.
type dice struct{ *rand.Rand }

func newDice(seed uint64) *dice { return &dice{rand.New(rand.NewPCG(seed, seed>>7|1))} }

// pick gives one of a list.
func pick[T any](g *dice, list []T) T { return list[g.IntN(len(list))] }

// weighted gives an index, each as often as its weight says.
func (g *dice) weighted(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := g.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// often is true in so many of a hundred cases.
func (g *dice) often(percent int) bool { return g.IntN(100) < percent }
