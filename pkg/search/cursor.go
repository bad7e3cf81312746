package search

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"math"

	"stoa/pkg/common/errs"
)

// place is where a document is in the results of a query: higher scores first, then by segment and number.
type place struct {
	Score   float32 `json:"s"`
	Segment string  `json:"i"`
	Doc     uint32  `json:"d"`
}

// before reports whether a place comes before another one.
func (p place) before(other place) bool {
	switch {
	case p.Score != other.Score:
		return p.Score > other.Score
	case p.Segment != other.Segment:
		return p.Segment < other.Segment
	default:
		return p.Doc < other.Doc
	}
}

// cursor says where a page begins.
type cursor struct {
	Generation int64  `json:"g"`
	Query      uint32 `json:"q"` // what was searched
	After      place  `json:"a"`
}

func (c cursor) String() string {
	raw, _ := json.Marshal(c) // scores are finite
	return base64.RawURLEncoding.EncodeToString(raw)
}

// start returns the cursor of a query; that of a first page is before all places, and has no generation.
func (q Query) start() (cursor, error) {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(q.Text + "\x00" + q.Tag)) // it never fails
	c := cursor{Generation: -1, Query: hash.Sum32(), After: place{Score: math.MaxFloat32}}
	if q.Cursor == "" {
		return c, nil
	}
	var given cursor
	raw, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err == nil {
		err = json.Unmarshal(raw, &given)
	}
	if err != nil || given.Query != c.Query || given.Generation < 0 {
		return cursor{}, errs.InvalidField("cursor", "is not a cursor of this search")
	}
	return given, nil
}
