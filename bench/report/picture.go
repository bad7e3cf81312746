package report

import (
	"fmt"
	"html"
	"strings"
)

// The sizes of a picture, in pixels.
const (
	pictureWidth = 720
	labelWidth   = 150
	barHeight    = 22
	barGap       = 10
	legendHeight = 34
	valueWidth   = 60
)

// style has colours that can be read on light and on dark pages, and told apart by everyone.
const style = `text{font:13px system-ui,sans-serif;fill:#333}.a{fill:#4477aa}.b{fill:#ccbb44}.c{fill:#66ccee}` +
	`@media(prefers-color-scheme:dark){text{fill:#ddd}}`

func (t Table) file() string { return "performance-" + t.Picture + ".svg" }

// pictures are the files of all pictures, by name.
func (r Report) pictures() map[string]string {
	files := map[string]string{}
	for _, p := range r.Parts {
		for _, t := range p.Tables {
			if t.Picture != "" {
				files[t.file()] = t.draw()
			}
		}
	}
	return files
}

// draw draws a bar for each row, of as many parts as the picture has columns.
func (t Table) draw() string {
	var out strings.Builder
	height := legendHeight + len(t.Rows)*(barHeight+barGap)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n<style>%s</style>\n",
		pictureWidth, height, html.EscapeString(t.Title), style)
	for i, column := range t.Columns[:t.Bars] {
		x := labelWidth + i*150
		fmt.Fprintf(&out, `<rect class="%c" x="%d" y="6" width="14" height="14"/><text x="%d" y="18">%s</text>`+"\n",
			'a'+i, x, x+20, html.EscapeString(column))
	}
	longest := 0.0
	for _, row := range t.Rows {
		longest = max(longest, t.length(row))
	}
	for i, row := range t.Rows {
		t.bar(&out, row, legendHeight+i*(barHeight+barGap), float64(pictureWidth-labelWidth-valueWidth)/max(longest, 1e-9))
	}
	out.WriteString("</svg>\n")
	return out.String()
}

func (t Table) length(row Row) (sum float64) {
	for _, f := range row.Figures[:t.Bars] {
		sum += f.Median
	}
	return sum
}

// bar draws a row, with its length in figures.
func (t Table) bar(out *strings.Builder, row Row, y int, scale float64) {
	base := y + barHeight - 6
	fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="end">%s</text>`, labelWidth-8, base, html.EscapeString(row.Name))
	x := float64(labelWidth)
	for i, f := range row.Figures[:t.Bars] {
		width := f.Median * scale
		fmt.Fprintf(out, `<rect class="%c" x="%.1f" y="%d" width="%.1f" height="%d"/>`, 'a'+i, x, y, width, barHeight)
		x += width
	}
	fmt.Fprintf(out, `<text x="%.1f" y="%d">%s</text>`+"\n", x+6, base, number(t.length(row)))
}
