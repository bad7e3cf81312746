package handlers_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/internal/golden"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/handlers"
	"stoa/services/auth/internal/providers"
	"stoa/services/auth/internal/repositories"
)

// service is the whole service on a store and a bus in memory.
type service struct {
	router   *mux.Router
	api      huma.API
	states   *sidecartest.States
	verifier identity.Verifier
	// tokens verifies the signature only: the session may have ended.
	tokens    *identity.TokenVerifier
	bus       *messagingtest.Bus
	accounts  *domain.Accounts
	store     *repositories.Accounts
	sessions  *repositories.Sessions
	publisher *domain.Publisher
	keys      *domain.APIKeys
	apiKey    string // a valid one, which permits shop:read
}

func newService(t *testing.T) service {
	t.Helper()
	states, side := sidecartest.New()
	tokens := providers.NewTokens(newSigner(t))
	keyStore := repositories.NewAPIKeys(side)
	keys := domain.NewAPIKeys(keyStore, domain.KeyFormat{New: keyformat.New, Parse: keyformat.Parse})
	router := web.NewRouter()
	api := web.NewAPI(router, "Auth", "Accounts, sign-in, access tokens and API keys.")
	bus, publisher := messagingtest.NewPublisher(t, "auth")
	store := repositories.NewAccounts(side)
	events := domain.NewPublisher(store, providers.NewEvents(publisher), repositories.NewOverdue(side))
	guard := domain.NewGuard(repositories.NewAttempts(side))
	accounts := domain.NewAccounts(store, repositories.NewAdmins(side), providers.NewPasswords(), guard, events)
	sessionStore := repositories.NewSessions(side)
	sessions := domain.NewSessions(sessionStore, accounts, events, tokens)
	tokenVerifier := identity.NewTokenVerifier(tokens.Published)
	verifier := identity.NewVerifier(tokenVerifier, handlers.Sessions(sessions))
	identity.Protect(api, verifier)
	handlers.Routes(api, accounts, sessions, keys, tokens.KeySet)
	internal := web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Auth, internal", "")
	handlers.InternalRoutes(internal, sessions)
	return service{
		router: router, api: api, states: states, verifier: verifier, tokens: tokenVerifier, bus: bus, accounts: accounts,
		store: store, sessions: sessionStore, publisher: events, keys: keys, apiKey: newKey(t, keys),
	}
}

func newSigner(t *testing.T) *identity.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := identity.NewSigner(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// ask sends a request to a path below that of the service, with these headers ("Name: value").
func (s service) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	return s.askAt(method, "/api/v1/auth"+path, body, headers...)
}

// askAt is ask for a whole path.
func (s service) askAt(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	s.router.ServeHTTP(answer, request)
	return answer
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

func read[T any](t *testing.T, answer *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var body T
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil || answer.Code != status {
		t.Fatalf("got %d %s (%v), want %d", answer.Code, answer.Body, err, status)
	}
	return body
}

const (
	adaSignsUp = `{"email": "Ada@example.org", "password": "correct horse", "name": " Ada "}`
	adaSignsIn = `{"email": "ada@EXAMPLE.org", "password": "correct horse"}`
)

func TestSignUp_thenSignInAndProfile(t *testing.T) {
	s := newService(t)
	answer := s.ask(http.MethodPost, "/signup/basic", adaSignsUp)
	up := read[grant](t, answer, http.StatusCreated)
	if location := answer.Header().Get("Location"); location != "/api/v1/auth/profile/mine" {
		t.Errorf("Location is %q", location)
	}
	if up.User.Email != "Ada@example.org" || up.User.Name != "Ada" || !slices.Equal(up.User.Roles, []string{"LEARNER"}) {
		t.Errorf("got %+v", up.User)
	}
	answer = s.ask(http.MethodPost, "/signin/basic", adaSignsIn)
	in := read[grant](t, answer, http.StatusOK)
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
	mine := s.ask(http.MethodGet, "/profile/mine", "", "Authorization: Bearer "+in.AccessToken)
	if strings.Contains(mine.Body.String(), "argon2") {
		t.Error("the profile shows the password's hash")
	}
	if profile := read[map[string]any](t, mine, http.StatusOK); profile["id"] != up.User.ID {
		t.Errorf("got %v", profile)
	}
}

// refused checks that the answer is the problem of this kind and names the field.
func refused(t *testing.T, answer *httptest.ResponseRecorder, kind errs.Kind, field string) {
	t.Helper()
	problem := read[web.Problem](t, answer, kind.HTTPStatus())
	if problem.Kind != kind || answer.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %s, want %s", answer.Body, kind)
	}
	if field != "" && !slices.ContainsFunc(problem.Errors, func(f errs.Field) bool { return f.Name == field }) {
		t.Errorf("%v do not name %s", problem.Errors, field)
	}
}

