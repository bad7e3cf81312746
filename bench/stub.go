package main

import (
	"context"
	"errors"

	"stoa/bench/report"
)

func (b *bench) measureMillion(ctx context.Context) (p report.Part, err error) {
	return p, errors.New("todo")
}
func (b *bench) measureWorkers(ctx context.Context) (p report.Part, err error) {
	return p, errors.New("todo")
}
func (b *bench) measureWatchers(ctx context.Context) (p report.Part, err error) {
	return p, errors.New("todo")
}
func (b *bench) measureMatrix(ctx context.Context) (p report.Part, err error) {
	return p, errors.New("todo")
}
