// Package report keeps what `make bench` measured, in docs/performance.json, and writes docs/performance.md and its pictures from
// it. A run replaces the parts that it measured, and keeps the others with their dates.
package report

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Report is everything that is known, by the name of the part.
type Report struct {
	Parts map[string]Part `json:"parts"`
}

// Part is what one part of the benchmark measured.
type Part struct {
	At       time.Time         `json:"at"`
	Commit   string            `json:"commit"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Rounds   int               `json:"rounds"`
	Tables   []Table           `json:"tables"`
	// Figures are those that [Targets] name.
	Figures map[string]Figure `json:"figures,omitempty"`
	// Void are the measurements that say nothing, and why.
	Void []string `json:"void,omitempty"`
}

// Machine is where a part was measured.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"` // in bytes
	Kernel string `json:"kernel"`
}

// Table has a row for each thing that was measured, and a column for each figure of it.
type Table struct {
	Title   string   `json:"title"`
	Note    string   `json:"note,omitempty"`
	Columns []string `json:"columns"`
	Rows    []Row    `json:"rows"`
	// Picture names the file of a picture of the first columns, without a suffix; "" for none.
	Picture string `json:"picture,omitempty"`
	// Bars is how many columns the picture shows, one beside the other in a bar.
	Bars int `json:"bars,omitempty"`
}

// Row is one thing that was measured.
type Row struct {
	Name    string   `json:"name"`
	Figures []Figure `json:"figures"`
}

// Figure is the median of all rounds, with their range.
type Figure struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Of is the figure of the values of all rounds; of none it is all zero.
func Of(values ...float64) Figure {
	if len(values) == 0 {
		return Figure{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Figure{Median: Quantile(sorted, 0.5), Low: sorted[0], High: sorted[len(sorted)-1]}
}

// Quantile is the value below which this share of the sorted values is.
func Quantile(sorted []float64, share float64) float64 {
	return sorted[min(int(float64(len(sorted))*share), len(sorted)-1)]
}

// Ratio is the figure of the ratios of two series, round by round.
func Ratio(over, under []float64) Figure {
	ratios := make([]float64, min(len(over), len(under)))
	for i := range ratios {
		ratios[i] = over[i] / under[i]
	}
	return Of(ratios...)
}

// Read reads what earlier runs measured; nothing, if the file does not exist.
func Read(path string) (Report, error) {
	r := Report{Parts: map[string]Part{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// Write writes the JSON file.
func (r Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Generate writes the page and its pictures beside a JSON file.
func Generate(path string) error {
	r, err := Read(path)
	if err != nil {
		return err
	}
	page, err := r.Markdown()
	if err != nil {
		return err
	}
	files := r.pictures()
	files["performance.md"] = page
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), name), []byte(files[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}
