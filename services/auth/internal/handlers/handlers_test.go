package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/internal/golden"
	"stoa/internal/openapitest"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/identity/signing"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/handlers"
	"stoa/services/auth/internal/providers"
	"stoa/services/auth/internal/repositories"
)

// service is the whole service on a store and a bus in memory.
type service struct {
	*webtest.Server
	states   *sidecartest.States
	verifier identity.Verifier
	// tokens verifies the signature only: the session may have ended.
	tokens    *identity.TokenVerifier
	bus       *messagingtest.Bus
	accounts  *domain.Accounts
	store     *repositories.Accounts
	admins    repositories.Admins
	attempts  domain.AttemptStore
	sessions  *repositories.Sessions
	publisher *domain.Publisher
	deletions *domain.Deletions
	archives  *domain.Archives
	forgotten *domain.Forgotten
	shop      *openOrders
	refusals  *domain.RefusalLog
	keys      *domain.APIKeys
	apiKey    string // a valid one, which permits shop:read
}

// newService returns a service that takes addresses as they are.
func newService(t *testing.T) service {
	t.Helper()
	return newServiceThat(t, false)
}

// memory is the cost of hashes in these tests, in KiB: passwords are checked everywhere, and their strength only in providers.
const memory = 64

// newServiceThat returns a service that verifies addresses or does not.
func newServiceThat(t *testing.T, verifies bool) service {
	t.Helper()
	signer := must.Get(identity.NewSigner(signing.Fresh(time.Now()).String()))(t)
	states, side := sidecartest.New()
	bus, publisher := messagingtest.NewPublisher(t, "auth")
	tokens := providers.NewTokens(signer)
	s := service{
		states: states, bus: bus, tokens: identity.NewTokenVerifier(tokens.Published),
		store: repositories.NewAccounts(side), sessions: repositories.NewSessions(side),
	}
	trail := repositories.NewTrail(side)
	s.refusals = domain.NewRefusalLog(repositories.NewRefusals(side))
	authority, keys := domain.NewAuthority(s.sessions, s.store, trail), repositories.NewAPIKeys(side)
	s.keys = domain.NewAPIKeys(keys, authority, domain.KeyFormat{New: keyformat.New, Parse: keyformat.Parse})
	s.publisher = domain.NewPublisher(s.store, providers.NewEvents(publisher), repositories.NewOverdue(side))
	s.admins = repositories.NewAdmins(side)
	s.attempts = repositories.NewAttempts(side)
	s.accounts = domain.NewAccounts(s.store, authority, s.admins, providers.NewPasswords(memory), s.attempts, s.refusals, s.publisher, verifies)
	sessions := domain.NewSessions(s.sessions, authority, s.accounts, s.publisher, tokens)
	active := handlers.Sessions(sessions)
	s.verifier = identity.NewVerifier(s.tokens, active)
	s.Server = webtest.New("Auth", "Accounts, sign-in, access tokens and API keys.", s.verifier, handlers.NoteRefusals(s.refusals))
	s.shop = &openOrders{}
	s.archives = domain.NewArchives(repositories.NewArchives(side), s.accounts, repositories.NewUnfinished(side, "archives"),
		domain.NewOwnData(s.store, s.sessions, trail), s.shop)
	s.deletions = domain.NewDeletions(s.accounts, s.sessions, s.archives, s.shop, repositories.NewUnfinished(side, "deletions"))
	s.forgotten = domain.NewForgotten(s.accounts, repositories.NewUnfinished(side, "forgotten"))
	handlers.Routes(s.API, s.accounts, sessions, s.keys, tokens.KeySet, trail, s.refusals, s.deletions, s.archives, s.forgotten)
	internal := web.NewAPI(s.Router.PathPrefix(handlers.InternalBase).Subrouter(), "Auth, internal", "")
	handlers.InternalRoutes(internal, active, s.accounts)
	s.apiKey = storeKey(t, keys)
	return s
}

// ask sends a request to a path below that of the service, with these headers ("Name: value").
func (s service) ask(t *testing.T, method, path, body string, headers ...string) *webtest.Answer {
	t.Helper()
	header := http.Header{}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		header.Set(name, value)
	}
	return s.Do(t, webtest.Request{Method: method, Path: "/api/v1/auth" + path, Body: body, Header: header})
}

