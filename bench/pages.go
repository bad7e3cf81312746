package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"stoa/bench/report"
)

const (
	readers      = 20
	readingTime  = time.Second     // between two pages of somebody who reads them
	pagesSlice   = 5 * time.Second // of one measurement
	pagesLatest  = 0.95            // the percentile that counts
	pagesPerUser = 3               // orders that the customer has
)

// crowd are people who open pages: all of them as guests, or all signed in as the customer.
type crowd struct {
	name  string
	pause time.Duration // between two pages of one of them
	http  *http.Client
	pages []string
	took  map[string][][]time.Duration // page by page, round by round
	cpu   []float64
	rates []float64
}

// measurePages measures how long people wait for a page: guests and customers, who read the page before they open the next one, and
// who do not.
func (b *bench) measurePages(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "pages", b.this())
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	crowds, err := all[0].crowds(ctx)
	if err != nil {
		return p, err
	}
	p.Rounds = b.rounds
	err = turns(b.rounds, len(crowds), func(thing, round int) error { return all[0].browse(ctx, crowds[thing], round == 0) })
	p.Figures = map[string]report.Figure{}
	for _, c := range crowds {
		slowest, table := c.table()
		p.Tables, p.Figures[c.name] = append(p.Tables, table), slowest
	}
	return p, err
}

// crowds fills the shop and the blog, and signs the customer in.
func (b *shop) crowds(ctx context.Context) ([]*crowd, error) {
	seed := exec.CommandContext(ctx, filepath.Join(b.root, "bin", "stoa"), "seed")
	seed.Dir = b.dir
	if out, err := seed.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("stoa seed: %w: %s", err, out)
	}
	var order string
	for range pagesPerUser {
		var err error
		if order, err = b.order(ctx, b.product); err != nil {
			return nil, err
		}
	}
	guest, customer := b.browser(), b.browser()
	form := url.Values{"email": {customerEmail}, "password": {customerPassword}}
	answer, err := customer.PostForm(b.record.Gateway+"/sign-in", form)
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("sign-in: %s", answer.Status)
	}
	front, _, err := open(ctx, guest, b.record.Gateway+"/blog")
	if err != nil {
		return nil, err
	}
	post := regexp.MustCompile(`href="(/blog/[a-z0-9-]+)"`).FindStringSubmatch(front)
	if post == nil {
		return nil, errors.New("the blog has no post")
	}
	public := []string{"/", "/products", "/products?q=amphora", "/products/" + b.product, "/blog", post[1], "/blog?q=oil", "/cart"}
	private := append([]string{"/orders", "/orders/" + order, "/account", "/account/sessions", "/account/notices"}, public...)
	var crowds []*crowd
	for _, pause := range []time.Duration{readingTime, 0} {
		suffix := ", reading"
		if pause == 0 {
			suffix = ", without a pause"
		}
		crowds = append(crowds,
			&crowd{name: "guests" + suffix, pause: pause, http: guest, pages: public},
			&crowd{name: "signed in" + suffix, pause: pause, http: customer, pages: private})
	}
	return crowds, nil
}

// browser is a client that keeps cookies and follows no redirect.
func (b *shop) browser() *http.Client {
	jar, _ := cookiejar.New(nil) // never fails without options
	return &http.Client{Jar: jar, Transport: b.http.Transport, Timeout: b.http.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// open opens a page, and says how long it took.
func open(ctx context.Context, client *http.Client, address string) (body string, took time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("Accept", "text/html")
	began := time.Now()
	answer, err := client.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, answer.Status)
	}
	return string(text), time.Since(began), err
}

// browse lets the crowd open pages for a while, each person in an order of their own.
func (b *shop) browse(ctx context.Context, c *crowd, warmUp bool) error {
	got, err := b.by(ctx, callers{readers, c.pause, pagesSlice}, func(ctx context.Context) (string, time.Duration, error) {
		page := c.pages[rand.IntN(len(c.pages))]
		_, took, err := open(ctx, c.http, b.record.Gateway+page)
		return page, took, err
	})
	if err != nil || warmUp {
		return err
	}
	if c.took == nil {
		c.took = map[string][][]time.Duration{}
	}
	for page, waited := range got.took {
		c.took[page] = append(c.took[page], waited)
	}
	c.rates, c.cpu = append(c.rates, got.rate), append(c.cpu, got.cpu)
	return nil
}

// table shows each page, and slowest is the percentile of the page for which people wait longest.
func (c *crowd) table() (slowest report.Figure, table report.Table) {
	table = report.Table{
		Title:   fmt.Sprintf("Pages, %d %s", readers, c.name),
		Note:    fmt.Sprintf("%s pages a second in all, %s CPU-ms a page.", report.Of(c.rates...), report.Of(c.cpu...)),
		Columns: []string{"median, ms", "95th percentile, ms"},
	}
	for _, page := range c.pages {
		var medians, late []float64
		for _, waited := range c.took[page] {
			medians, late = append(medians, latency(waited, 0.5)), append(late, latency(waited, pagesLatest))
		}
		figure := report.Of(late...)
		if figure.Median > slowest.Median {
			slowest = figure
		}
		table.Rows = append(table.Rows, report.Row{Name: "`" + page + "`", Figures: []report.Figure{report.Of(medians...), figure}})
	}
	return slowest, table
}
