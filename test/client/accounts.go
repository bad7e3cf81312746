package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"stoa/internal/stack/state"
	"stoa/test/system"
)

// Password is that of everyone who signs up here.
const Password = "correct horse battery"

// NewAddress is an e-mail address that nobody else has.
func NewAddress() string {
	return fmt.Sprintf("customer-%d-%d@example.com", os.Getpid(), serial.Add(1))
}

// SignUp makes a new customer, and verifies the address where the shop asks for it.
func (s *Shop) SignUp(t testing.TB) User {
	t.Helper()
	user := s.SignUpOnly(t)
	if !user.Verified {
		s.Must(t, VerificationOf(user, s.Code(t, user.Email)), http.StatusNoContent, nil)
		user.Verified = true
	}
	return user
}

// Give gives somebody these roles until the test ends: all who edit are told about each post, so they must not become ever more. The
// account may be gone by then.
func (s *Shop) Give(t testing.TB, admin, user User, roles ...string) {
	t.Helper()
	of := func(roles []string) Request {
		return Request{Method: "PUT", Path: "/auth/users/" + user.ID + "/roles", As: admin, Body: map[string]any{"roles": roles}}
	}
	s.Must(t, of(roles), http.StatusOK, nil)
	t.Cleanup(func() {
		answer, err := s.Do(context.WithoutCancel(t.Context()), of([]string{}))
		if err != nil || answer.Status != http.StatusOK && answer.Status != http.StatusNotFound {
			t.Errorf("the roles are not taken back: %s, %v", answer, err)
		}
	})
}

// SignUpOnly makes a new customer without a look at the mail.
func (s *Shop) SignUpOnly(t testing.TB) User {
	t.Helper()
	return s.session(t, SignUpOf(NewAddress(), Password), http.StatusCreated)
}

var codeInMail = regexp.MustCompile(`Your code is ([0-9A-Z]{8})`)

// Code waits for the mail with the code that verifies an address, and reads it.
func (s *Shop) Code(t testing.TB, address string) (code string) {
	t.Helper()
	system.Eventually(t, "the code is mailed to "+address, func() error {
		for _, mail := range s.MailsTo(address) {
			if found := codeInMail.FindStringSubmatch(mail); found != nil {
				code = found[1]
				return nil
			}
		}
		return errors.New("it is not")
	})
	return code
}

var (
	linkInMail = regexp.MustCompile(`/forgotten\?code=([0-9a-f-]{36}\.[0-9A-Za-z_-]{43})`)
	// unquoted reverses what quoted-printable does to a link.
	unquoted = strings.NewReplacer("=\r\n", "", "=\n", "", "=3D", "=")
)

// PasswordLink asks for a link that sets a password, waits for its mail, and returns what it ends with.
func (s *Shop) PasswordLink(t testing.TB, address string) (link string) {
	t.Helper()
	s.Must(t, PasswordLinkOf(address), http.StatusAccepted, nil)
	system.Eventually(t, "a link is mailed to "+address, func() error {
		for _, mail := range s.MailsTo(address) {
			if found := linkInMail.FindStringSubmatch(unquoted.Replace(mail)); found != nil {
				link = found[1]
				return nil
			}
		}
		return errors.New("it is not")
	})
	return link
}

// PasswordLinkOf asks for a link that sets a password.
func PasswordLinkOf(address string) Request {
	return Request{Method: "POST", Path: "/auth/password/forgotten", Body: map[string]string{"email": address}}
}

// mailFiles returns a function that reads the mails with codes to an address, where mails become files.
func mailFiles(dir string) func(address string) []string {
	return func(address string) (mails []string) {
		codes, _ := filepath.Glob(state.Path(dir, "mail", "account-code-*.eml"))
		links, _ := filepath.Glob(state.Path(dir, "mail", "account-password-link-*.eml"))
		for _, file := range append(codes, links...) {
			text, err := os.ReadFile(file)
			if err == nil && strings.Contains(string(text), "<"+address+">") {
				mails = append(mails, string(text))
			}
		}
		return mails
	}
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

// SignUpOf, VerificationOf, SignInOf, RefreshOf and ProfileOf are the requests of one person.
func SignUpOf(email, password string) Request {
	return Request{Method: "POST", Path: "/auth/signup/basic", Body: map[string]string{
		"email": email, "password": password, "name": "Clara Customer",
	}}
}

func VerificationOf(u User, code string) Request {
	return Request{Method: "POST", Path: "/auth/profile/mine/verification", As: u, Body: map[string]string{"code": code}}
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
		User struct {
			ID, Email string
			Verified  bool
		}
		AccessToken, RefreshToken string
	}
	a.Read(t, &session)
	return User{
		ID: session.User.ID, Email: session.User.Email, Verified: session.User.Verified,
		Token: session.AccessToken, Refresh: session.RefreshToken,
	}
}

// AwaitMyData waits until the archive of somebody's data is ready.
func (s *Shop) AwaitMyData(t testing.TB, u User) {
	t.Helper()
	system.Eventually(t, "the archive is ready", func() error {
		var archive struct{ State string }
		s.Must(t, Request{Method: "GET", Path: "/auth/profile/mine/data", As: u}, http.StatusOK, &archive)
		if archive.State != "ready" {
			return fmt.Errorf("it is %s", archive.State)
		}
		return nil
	})
}

// DeletionOf deletes somebody's account. posts says what becomes of their published posts: keep or delete.
func DeletionOf(u User, posts string) Request {
	return Request{Method: "DELETE", Path: "/auth/profile/mine", As: u, Body: map[string]any{
		"password": Password, "posts": posts, "cancelOrders": true,
	}}
}