// grant is the answer to a sign-up or a sign-in, as a client reads it.
type grant struct {
	User struct {
		ID, Email, Name string
		Roles           []string
	}
	AccessToken, RefreshToken string
	ExpiresIn                 int
}

const (
	adaSignsUp = `{"email": "Ada@example.org", "password": "correct horse", "name": " Ada "}`
	adaSignsIn = `{"email": "ada@EXAMPLE.org", "password": "correct horse"}`
)

func TestSignUp_thenSignInAndProfile(t *testing.T) {
	s := newService(t)
	answer := s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp)
	up := webtest.Read[grant](answer, http.StatusCreated)
	if location := answer.Header().Get("Location"); location != "/api/v1/auth/profile/mine" {
		t.Errorf("Location is %q", location)
	}
	if up.User.Email != "Ada@example.org" || up.User.Name != "Ada" || !slices.Equal(up.User.Roles, []string{"LEARNER"}) {
		t.Errorf("got %+v", up.User)
	}
	answer = s.ask(t, http.MethodPost, "/signin/basic", adaSignsIn)
	in := webtest.Read[grant](answer, http.StatusOK)
	if in.User.ID != up.User.ID || in.ExpiresIn != 900 || in.RefreshToken == up.RefreshToken {
		t.Errorf("got %+v after %+v", in, up)
	}
	if answer.Header().Get("Cache-Control") != "no-store" {
		t.Error("the answer may be cached")
	}
	caller, err := s.verifier.Verify(t.Context(), in.AccessToken)
	if err != nil || caller.ID != up.User.ID || caller.Email != "Ada@example.org" || !caller.Has(identity.Learner) {
		t.Errorf("the token says %+v, %v", caller, err)
	}
	if session := "session:" + caller.SessionID; !slices.Contains(s.states.Keys("auth-store", "session:"), session) {
		t.Errorf("%s is not stored", session)
	}
	mine := s.ask(t, http.MethodGet, "/profile/mine", "", "Authorization: Bearer "+in.AccessToken)
	if strings.Contains(mine.Body.String(), "argon2") {
		t.Error("the profile shows the password's hash")
	}
	if profile := webtest.Read[map[string]any](mine, http.StatusOK); profile["id"] != up.User.ID {
		t.Errorf("got %v", profile)
	}
}

// refused ends the test unless the answer is the problem of this kind and names the field.
func refused(t *testing.T, answer *webtest.Answer, kind errs.Kind, field string) {
	t.Helper()
	answer.ExpectProblem(kind.HTTPStatus(), kind, field)
}

// signUpBody is the body of a sign-up.
func signUpBody(email, password, name string) string {
	raw, _ := json.Marshal(map[string]string{"email": email, "password": password, "name": name}) // strings always marshal
	return string(raw)
}

func TestSignUp_refusesAndStoresNothing(t *testing.T) {
	s := newService(t)
	webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	const bob = "bob@example.org"
	tests := map[string]struct {
		body  string
		kind  errs.Kind
		field string
	}{
		"address is taken":   {signUpBody("ADA@example.org", "password", "Eve"), errs.Conflict, "email"},
		"no address":         {signUpBody("ada", "password", "Ada"), errs.Invalid, "email"},
		"address and name":   {signUpBody("Bob <bob@example.org>", "password", "Bob"), errs.Invalid, "email"},
		"short password":     {signUpBody(bob, "1234567", "Bob"), errs.Invalid, "password"},
		"long password":      {signUpBody(bob, strings.Repeat("x", 101), "Bob"), errs.Invalid, "password"},
		"password, 102 byte": {signUpBody(bob, strings.Repeat("é", 51), "Bob"), errs.Invalid, "password"},
		"short name":         {signUpBody(bob, "password", "B"), errs.Invalid, "name"},
		"blank name":         {signUpBody(bob, "password", "    "), errs.Invalid, "name"},
		"name is missing":    {`{"email": "bob@example.org", "password": "password"}`, errs.Invalid, "name"},
		"roles of your own":  {strings.Replace(signUpBody(bob, "password", "Bob"), "{", `{"roles":["ADMIN"],`, 1), errs.Invalid, "roles"},
	}
	before := s.states.Keys("auth-store", "")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			refused(t, s.ask(t, http.MethodPost, "/signup/basic", tt.body), tt.kind, tt.field)
		})
	}
	if after := s.states.Keys("auth-store", ""); !slices.Equal(after, before) {
		t.Errorf("refused requests left something behind: %v after %v", after, before)
	}
}

