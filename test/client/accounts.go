package client

import (
	"fmt"
	"net/http"
	"os"
	"testing"
)

// Password is that of everyone who signs up here.
const Password = "correct horse battery"

// NewAddress is an e-mail address that nobody else has.
func NewAddress() string {
	return fmt.Sprintf("customer-%d-%d@example.com", os.Getpid(), serial.Add(1))
}

// SignUp makes a new customer.
func (s *Shop) SignUp(t testing.TB) User {
	t.Helper()
	return s.session(t, SignUpOf(NewAddress(), Password), http.StatusCreated)
}

// SignIn signs in one of the accounts that the first start made: admin, staff, author or editor.
func (s *Shop) SignIn(t testing.TB, account string) User {
	t.Helper()
	a, ok := s.Accounts[account]
	if !ok {
		t.Fatalf("there is no account %s", account)
	}
	return s.SignInAs(t, a.Email, a.Password)
}

// SignInAs signs in the account with this address and password.
func (s *Shop) SignInAs(t testing.TB, email, password string) User {
	t.Helper()
	return s.session(t, SignInOf(email, password), http.StatusOK)
}

// Refresh gets a user's next pair of tokens.
func (s *Shop) Refresh(t testing.TB, u User) User {
	t.Helper()
	return s.session(t, RefreshOf(u), http.StatusOK)
}

// SignUpOf, SignInOf, RefreshOf and ProfileOf are the requests of one person.
func SignUpOf(email, password string) Request {
	return Request{Method: "POST", Path: "/auth/signup/basic", Body: map[string]string{
		"email": email, "password": password, "name": "Clara Customer",
	}}
}

func SignInOf(email, password string) Request {
	return Request{Method: "POST", Path: "/auth/signin/basic", Body: map[string]string{"email": email, "password": password}}
}

func RefreshOf(u User) Request {
	return Request{Method: "POST", Path: "/auth/token/refresh", Body: map[string]string{"refreshToken": u.Refresh}}
}

func ProfileOf(u User) Request { return Request{Method: "GET", Path: "/auth/profile/mine", As: u} }

func (s *Shop) session(t testing.TB, r Request, status int) User {
	t.Helper()
	return s.Must(t, r, status, nil).User(t)
}

// User is who the answer signs in.
func (a Answer) User(t testing.TB) User {
	t.Helper()
	var session struct {
		User                      struct{ ID, Email string }
		AccessToken, RefreshToken string
	}
	a.Read(t, &session)
	return User{ID: session.User.ID, Email: session.User.Email, Token: session.AccessToken, Refresh: session.RefreshToken}
}
