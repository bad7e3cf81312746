package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// deadWithin is how long a revoked key or session may still be accepted somewhere.
const deadWithin = 5 * time.Second

// apiKey is an API key as the API shows it.
type apiKey struct {
	ID, Name, Prefix, Key string
	Permissions           []string
	ExpiresAt             time.Time
	RevokedAt             time.Time
	LastUsedAt            time.Time
}

func newAPIKey(t *testing.T, shop *client.Shop, admin client.User, wish map[string]any) apiKey {
	t.Helper()
	var made apiKey
	shop.Must(t, client.Request{Method: "POST", Path: "/auth/apikeys", As: admin, Body: wish}, http.StatusCreated, &made)
	return made
}

// by has a request sent with this key instead of the one of the web pages.
func (k apiKey) by(r client.Request) client.Request {
	r.Header = map[string]string{"X-Api-Key": k.Key}
	return r
}

func TestAPIKeys_openWhatTheyPermit(t *testing.T) {
	admin, customer := shop.SignIn(t, "admin"), shop.SignUp(t)
	reader := newAPIKey(t, shop, admin, map[string]any{"name": "price comparison", "permissions": []string{"shop:read"}})
	writer := newAPIKey(t, shop, admin, map[string]any{"name": "till", "permissions": []string{"shop:write"}})
	order := client.Request{Method: "POST", Path: "/orders", As: customer, Body: `{"items":[]}`}
	for _, tt := range []struct {
		name    string
		request client.Request
		status  int
		detail  string
	}{
		{"a reader reads", reader.by(client.Request{Method: "GET", Path: "/products"}), http.StatusOK, ""},
		{"a reader does not write", reader.by(order), http.StatusForbidden, "shop:write"},
		{"a writer does not read", writer.by(client.Request{Method: "GET", Path: "/products"}), http.StatusForbidden, "shop:read"},
		{"a writer writes, if not this", writer.by(order), http.StatusUnprocessableEntity, ""},
		{"an account needs no permission", reader.by(client.ProfileOf(customer)), http.StatusOK, ""},
		{"a key is no sign-in", reader.by(client.Request{Method: "GET", Path: "/orders"}), http.StatusUnauthorized, ""},
		{"half a key opens nothing", apiKey{Key: reader.Key[:40]}.by(client.Request{Method: "GET", Path: "/products"}), http.StatusForbidden, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := shop.Must(t, tt.request, tt.status, nil)
			if !strings.Contains(answer.Problem().Detail, tt.detail) {
				t.Errorf("it does not name %s: %s", tt.detail, answer)
			}
		})
	}
	var page struct{ Items []apiKey }
	answer := shop.Must(t, client.Request{Method: "GET", Path: "/auth/apikeys?limit=100", As: admin}, http.StatusOK, &page)
	at := slices.IndexFunc(page.Items, func(k apiKey) bool { return k.ID == reader.ID })
	if at < 0 || page.Items[at].Prefix != reader.Prefix || strings.Contains(string(answer.Body), reader.Key[len(reader.Prefix):]) {
		t.Errorf("listed: %s", answer)
	}
	system.Eventually(t, "the last use is noted", func() error {
		var kept apiKey
		shop.Must(t, client.Request{Method: "GET", Path: "/auth/apikeys/" + reader.ID, As: admin}, http.StatusOK, &kept)
		if kept.LastUsedAt.IsZero() {
			return fmt.Errorf("got %+v", kept)
		}
		return nil
	})
}

// knocking sends a request over and over. It says how it was answered last, and when the last request was sent that was
// answered in a certain way: a service may take its time with an answer, on a busy machine, but must not let in who came
// too late.
type knocking struct {
	mu     sync.Mutex
	status int
	latest map[int]time.Time
}

// knock begins to knock, until the test ends.
func knock(t *testing.T, shop *client.Shop, r client.Request) *knocking {
	k := &knocking{latest: map[int]time.Time{}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			asked := time.Now()
			answer, err := shop.Do(ctx, r)
			k.mu.Lock()
			if err == nil {
				k.status, k.latest[answer.Status] = answer.Status, asked
			}
			k.mu.Unlock()
			pause(ctx, 10*time.Millisecond)
		}
	}()
	return k
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// await waits until the answer is this status.
func (k *knocking) await(t *testing.T, what string, status int) {
	t.Helper()
	system.Eventually(t, what, func() error {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.status != status {
			return fmt.Errorf("it is answered %d, not %d", k.status, status)
		}
		return nil
	})
}

