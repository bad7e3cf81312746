package handlers_test

import (
	"context"
	"net/http"
	"net/mail"
	"sync"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/identity/signing"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/handlers"
	"stoa/services/notification/internal/providers"
	"stoa/services/notification/internal/repositories"
)

const (
	orderID    = "0198c6a0-0000-7000-8000-000000000001"
	customerID = "0198c6a0-0000-7000-8000-000000000002"
	hourly     = 20
	giveUp     = 72 * time.Hour
	noticeTTL  = 90 * 24 * time.Hour
)

// post is the mail binding: it counts mails by file name and calls by address, and may be slow or fail. It sends a mail even if
// its caller has gone, and then cannot say so.
type post struct {
	mu    sync.Mutex
	sent  map[string]int
	calls map[string]int
	last  []byte
	takes time.Duration
	fails func(address string) error
	reads func(address string, mail []byte)
}

func (p *post) Send(ctx context.Context, _ string, data []byte, meta map[string]string) error {
	time.Sleep(p.takes)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[meta["emailTo"]]++
	if p.fails != nil {
		if err := p.fails(meta["emailTo"]); err != nil {
			return err
		}
	}
	p.sent[meta["fileName"]]++
	if p.last = data; p.reads != nil {
		p.reads(meta["emailTo"], data)
	}
	return ctx.Err()
}

// total is how many mails were sent.
func (p *post) total() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, copies := range p.sent {
		n += copies
	}
	return n
}

// office is the store, the mail binding and the bus, which processes share.
type office struct {
	states *sidecartest.States
	side   *sidecar.Sidecar
	post   *post
	bus    *messagingtest.Bus
	sender *messaging.Publisher
	links  *providers.Links
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{post: &post{sent: map[string]int{}, calls: map[string]int{}}}
	o.states, o.side = sidecartest.New()
	o.links = must.Get(providers.NewLinks("https://stoa.example/", signing.Fresh(time.Now()).String()))(t)
	o.bus, o.sender = messagingtest.NewPublisher(t, "notification")
	return o
}

// process is one process of the service.
type process struct {
	*webtest.Server
	on      map[string]messaging.Handler
	erasure *domain.Erasure
}

func (o *office) process() *process {
	departures, editors := repositories.NewDepartures(o.side), repositories.NewEditors(o.side)
	desk := handlers.Office{
		Departed: departures,
		Staff:    mail.Address{Address: "staff@stoa.local"},
		Editors:  domain.NewEditors(editors), Site: "https://stoa.example/",
	}
	mailer := providers.NewMailer(o.post, o.links, mail.Address{Address: "shop@stoa.local"}, providers.FileBinding, hourly)
	notices, settings := repositories.NewNotices(o.side, noticeTTL), repositories.NewSettings(o.side)
	digests := repositories.NewDigests(o.side)
	notifier := domain.NewNotifier(
		notices, settings, digests, mailer, providers.NewDeadLetters(o.sender), departures, giveUp,
	)
	erasure := domain.NewErasure(departures, notices, desk.Editors, settings, digests)
	learner := []identity.Role{identity.Learner}
	p := &process{
		Server: webtest.New("Notifications", "Your notifications about orders, accounts, posts and comments.", webtest.Callers{
			"ada": {ID: customerID, Roles: learner}, "new": {ID: "new", Roles: learner},
		}),
		erasure: erasure,
		on:      messagingtest.Handlers(append(handlers.Subscriptions(notifier.Tell, desk), handlers.Deletions(erasure))),
	}
	erasing := service.NewTask(erasure.CatchUp, nil) // see forget
	handlers.Routes(p.API, notices, domain.NewChoices(settings, o.links))
	handlers.InternalRoutes(web.NewAPI(p.Router.PathPrefix(handlers.InternalBase).Subrouter(), "Internal", ""), domain.NewOwnData(settings, digests, editors, notices))
	handlers.Schedules(p.Router, notifier, domain.NewDigests(notifier, handlers.Followers, 7, 24*time.Hour), erasing.Begin, desk)
	return p
}

// handle delivers an event, which the process has to acknowledge.
func (p *process) handle(t *testing.T, e messaging.Event) {
	t.Helper()
	must.Do(t, p.on[e.Type](t.Context(), e))
}

// retry runs the schedule.
func (p *process) retry(t *testing.T) {
	t.Helper()
	p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"}).Expect(http.StatusOK)
}

// retryFor runs the schedule a few hundred times in this time, or every half a minute.
func (p *process) retryFor(t *testing.T, long time.Duration) {
	t.Helper()
	pause := max(30*time.Second, long/500)
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(pause) {
		p.retry(t)
	}
}

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
	return domain.Account{ID: customerID, Email: "a@example.com", Name: "Ada", At: time.Now().UTC(), Reason: reason, Verified: true}
}

func event(t *testing.T, eventType string, data any, cause ...string) messaging.Event {
	t.Helper()
	return must.Get(messaging.New(eventType, orderID, data, cause...))(t)
}

// orderIs is the event that the order reached this status.
func orderIs(t *testing.T, status string) messaging.Event {
	t.Helper()
	return event(t, "order."+status+".v1", order(status))
}

// entries lists the customer's inbox.
func (o *office) entries(t *testing.T) []domain.Record {
	t.Helper()
	list, _, err := repositories.NewNotices(o.side, noticeTTL).List(t.Context(), customerID, "", 100)
	must.Do(t, err)
	return list
}
