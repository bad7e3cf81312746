package report

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed page.md
var page string

// Markdown is the page of everything that is known.
func (r Report) Markdown() (string, error) {
	t, err := template.New("page").Funcs(template.FuncMap{"part": r.part}).Parse(page)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, map[string]string{"Targets": r.TargetTable(), "Where": r.where()})
	return out.String(), err
}

// TargetTable is the table of the targets beside what was measured, and why some are missed.
func (r Report) TargetTable() string {
	var out strings.Builder
	var reasons []string
	fmt.Fprint(&out, "| | target | measured | |\n|---|---|---|---|\n")
	for _, t := range Targets {
		limit := "at most "
		if t.AtLeast {
			limit = "at least "
		}
		measured, outcome := "", "not measured"
		if f, known := r.measured(t); known {
			measured, outcome = f.String(), "reached"
			if !t.reached(f) {
				outcome = "**missed**"
				if t.Why != "" && !slices.Contains(reasons, t.Why) {
					reasons = append(reasons, t.Why)
				}
				if i := slices.Index(reasons, t.Why); i >= 0 {
					outcome += fmt.Sprintf(", reason %d", i+1)
				}
			}
		}
		fmt.Fprintf(&out, "| %s | %s%s | %s | %s |\n", t.Title, limit, number(t.Limit), measured, outcome)
	}
	if len(reasons) > 0 {
		fmt.Fprint(&out, "\nWhy targets are missed:\n\n")
	}
	for i, why := range reasons {
		fmt.Fprintf(&out, "%d. %s\n", i+1, why)
	}
	return out.String()
}

// part is what a part of the benchmark measured.
func (r Report) part(name string) string {
	p, known := r.Parts[name]
	if !known {
		return "*Not measured yet.*\n"
	}
	return p.Markdown()
}

// Markdown are the tables of a part.
func (p Part) Markdown() string {
	var out strings.Builder
	for i, t := range p.Tables {
		if i > 0 {
			out.WriteByte('\n')
		}
		t.write(&out)
	}
	for _, void := range p.Void {
		fmt.Fprintf(&out, "\n**Void:** %s\n", void)
	}
	return out.String()
}

func (t Table) write(out *strings.Builder) {
	fmt.Fprintf(out, "**%s.**", t.Title)
	if t.Note != "" {
		fmt.Fprintf(out, " %s", t.Note)
	}
	fmt.Fprintln(out)
	if t.Picture != "" {
		fmt.Fprintf(out, "\n![%s](%s)\n", t.Title, t.file())
	}
	fmt.Fprintf(out, "\n| | %s |\n|---|%s\n", strings.Join(t.Columns, " | "), strings.Repeat("---:|", len(t.Columns)))
	for _, row := range t.Rows {
		fmt.Fprintf(out, "| %s |", row.Name)
		for _, f := range row.Figures {
			fmt.Fprintf(out, " %s |", f)
		}
		fmt.Fprintln(out)
	}
}

// where says where, when and of what each part was measured.
func (r Report) where() string {
	var out strings.Builder
	fmt.Fprint(&out, "| part | measured | commit | rounds | machine | versions |\n|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(r.Parts)) {
		p := r.Parts[name]
		versions := make([]string, 0, len(p.Versions))
		for _, program := range slices.Sorted(maps.Keys(p.Versions)) {
			versions = append(versions, program+" "+p.Versions[program])
		}
		fmt.Fprintf(&out, "| %s | %s | `%s` | %d | %s, %d cores, %.1f GB, %s | %s |\n", name, p.At.UTC().Format(time.DateTime),
			p.Commit, p.Rounds, p.Machine.CPU, p.Machine.Cores, float64(p.Machine.Memory)/(1<<30), p.Machine.Kernel,
			strings.Join(versions, ", "))
	}
	return out.String()
}

// String is the median and, if the rounds differ, their range.
func (f Figure) String() string {
	if number(f.Low) == number(f.High) {
		return number(f.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", number(f.Median), number(f.Low), number(f.High))
}

// number has three digits that say something.
func number(v float64) string {
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
