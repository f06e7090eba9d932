package money

import (
	"fmt"
	"math/bits"
	"slices"
)

// Allocate splits an amount over weights by the largest remainder, in quanta; ties go to the earlier (R4).
// The parts are appended to into, which may be a buffer, and sum to the amount exactly. A negative amount
// gives the magnitudes of the positive one. No part exceeds its weight as long as the amount does not
// exceed the sum of the weights and all are multiples of the quantum. Weights below zero count as zero;
// where all are zero they count as equal.
func Allocate(into []Amount, amount Amount, weights []Amount, quantum Amount) []Amount {
	from := len(into)
	if len(weights) == 0 {
		if amount != 0 {
			panic(fmt.Sprintf("money: %d to allocate over nothing", amount))
		}
		return into
	}
	quantum = max(quantum, 1)
	negative := amount < 0
	quanta := magnitude(int64(amount)) / uint64(quantum)
	if quanta*uint64(quantum) != magnitude(int64(amount)) {
		panic(fmt.Sprintf("money: %d is not a multiple of %d", amount, quantum))
	}
	into = share(into, quanta, weights)
	for i := from; i < len(into); i++ {
		into[i] *= quantum
		if negative {
			into[i] = -into[i]
		}
	}
	return into
}

// small is the number of weights up to which the remainders stay on the stack.
const small = 32

func share(into []Amount, quanta uint64, weights []Amount) []Amount {
	var sum uint64
	for _, w := range weights {
		sum += uint64(max(w, 0))
	}
	equal := sum == 0
	if equal {
		sum = uint64(len(weights))
	}
	from, left := len(into), quanta
	var stack [small]uint64
	rest := stack[:0]
	for _, w := range weights {
		weight := uint64(max(w, 0))
		if equal {
			weight = 1
		}
		hi, lo := bits.Mul64(quanta, weight)
		q, r := bits.Div64(hi, lo, sum) // the weight is at most the sum, so the quotient fits
		into = append(into, Amount(q))
		rest = append(rest, r)
		left -= q
	}
	if left > 0 {
		toLargest(into[from:], rest, int(left))
	}
	return into
}

// toLargest gives one more to the n largest remainders, the earlier first among equals.
func toLargest(parts []Amount, rest []uint64, n int) {
	if len(parts) <= small {
		for range n {
			best := 0
			for i := 1; i < len(rest); i++ {
				if rest[i] > rest[best] {
					best = i
				}
			}
			parts[best]++
			rest[best] = 0
		}
		return
	}
	order := make([]int, len(rest))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case rest[a] > rest[b]:
			return -1
		case rest[a] < rest[b]:
			return 1
		}
		return 0
	})
	for _, i := range order[:n] {
		parts[i]++
	}
}

// Split divides a refund over what is still refundable per tender (R9). It reports false when more is
// asked than is left.
func Split(into []Amount, refund Amount, refundable []Amount, quantum Amount) ([]Amount, bool) {
	var left Amount
	for _, r := range refundable {
		left += max(r, 0)
	}
	if refund < 0 || refund > left {
		return into, false
	}
	return Allocate(into, refund, refundable, quantum), true
}