func TestAPI_refuses(t *testing.T) {
	s := newService(t)
	ada := webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	tests := map[string]struct {
		method, path, body, header string
		kind                       errs.Kind
	}{
		"no address":           {"POST", "/signin/basic", `{"email":"","password":"no"}`, "", errs.Invalid},
		"profile, no token":    {"GET", "/profile/mine", "", "", errs.Unauthenticated},
		"refresh as access":    {"GET", "/profile/mine", "", "Authorization: Bearer " + ada.RefreshToken, errs.Unauthenticated},
		"API key is missing":   {"GET", "/verify/apikey", "", "", errs.Unauthenticated},
		"API key is not known": {"GET", "/verify/apikey", "", "X-Api-Key: " + s.apiKey + "x", errs.Forbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			refused(t, s.ask(t, tt.method, tt.path, tt.body, tt.header), tt.kind, "")
		})
	}
}

func TestSignIn_hidesWhetherThereIsAnAccount(t *testing.T) {
	s := newService(t)
	webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	wrong := s.ask(t, http.MethodPost, "/signin/basic", `{"email":"ada@example.org","password":"battery staple"}`)
	unknown := s.ask(t, http.MethodPost, "/signin/basic", `{"email":"eve@example.org","password":"battery staple"}`)
	refused(t, wrong, errs.Unauthenticated, "")
	if wrong.Code != unknown.Code || wrong.Body.String() != unknown.Body.String() {
		t.Errorf("wrong password: %s; unknown address: %s", wrong.Body, unknown.Body)
	}
}

func TestAPI_isUnavailableWithoutItsStore(t *testing.T) {
	s := newService(t)
	in := webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	s.states.Before = func(string, string) error { return status.Error(codes.Unavailable, "down") }
	for _, answer := range []*webtest.Answer{
		s.ask(t, http.MethodPost, "/signup/basic", `{"email":"b@example.org","password":"password","name":"Bob"}`),
		s.ask(t, http.MethodPost, "/signin/basic", adaSignsIn),
		s.ask(t, http.MethodGet, "/profile/mine", "", "Authorization: Bearer "+in.AccessToken),
		s.ask(t, http.MethodGet, "/verify/apikey", "", "X-Api-Key: "+s.apiKey),
	} {
		refused(t, answer, errs.Unavailable, "")
	}
}

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	golden.Check(t, "api/openapi/auth.json", newService(t).Description(t))
}

func TestAPI_isWhatItsDescriptionSays(t *testing.T) {
	must.HaveTime(t)
	s := newServiceThat(t, true)
	ada, admins := s.signUp(t, "ada@example.org"), 0
	knows := map[string][]string{
		"email": {"ada@example.org"}, "password": {"correct horse"}, "current": {"correct horse"},
		"refreshToken": {ada.RefreshToken}, "id": {ada.User.ID},
	}
	// An admin whose address is not verified may do everything that can be done in this service.
	signIn := func() string {
		admins++
		admin := s.signUp(t, fmt.Sprintf("admin-%d@example.org", admins))
		must.Get(s.store.Update(t.Context(), admin.User.ID, func(stored *domain.Account) error {
			stored.AdminCandidate = true
			return nil
		}))(t)
		must.Do(t, s.admins.Update(t.Context(), func(listed []string) ([]string, error) { return append(listed, admin.User.ID), nil }))
		s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(admin)).Expect(http.StatusAccepted)
		must.Do(t, s.archives.Collect(t.Context()))
		knows["code"] = []string{s.code(t)}
		knows["link"] = []string{s.link(t, admin.User.Email)}
		return admin.AccessToken
	}
	openapitest.Attack(t, s.Server, openapitest.Client{SignIn: signIn, APIKey: s.apiKey, Knows: knows}, 60)
}
