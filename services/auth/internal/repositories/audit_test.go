package repositories_test

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/repositories"
)

// record adds entries with these numbers as their details.
func record(t *testing.T, trail *repositories.Trail, at time.Time, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		entry := domain.Entry{Act: domain.SignIn, AccountID: strconv.Itoa(n % 2), Detail: strconv.Itoa(n), Count: 1, First: at, Last: at}
		if err := trail.Record(t.Context(), entry); err != nil {
			t.Error(err)
		}
	}
}

// read returns the details of all entries of an account, newest first.
func read(t *testing.T, trail *repositories.Trail, accountID string, limit int) (details []string) {
	t.Helper()
	for cursor := ""; ; {
		entries, next, err := trail.List(t.Context(), accountID, cursor, limit)
		if err != nil || len(entries) > limit {
			t.Fatalf("got %d entries, %v", len(entries), err)
		}
		for _, entry := range entries {
			details = append(details, entry.Detail)
		}
		if cursor = next; cursor == "" {
			return details
		}
	}
}

func TestTrail_isReadInPages(t *testing.T) {
	states, side := sidecartest.New()
	trail := repositories.NewTrail(side)
	record(t, trail, time.Now(), 0, 120)
	var all, even []string
	for n := 119; n >= 0; n-- {
		all = append(all, strconv.Itoa(n))
		if n%2 == 0 {
			even = append(even, strconv.Itoa(n))
		}
	}
	for _, limit := range []int{1, 7, 50, 100} {
		if got := read(t, trail, "", limit); !slices.Equal(got, all) {
			t.Errorf("by %d: got %v", limit, got)
		}
	}
	if got := read(t, trail, "0", 7); !slices.Equal(got, even) {
		t.Errorf("one account: got %v", got)
	}
	for _, key := range states.Keys("auth-store", "audit:") {
		if ttl := states.TTL("auth-store", key); ttl != "7776000" {
			t.Errorf("%s expires after %q seconds", key, ttl)
		}
	}
	for _, cursor := range []string{"x", "-1", "120"} {
		if _, _, err := trail.List(t.Context(), "", cursor, 1); !errs.Is(err, errs.Invalid) {
			t.Errorf("cursor %s: got %v", cursor, err)
		}
	}
}

func TestTrail_endsWhereItHasExpired(t *testing.T) {
	states, side := sidecartest.New()
	trail := repositories.NewTrail(side)
	record(t, trail, time.Now().Add(-domain.AuditTTL-time.Second), 0, 75)
	record(t, trail, time.Now(), 75, 160)
	if got := read(t, trail, "", 100); len(got) != 85 || got[84] != "75" {
		t.Errorf("got %v", got)
	}
	states.Drop("auth-store", "audit:1")
	if got := read(t, trail, "", 100); len(got) != 60 || got[59] != "100" {
		t.Errorf("without a page: got %v", got)
	}
}

func TestTrail_losesNothingToOtherWriters(t *testing.T) {
	_, side := sidecartest.New()
	var all sync.WaitGroup
	for writer := range 4 {
		all.Go(func() { record(t, repositories.NewTrail(side), time.Now(), 50*writer, 50*(writer+1)) })
	}
	all.Wait()
	got := read(t, repositories.NewTrail(side), "", 100)
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != 200 {
		t.Errorf("%d of 200 entries are left", len(got))
	}
}

// A process is killed after it has copied a full page, and before it begins the next one. What others record in between stays.
func TestTrail_losesNothingBetweenTheCopyOfAPageAndTheNextOne(t *testing.T) {
	states, side := sidecartest.New()
	trail, now := repositories.NewTrail(side), time.Now()
	record(t, trail, now, 0, 50)
	states.Before = func(operation, key string) error {
		if operation == "save" && key == "audit:head" {
			return errors.New("killed")
		}
		return nil
	}
	last := domain.Entry{Act: domain.SignIn, AccountID: "1", Detail: "50", Count: 1, First: now, Last: now}
	if trail.Record(t.Context(), last) == nil {
		t.Error("it was not killed")
	}
	states.Before = nil
	record(t, trail, now, 49, 51) // the first one is like the newest entry
	entries, _, err := trail.List(t.Context(), "", "", 100)
	acts := 0
	for _, entry := range entries {
		acts += entry.Count
	}
	if err != nil || acts != 52 {
		t.Errorf("%d of 52 acts are left, %v", acts, err)
	}
}

func TestRefusals_expire(t *testing.T) {
	states, side := sidecartest.New()
	refusals := repositories.NewRefusals(side)
	must.Get(refusals.Upsert(t.Context(), "2026-01-02", func(r *domain.Refusals) error { r.Networks.Others++; return nil }))(t)
	if ttl := states.TTL("auth-store", "refusals:2026-01-02"); ttl != "7776000" {
		t.Errorf("they expire after %q seconds", ttl)
	}
}
