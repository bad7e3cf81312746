package sidecar

import (
	"encoding/json"
	"strconv"
)

// entry is the id of a document with its sequence number in the list, which never changes. Later entries have higher numbers.
type entry struct {
	Seq int64
	ID  string
}

// cursor is the text with which a reader goes on after this entry.
func (e entry) cursor() string { return strconv.FormatInt(e.Seq, 10) }

// entries are entries of one list, oldest first. Most of them follow each other, so their JSON is made of runs: that is a third
// shorter than a number beside each id.
type entries []entry

// run is a number of entries without a gap.
type run struct {
	First int64    `json:"first"`
	IDs   []string `json:"ids"`
}

// MarshalJSON implements json.Marshaler.
func (all entries) MarshalJSON() ([]byte, error) {
	runs := []run{}
	for i, e := range all {
		if i == 0 || e.Seq != all[i-1].Seq+1 {
			runs = append(runs, run{First: e.Seq})
		}
		last := &runs[len(runs)-1]
		last.IDs = append(last.IDs, e.ID)
	}
	return json.Marshal(runs)
}

// UnmarshalJSON implements json.Unmarshaler.
func (all *entries) UnmarshalJSON(raw []byte) error {
	var runs []run
	if err := json.Unmarshal(raw, &runs); err != nil {
		return err
	}
	*all = nil
	for _, r := range runs {
		for i, id := range r.IDs {
			*all = append(*all, entry{Seq: r.First + int64(i), ID: id})
		}
	}
	return nil
}

func (all entries) ids() []string {
	ids := make([]string, len(all))
	for i, e := range all {
		ids[i] = e.ID
	}
	return ids
}
