package web

import "encoding/json"

// DataOutput is the answer of a service to the question what it stores about an account, see docs/decisions/0040.
type DataOutput struct{ Body Data }

// Data is a page of it.
type Data struct {
	Pieces []Piece `json:"pieces" nullable:"false"`
	// Next is the cursor of the next page, "" on the last.
	Next string `json:"next,omitempty"`
}

// Piece is one thing that is stored.
type Piece struct {
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// DataOf returns a page of things of one kind. They were read from a store, so they can be written as JSON.
func DataOf[T any](kind string, things []T, next string) *DataOutput {
	page := &DataOutput{Data{Pieces: make([]Piece, len(things)), Next: next}}
	for i, thing := range things {
		raw, _ := json.Marshal(thing)
		page.Body.Pieces[i] = Piece{kind, raw}
	}
	return page
}
