package main

import (
	"context"
	"errors"
	"fmt"

	"stoa/bench/report"
)

// wideProducts is how many products the orders are of that do not all want the same one.
const wideProducts = 32

// measureHot compares orders that all want one product with orders of many products. Four workers reserve the stock: those of one
// product write the same document, and whoever is late writes again.
func (b *bench) measureHot(ctx context.Context) (p report.Part, err error) {
	hot, wide := b.this(), b.this()
	hot.name, wide.name = "one product", fmt.Sprint(wideProducts, " products")
	hot.flags = []string{"--scale", fmt.Sprint(workingApp, "=", replicas)}
	wide.flags = hot.flags
	all, err := b.start(ctx, "hot", hot, wide)
	defer func() { err = errors.Join(err, all.stop()) }()
	for len(all) == 2 && len(all[1].others) < wideProducts-1 && err == nil {
		var id string
		id, err = all[1].newProduct(ctx)
		all[1].others = append(all[1].others, id)
	}
	if err != nil {
		return p, err
	}
	measured, err := all.closed(ctx, b.rounds, b.orders, 16)
	if err != nil {
		return p, err
	}
	table := measured.table(16)
	table.Title = fmt.Sprintf("Orders of one product, and of %d, with %d workers that reserve", wideProducts, replicas)
	p.Figures = map[string]report.Figure{"rate": report.Ratio(measured[0].values(figures[0].of), measured[1].values(figures[0].of))}
	p.Tables = []report.Table{table, measured.calls()}
	return p, nil
}
