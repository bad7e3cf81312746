package report

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

func sample() Report {
	return Report{Parts: map[string]Part{
		"orders": {
			Tables: []Table{{
				Title: "CPU", Columns: []string{"apps", "sidecars"}, Picture: "cpu", Bars: 2,
				Rows: []Row{{"this", []Figure{Of(1, 3, 2), Of(4)}}, {"a < b", []Figure{Of(1), Of(2)}}},
			}},
			Figures: map[string]Figure{"cpu/" + Base: Of(0.4, 0.6, 0.5), "rate/" + Base: Of(1.9)},
			Void:    []string{"one"},
		},
		"memory": {Figures: map[string]Figure{"sum": Of(501)}},
	}}
}

func TestMarkdown_showsTargetsAndTables(t *testing.T) {
	text := must.Get(sample().Markdown())(t)
	for _, want := range []string{
		"| at most 0.50 | 0.50 (0.40-0.60) | reached |", "| at least 2.00 | 1.90 | **missed**, reason 1 |", "| at most 500 | 501 | **missed**, reason 2 |", "\n2. The target is for",
		"| this | 2.00 (1.00-3.00) | 4.00 |", "performance-cpu.svg", "**Void:** one", "*Not measured yet.*",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
}

func TestPictures_areXML(t *testing.T) {
	decoder := xml.NewDecoder(strings.NewReader(sample().pictures()["performance-cpu.svg"]))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTargets_nameFiguresOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, target := range Targets {
		if seen[target.Part+"/"+target.Figure] {
			t.Errorf("%s of %s has two targets", target.Figure, target.Part)
		}
		seen[target.Part+"/"+target.Figure] = true
	}
}
