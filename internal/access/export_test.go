package access

import "time"

// MaxRemembered is the most that a gate may hold in memory.
const MaxRemembered = 2 * maxKnown

// Age lets a gate's memory grow older.
func Age(g *Gate, by time.Duration) {
	before := g.mono
	g.mono = func() time.Duration { return before() + by }
}

// Crowd fills a gate's memory with keys that nobody uses.
func Crowd(g *Gate) {
	for i := range maxKnown + 1 {
		d := digest{byte(i), byte(i >> 8), byte(i >> 16), 1}
		delete(g.recent, d)
		g.remember(d, &known{}, g.turn)
	}
}

// Remembered counts the keys in a gate's memory.
func Remembered(g *Gate) int { return len(g.recent) + len(g.older) }