// last is when the last request was sent that was answered by this status.
func (k *knocking) last(status int) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.latest[status]
}

// A key that is in use all the time, and so remembered wherever keys are, is dead within five seconds, and with it what it
// follows.
func TestAPIKeys_endWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	admin, customer := shop.SignIn(t, "admin"), shop.SignUp(t)
	key := newAPIKey(t, shop, admin, map[string]any{"name": "till", "permissions": []string{"shop:read", "shop:write"}})
	doors := map[string]*knocking{}
	for _, path := range []string{"/products", "/orders", "/notifications", "/auth/profile/mine"} {
		doors[path] = knock(t, shop, key.by(client.Request{Method: "GET", Path: path, As: customer}))
		doors[path].await(t, path+" is open", http.StatusOK)
	}
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 1)
	stream := openEventsBy(t, shop, key.Key, customer, shop.PlaceOrder(t, customer, product.ID, 1).ID)
	stream.next(t)
	streamEnds := stream.ended()
	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/apikeys/" + key.ID, As: admin}, http.StatusNoContent, nil)
	revoked := time.Now()
	for path, door := range doors {
		door.await(t, path+" is closed", http.StatusForbidden)
		took := door.last(http.StatusOK).Sub(revoked)
		if t.Logf("%s was open until %s after the key was revoked", path, took.Round(time.Millisecond)); took > deadWithin {
			t.Errorf("%s was open for another %s", path, took)
		}
	}
	expectEnd(t, streamEnds, revoked)
	staysDead(t, shop, key.by(client.Request{Method: "GET", Path: "/products"}), http.StatusForbidden)
	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/apikeys/" + key.ID, As: admin}, http.StatusNoContent, nil)
}

// staysDead kills auth, and expects that a request is never served meanwhile, and refused as before once auth is back.
func staysDead(t *testing.T, shop *client.Shop, r client.Request, status int) {
	t.Helper()
	before := shop.Process(t, "auth")
	must.Do(t, shop.Signal("auth", syscall.SIGKILL))
	system.Eventually(t, "auth is back", func() error {
		if answer, err := shop.Do(t.Context(), r); err != nil || answer.Status != status && answer.Status != http.StatusServiceUnavailable {
			t.Errorf("while auth is down: %s, %v", answer, err)
		}
		return shop.Replaced(before)
	})
	system.Eventually(t, "auth can be asked again", func() error {
		answer, err := shop.Do(t.Context(), r)
		if err != nil || answer.Status == http.StatusServiceUnavailable {
			return fmt.Errorf("got %s, %v", answer, err)
		}
		if answer.Status != status {
			t.Errorf("once auth is back: %s", answer)
		}
		return nil
	})
}

func TestAPIKeys_expire(t *testing.T) {
	t.Parallel()
	admin := shop.SignIn(t, "admin")
	expires := time.Now().Add(5 * time.Second) // long enough for a slow machine to make and use it
	key := newAPIKey(t, shop, admin, map[string]any{"name": "trial", "permissions": []string{"shop:read"}, "expiresAt": expires})
	door := knock(t, shop, key.by(client.Request{Method: "GET", Path: "/products"}))
	door.await(t, "the key opens", http.StatusOK)
	door.await(t, "the key has expired", http.StatusForbidden)
	if early := time.Until(expires); early > 0 {
		t.Errorf("it was closed %s before the expiry", early)
	}
	late := door.last(http.StatusOK).Sub(expires)
	if t.Logf("open until %s after the expiry", late.Round(time.Millisecond)); late > deadWithin {
		t.Errorf("it was open for another %s", late)
	}
}

// A request that comes again, because its answer was lost, makes no second key and does not show the first.
func TestAPIKeys_areMadeOnce(t *testing.T) {
	admin := shop.SignIn(t, "admin")
	request := client.Request{Method: "POST", Path: "/auth/apikeys", As: admin, Key: fmt.Sprint("key-", time.Now().UnixNano()),
		Body: map[string]any{"name": "once", "permissions": []string{"blog:read"}}}
	var made apiKey
	shop.Must(t, request, http.StatusCreated, &made)
	again := shop.Must(t, request, http.StatusConflict, nil)
	if raw, _ := json.Marshal(again.Problem()); !strings.Contains(string(raw), made.ID) || strings.Contains(string(raw), made.Key) {
		t.Errorf("got %s", again)
	}
}