// signUpBody is the body of a sign-up.
func signUpBody(email, password, name string) string {
	raw, _ := json.Marshal(map[string]string{"email": email, "password": password, "name": name}) // strings always marshal
	return string(raw)
}

func TestSignUp_refusesAndStoresNothing(t *testing.T) {
	s := newService(t)
	read[grant](t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
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
		"wrong type":         {`{"email": 7, "password": "password", "name": "Bob"}`, errs.Invalid, "email"},
		"broken JSON":        {`{"email":`, errs.Malformed, ""},
		"bad UTF-8":          {strings.Replace(signUpBody(bob, "password", "Bob"), "Bob", "\xff\xfe", 1), errs.Malformed, ""},
		"no body":            {"", errs.Malformed, ""},
	}
	before := s.states.Keys("auth-store", "")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			refused(t, s.ask(http.MethodPost, "/signup/basic", tt.body), tt.kind, tt.field)
		})
	}
	if after := s.states.Keys("auth-store", ""); !slices.Equal(after, before) {
		t.Errorf("refused requests left something behind: %v after %v", after, before)
	}
}

func TestAPI_refuses(t *testing.T) {
	s := newService(t)
	ada := read[grant](t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	const signIn = "/signin/basic"
	tests := map[string]struct {
		method, path, body, header string
		kind                       errs.Kind
	}{
		"wrong password":       {"POST", signIn, `{"email":"ada@example.org","password":"no"}`, "", errs.Unauthenticated},
		"unknown address":      {"POST", signIn, `{"email":"eve@example.org","password":"no"}`, "", errs.Unauthenticated},
		"no address":           {"POST", signIn, `{"email":"","password":"no"}`, "", errs.Invalid},
		"wrong method":         {"GET", signIn, "", "", errs.MethodNotAllowed},
		"profile, no token":    {"GET", "/profile/mine", "", "", errs.Unauthenticated},
		"refresh as access":    {"GET", "/profile/mine", "", "Authorization: Bearer " + ada.RefreshToken, errs.Unauthenticated},
		"API key is missing":   {"GET", "/verify/apikey", "", "", errs.Unauthenticated},
		"API key is not known": {"GET", "/verify/apikey", "", "X-Api-Key: " + s.apiKey + "x", errs.Forbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			refused(t, s.ask(tt.method, tt.path, tt.body, tt.header), tt.kind, "")
		})
	}
}

func TestSignIn_hidesWhetherThereIsAnAccount(t *testing.T) {
	s := newService(t)
	read[grant](t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	wrong := s.ask(http.MethodPost, "/signin/basic", `{"email":"ada@example.org","password":"battery staple"}`)
	unknown := s.ask(http.MethodPost, "/signin/basic", `{"email":"eve@example.org","password":"battery staple"}`)
	if wrong.Code != unknown.Code || wrong.Body.String() != unknown.Body.String() {
		t.Errorf("wrong password: %s; unknown address: %s", wrong.Body, unknown.Body)
	}
}

func TestAPI_isUnavailableWithoutItsStore(t *testing.T) {
	s := newService(t)
	in := read[grant](t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	s.states.Before = func(string, string) error { return status.Error(codes.Unavailable, "down") }
	for name, answer := range map[string]*httptest.ResponseRecorder{
		"sign-up": s.ask(http.MethodPost, "/signup/basic", `{"email":"b@example.org","password":"password","name":"Bob"}`),
		"sign-in": s.ask(http.MethodPost, "/signin/basic", adaSignsIn),
		"profile": s.ask(http.MethodGet, "/profile/mine", "", "Authorization: Bearer "+in.AccessToken),
		"API key": s.ask(http.MethodGet, "/verify/apikey", "", "X-Api-Key: "+s.apiKey),
	} {
		if problem := read[web.Problem](t, answer, http.StatusServiceUnavailable); problem.Kind != errs.Unavailable {
			t.Errorf("%s: got %s", name, answer.Body)
		}
		if answer.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", name)
		}
	}
}

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	raw, err := json.MarshalIndent(newService(t).api.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "api/openapi/auth.json", append(raw, '\n'))
}
