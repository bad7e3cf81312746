package e2e

import (
	"errors"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"stoa/pkg/common/must"
)

const (
	smtpUser     = "stoa"
	smtpPassword = "no secret here"
	// stranger begins the addresses that the mail server refuses.
	stranger = "nobody-"
)

// delivered is a mail as the server took it.
type delivered struct {
	from, to, subject, contentType, body string
}

// mailServer is a real SMTP server that keeps what it gets.
type mailServer struct {
	port   string
	closed atomic.Bool // it takes no mails at all

	mu       sync.Mutex
	mails    []delivered
	attempts map[string]int // by recipient
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	m := &mailServer{attempts: map[string]int{}}
	_, m.port, _ = net.SplitHostPort(listener.Addr().String())
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		if m.closed.Load() {
			return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "closed"}
		}
		return &smtpSession{server: m}, nil
	}))
	server.Domain, server.AllowInsecureAuth = "localhost", true
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return m
}

// to lists what was delivered to an address.
func (m *mailServer) to(address string) []delivered {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []delivered
	for _, d := range m.mails {
		if d.to == address {
			found = append(found, d)
		}
	}
	return found
}

// triedFor is how often a mail to an address was tried.
func (m *mailServer) triedFor(address string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.attempts[address]
}

// smtpSession is one connection; it takes mails only from who has signed in.
type smtpSession struct {
	server   *mailServer
	signedIn bool
	mail     delivered
}

// AuthMechanisms, Auth, Mail, Rcpt, Data, Reset and Logout are what the server asks of a session.
func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != smtpUser || password != smtpPassword {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.mail = delivered{from: from}
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	s.server.attempts[to]++
	s.server.mu.Unlock()
	if strings.HasPrefix(to, stranger) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "no such user here"}
	}
	s.mail.to += to
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	read, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil {
		return err
	}
	s.mail.subject, s.mail.contentType, s.mail.body = read.Header.Get("Subject"), read.Header.Get("Content-Type"), string(body)
	time.Sleep(20 * time.Millisecond) // it takes its time, as they do, so that mails meet
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

func (s *smtpSession) Reset()        { s.mail = delivered{} }
func (s *smtpSession) Logout() error { return nil }
