package limit

import (
	"hash/maphash"
	"time"
)

const (
	rows  = 3
	cells = 1 << 15
)

// sketch counts by client in memory of a fixed size (a count-min sketch). A client has one cell in each row, chosen by a
// hash that nobody outside can compute; others may share some of them, so its count is the smallest of the cells, which
// is never too low. A flood from invented addresses raises all cells alike, a million requests by about thirty each: it
// takes no memory, and pushes nobody out.
type sketch struct {
	start  time.Time
	seeds  [rows]maphash.Seed
	counts [rows][cells]int32
}

func newSketch() *sketch {
	s := &sketch{}
	for row := range s.seeds {
		s.seeds[row] = maphash.MakeSeed()
	}
	return s
}

// reset begins a period.
func (s *sketch) reset(start time.Time) {
	s.start = start
	clear(s.counts[:])
}

// count returns how often a client was counted.
func (s *sketch) count(client string) int64 {
	least := int64(-1)
	for row := range rows {
		if n := int64(*s.cell(row, client)); least < 0 || n < least {
			least = n
		}
	}
	return least
}

// add counts a client n times; never below nothing, since a period may have begun in between.
func (s *sketch) add(client string, n int32) {
	for row := range rows {
		cell := s.cell(row, client)
		*cell = max(*cell+n, 0)
	}
}

func (s *sketch) cell(row int, client string) *int32 {
	return &s.counts[row][maphash.String(s.seeds[row], client)%cells]
}
