package messaging

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	dapr "github.com/dapr/go-sdk/client"
	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/recent"
)

func TestOutcomeOf(t *testing.T) {
	tests := map[string]struct {
		err      error
		attempts int
		want     outcome
	}{
		"handled":                     {nil, 0, done},
		"outage, first":               {errs.New(errs.Unavailable, "away"), 0, retry},
		"outage, for days":            {errs.New(errs.Unavailable, "away"), 100_000, retry},
		"invalid":                     {errs.InvalidField("quantity", "is negative"), 1, setAside},
		"defect, first":               {errors.New("nil pointer"), 1, retry},
		"defect, last":                {errors.New("nil pointer"), maxAttempts, setAside},
		"not found, which is retried": {errs.New(errs.NotFound, "no such order"), 1, retry},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := outcomeOf(tt.err, tt.attempts); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestConsumer_countsDefectsApartFromOutages(t *testing.T) {
	c := &Consumer{failures: recent.New[string, failures](maxTracked)}
	for range 20 {
		if defects, wait := c.count("e", errs.New(errs.Unavailable, "away")); defects != 0 || wait > maxOutageWait {
			t.Fatalf("an outage counted: %d, %s", defects, wait)
		}
	}
	for i := range 3 {
		if defects, wait := c.count("e", errors.New("nil pointer")); defects != i+1 || wait > maxDefectWait {
			t.Fatalf("got %d, %s, want %d", defects, wait, i+1)
		}
	}
}

func TestNew_derivesTheIDFromTheCause(t *testing.T) {
	idOf := func(cause ...string) string {
		e := must.Get(New("order.placed.v1", "order-1", map[string]int{"n": 1}, cause...))(t)
		return e.ID
	}
	first, again := idOf("a"), idOf("a")
	if first != again {
		t.Error("the same cause must give the same id")
	}
	if first == idOf("b") || first == idOf() {
		t.Error("another cause must give another id")
	}
}

// moved is a payload in its second form: the first had the street alone.
type moved struct{ Address struct{ Street string } }

func (moved) Form() int { return 2 }

func (moved) Upgrade(_ int, old json.RawMessage) (json.RawMessage, error) {
	return append(append([]byte(`{"Address":`), old...), '}'), nil
}

func TestTyped_readsEarlierFormsAndRetriesLaterOnes(t *testing.T) {
	var got moved
	handler := Typed(func(_ context.Context, _ Event, m moved) error { got = m; return nil })
	now := must.Get(New("account.moved.v1", "a-1", moved{}))(t)
	for name, tt := range map[string]struct {
		data string
		want outcome
	}{
		"earlier":    {`{"Street":"Agora 1"}`, done},
		"now":        {string(now.Data), done},
		"later":      {`{"form":3,"Address":7}`, retry},
		"unreadable": {`{"form":2,"Address":7}`, setAside},
		"not JSON":   {`Agora 1`, setAside},
	} {
		got = moved{}
		if became := outcomeOf(handler(t.Context(), Event{Type: "account.moved.v1", Data: []byte(tt.data)}), 1); became != tt.want {
			t.Errorf("%s: got %s, want %s", name, became, tt.want)
		}
		if name == "earlier" && got.Address.Street != "Agora 1" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if want := `{"form":2,"Address":{"Street":""}}`; string(now.Data) != want {
		t.Errorf("published is %s, want %s", now.Data, want)
	}
}

// noBroker takes every event that can be sent, and sends none.
type noBroker struct{ sent []string }

func (b *noBroker) PublishEvent(ctx context.Context, _, topic string, data any, _ ...dapr.PublishEventOption) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	b.sent = append(b.sent, topic+" "+string(data.([]byte))) //nolint:forcetypeassert // a Publisher sends bytes
	return nil
}

func TestConsumer_setsAsideWhatCannotBeRead(t *testing.T) {
	subscription := Subscription{Topic: "stock", On: map[string]Handler{
		"stock.low.v1": Typed(func(context.Context, Event, moved) error { return nil }),
	}}
	for message, payload := range map[string]string{
		`{"id":"1","type":"stock.low.v1","data":"Agora 1"}`:     `"data":"Agora 1"`,
		`{"id":"1","type":"stock.low.v1","data_base64":"/w=="}`: `"data":"\ufffd"`,
		`{"id":"1","type":"stock.low.v1"}`:                      `"data":""`,
		`{"id":"1","type":"stock.low.v1","subject":7}`:          `"data":{"id":"1","type":"stock.low.v1","subject":7}`,
		`{"type":"stock.low.v1","data":{}}`:                     `"data":{"type":"stock.low.v1","data":{}}`,
		`{"id":"1","data":{}}`:                                  `"data":{"id":"1","data":{}}`,
		`Agora 1`:                                               `"data":"Agora 1"`,
		``:                                                      `"data":""`,
		`{"id":"1","type":"stock.other.v1","subject":"ignored"}`: "",
		`{"id":"1","type":"stock.low.v1","data":{"form":2}}`:     "",
		`{"id":"1","type":"stock.low.v1","data_base64":"e30="}`:  "",
	} {
		broker := &noBroker{}
		publisher := must.Get(NewPublisher(broker, "order-worker"))(t)
		consumer := must.Get(NewConsumer(nil, publisher, zerolog.Nop(), subscription))(t)
		if !consumer.handle(t.Context(), subscription, []byte(message)) {
			t.Errorf("%q comes again", message)
		}
		letters := strings.Join(broker.sent, "\n")
		if (letters != "") != (payload != "") || !strings.Contains(letters, payload) {
			t.Errorf("%q: got the dead letter %q, want %s", message, letters, payload)
		}
	}
}

func TestConsumer_setsAsideWhatTookAllTheTimeOfItsHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		subscription := Subscription{Topic: "stock", On: map[string]Handler{
			"stock.low.v1": func(ctx context.Context, _ Event) error {
				<-ctx.Done()
				return errors.New("a defect")
			},
		}}
		broker := &noBroker{}
		publisher := must.Get(NewPublisher(broker, "order-worker"))(t)
		consumer := must.Get(NewConsumer(nil, publisher, zerolog.Nop(), subscription))(t)
		attempts := 1
		for !consumer.handle(t.Context(), subscription, []byte(`{"id":"1","type":"stock.low.v1"}`)) && attempts < 2*maxAttempts {
			attempts++
		}
		if attempts != maxAttempts || len(broker.sent) != 1 {
			t.Errorf("%d attempts, %d dead letters", attempts, len(broker.sent))
		}
	})
}
