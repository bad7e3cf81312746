package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/handlers"
	"stoa/services/notification/internal/providers"
	"stoa/services/notification/internal/repositories"
)

// post is the mail binding: it counts mails by file name, and may be slow or fail.
type post struct {
	mu    sync.Mutex
	sent  map[string]int
	takes time.Duration
	err   error
}

func (p *post) Send(_ context.Context, _ string, _ []byte, meta map[string]string) error {
	time.Sleep(p.takes)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	if p.sent == nil {
		p.sent = map[string]int{}
	}
	p.sent[meta["fileName"]]++
	return nil
}

// replica returns the handlers of a process by event type. Several processes may share a store.
func replica(side *sidecar.Sidecar, p *post) map[string]messaging.Handler {
	mailer := providers.NewMailer(p, mail.Address{Address: "shop@stoa.local"}, providers.FileBinding)
	notifier := domain.NewNotifier(repositories.NewInbox(side), repositories.NewDeliveries(side), mailer)
	return messagingtest.Handlers(handlers.Subscriptions(notifier, mail.Address{Address: "staff@stoa.local"}))
}

const (
	orderID    = "0198c6a0-0000-7000-8000-000000000001"
	customerID = "0198c6a0-0000-7000-8000-000000000002"
)

func order(status string) domain.Order {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	price := domain.Money{Amount: 1250, Currency: "EUR"}
	return domain.Order{
		ID: orderID, Status: status, Total: price, CreatedAt: at, UpdatedAt: at,
		Customer: domain.Customer{ID: customerID, Email: "a@example.com", Name: "Ada"},
		Items: []domain.Line{{
			ProductID: "0198c6a0-0000-7000-8000-000000000003", SKU: "AMP-1", Name: "Amphora", Quantity: 1, UnitPrice: price,
		}},
	}
}

func account(reason string) domain.Account {
	return domain.Account{ID: customerID, Email: "a@example.com", Name: "Ada", At: time.Now().UTC(), Reason: reason}
}

func event(t *testing.T, eventType string, data any, cause ...string) messaging.Event {
	t.Helper()
	return must.Get(messaging.New(eventType, orderID, data, cause...))(t)
}

func confirmed(t *testing.T) messaging.Event {
	t.Helper()
	return event(t, "order.confirmed.v1", order("confirmed"))
}

// entries lists the customer's inbox.
func entries(t *testing.T, side *sidecar.Sidecar) []domain.Entry {
	t.Helper()
	list, _, err := repositories.NewInbox(side).List(t.Context(), customerID, "", 100)
	must.Do(t, err)
	return list
}

func TestNotifier_sendsEveryNoticeOnce(t *testing.T) {
	_, side := sidecartest.New()
	post := &post{}
	on := replica(side, post)
	low := domain.LowStock{ProductID: ids.New(), SKU: "AMP-1", Name: "Amphora", Available: 3, Threshold: 5}
	all := []messaging.Event{event(t, "stock.low.v1", low)}
	for _, status := range []string{"confirmed", "rejected", "cancelled", "shipped", "delivered"} {
		all = append(all, event(t, "order."+status+".v1", order(status)))
	}
	for _, fact := range []string{"registered", "password_changed"} {
		all = append(all, event(t, "account."+fact+".v1", account("")))
	}
	for _, reason := range []string{"by_owner", "refresh_token_reused"} {
		all = append(all, event(t, "account.sessions_revoked.v1", account(reason), reason))
	}
	for range 3 {
		for _, e := range all {
			if err := events.Check(e.Type, e.Data); err != nil {
				t.Fatalf("%s is not what its schema says: %v", e.Type, err)
			}
			if err := on[e.Type](t.Context(), e); err != nil {
				t.Fatalf("%s: %v", e.Type, err)
			}
		}
	}
	for _, file := range []string{
		"order-confirmed-" + orderID, "order-rejected-" + orderID, "order-cancelled-" + orderID, "order-shipped-" + orderID,
		"order-delivered-" + orderID, "stock-low-" + all[0].ID,
		"account-registered-" + all[6].ID, "account-password-changed-" + all[7].ID,
		"account-sessions-revoked-" + all[8].ID, "account-sessions-revoked-" + all[9].ID,
	} {
		if got := post.sent[file+".eml"]; got != 1 {
			t.Errorf("%s: sent %d times, want once", file, got)
		}
	}
	if got := entries(t, side); len(got) != 9 || got[4].Kind != domain.OrderDelivered || got[4].OrderID != orderID ||
		got[0].Kind != domain.SessionsRevoked || got[0].OrderID != "" || got[0].Text == got[1].Text {
		t.Errorf("the inbox is %+v", got)
	}
}

// A process may die before or after any operation on the store. The next delivery of the event completes the work, and the
// customer gets one mail, unless the process died after sending and before marking.
func TestNotifier_recoversFromACrashAnywhere(t *testing.T) {
	crash := errors.New("crash")
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			operations, name := 0, fmt.Sprintf("operation %d, after: %t", n, after)
			synctest.Test(t, func(t *testing.T) {
				states, side := sidecartest.New()
				post := &post{}
				var between bool // the crash is after sending and before its record
				hook := func(operation, _ string) error {
					operations++
					if operations < n { // from then on nothing works: the process is gone
						return nil
					}
					between = between || operations == n && len(post.sent) > 0 && !(after && operation == "save")
					return crash
				}
				if after {
					states.After = hook
				} else {
					states.Before = hook
				}
				_ = replica(side, post)["order.confirmed.v1"](t.Context(), confirmed(t))
				states.Before, states.After = nil, nil
				time.Sleep(10 * time.Second) // until the lease of the dead process ends
				if err := replica(side, post)["order.confirmed.v1"](t.Context(), confirmed(t)); err != nil {
					t.Errorf("%s: the next delivery: %v", name, err)
				}
				want := 1
				if between {
					want = 2
				}
				if got := post.sent["order-confirmed-"+orderID+".eml"]; got != want {
					t.Errorf("%s: sent %d times, want %d", name, got, want)
				}
				if got := entries(t, side); len(got) != 1 {
					t.Errorf("%s: %d entries in the inbox", name, len(got))
				}
			})
			if operations < n {
				break // the handler ended before it
			}
		}
	}
}

func TestNotifier_sendsOnceFromManyReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, side := sidecartest.New()
		post := &post{takes: 3 * time.Second}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				handler := replica(side, post)["order.confirmed.v1"]
				for err := handler(t.Context(), confirmed(t)); err != nil; err = handler(t.Context(), confirmed(t)) {
					if !errs.Is(err, errs.Unavailable) {
						t.Errorf("got %v, want unavailable", err)
						return
					}
					time.Sleep(time.Second)
				}
			})
		}
		all.Wait()
		if got := post.sent["order-confirmed-"+orderID+".eml"]; got != 1 {
			t.Errorf("sent %d times, want once", got)
		}
	})
}

func TestNotifier_retriesABrokenBindingAtOnce(t *testing.T) {
	_, side := sidecartest.New()
	post := &post{err: errs.New(errs.Unavailable, "the binding mail does not answer")}
	handler := replica(side, post)["order.confirmed.v1"]
	if err := handler(t.Context(), confirmed(t)); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	post.err = nil
	if err := handler(t.Context(), confirmed(t)); err != nil || len(post.sent) != 1 {
		t.Errorf("got %v, %d mails", err, len(post.sent))
	}
}
