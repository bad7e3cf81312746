package domain

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

var (
	ada  = Account{ID: "a-1", Epoch: 3}
	here = Client{Address: "192.0.2.7", UserAgent: "curl/8"}
)

func TestSession_storesNoToken(t *testing.T) {
	now := time.Now()
	session, token := NewSession("s-1", ada, here, now)
	if _, again := NewSession("s-1", ada, here, now); token == again {
		t.Error("two sessions have one refresh token")
	}
	id, secret, _ := strings.Cut(token, ".")
	if id != "s-1" || len(secret) != 86 {
		t.Errorf("the token %q is not the session's id and 64 random bytes", token)
	}
	raw, err := json.Marshal(session)
	if err != nil || strings.Contains(string(raw), secret[:40]) || strings.Contains(string(raw), secret[43:]) {
		t.Errorf("%s holds a secret (%v)", raw, err)
	}
	if got := session.ExpiresAt.Sub(now); got != 7*24*time.Hour || !session.Active(now) || !ada.Admits(session) {
		t.Errorf("it is valid for %s: %+v", got, session)
	}
}

// rotateAt presents a token to a session at a time.
func rotateAt(t *testing.T, session *Session, token string, at time.Time) (string, rotation) {
	t.Helper()
	read := must.Get(parseRefreshToken(token))(t)
	return session.rotate(read, Client{}, at)
}

func TestSession_rotates(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, foreignToken := NewSession("s-1", ada, here, began)
	tests := map[string]struct {
		// which of the session's tokens comes how long after the latest rotation; -1 is one of another session
		generation int
		after      time.Duration
		want       rotation
		active     bool
	}{
		"the latest":                               {2, time.Minute, rotated, true},
		"the latest, at its last moment":           {2, SessionTTL - time.Nanosecond, rotated, true},
		"the latest, too late":                     {2, SessionTTL, unknown, false},
		"the one before, a moment later":           {1, reuseGrace - time.Nanosecond, justRotated, true},
		"the one before, later":                    {1, reuseGrace, reused, false},
		"the one before, by a clock that is late":  {1, -ClockSkew, justRotated, true},
		"the one before, by a clock that is early": {1, 9*time.Second + ClockSkew, justRotated, true},
		"an older one, even a moment later":        {0, time.Millisecond, reused, false},
		"one of another family does no harm":       {-1, time.Minute, unknown, true},
		"nor does it after the session's time":     {-1, SessionTTL, unknown, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			session, first := NewSession("s-1", ada, here, began)
			tokens, now := []string{first}, began
			for range 2 {
				now = now.Add(time.Hour)
				next, outcome := rotateAt(t, &session, tokens[len(tokens)-1], now)
				if outcome != rotated {
					t.Fatalf("got %v", outcome)
				}
				tokens = append(tokens, next)
			}
			token, before := foreignToken, session
			if tt.generation >= 0 {
				token = tokens[tt.generation]
			}
			at := now.Add(tt.after)
			next, outcome := rotateAt(t, &session, token, at)
			if outcome != tt.want || session.Active(at) != tt.active || (next != "") != (tt.want == rotated) {
				t.Errorf("got %v and the token %q, active: %v", outcome, next, session.Active(at))
			}
			if (tt.want == justRotated || tt.want == unknown) && session != before {
				t.Error("the session has changed")
			}
		})
	}
}

func TestSession_staysEnded(t *testing.T) {
	began := time.Now()
	session, token := NewSession("s-1", ada, here, began)
	session.End(began)
	if _, outcome := rotateAt(t, &session, token, began); outcome != unknown || session.Active(began) {
		t.Errorf("got %v, active: %v", outcome, session.Active(began))
	}
}

func TestSession_endsAtItsMaximumAge(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	session, token := NewSession("s-1", ada, here, began)
	now, days := began, 0
	for session.Active(now.Add(6 * 24 * time.Hour)) {
		now = now.Add(6 * 24 * time.Hour)
		days += 6
		token, _ = rotateAt(t, &session, token, now)
	}
	if days != 84 || !session.ExpiresAt.Equal(began.Add(SessionMaxAge)) {
		t.Errorf("it was refreshed for %d days and ends %s after its beginning", days, session.ExpiresAt.Sub(began))
	}
}

func TestRefreshToken_isRefusedInOtherForms(t *testing.T) {
	_, good := NewSession("s-1", ada, here, time.Now())
	half := base64.RawURLEncoding.EncodeToString(make([]byte, secretSize))
	for _, token := range []string{"", ".", "s-1", "s-1.", good[:len(good)-1], good + "A", good + ".", "s-1." + half, "s-1.!" + half} {
		if _, err := parseRefreshToken(token); err == nil {
			t.Errorf("%q passes", token)
		}
	}
}

func TestUserAgent_isCutToWhatAListCanShow(t *testing.T) {
	for text, want := range map[string]string{
		"curl/8":                       "curl/8",
		"a\x00b\r\nc\u202e\xff":        "abc\ufffd",
		strings.Repeat("x", 300):       strings.Repeat("x", 200),
		strings.Repeat("é", 100) + "":  strings.Repeat("é", 100),
		"x" + strings.Repeat("é", 100): "x" + strings.Repeat("é", 99),
	} {
		if got := printable(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestAccount_endsAllSessionsButOne(t *testing.T) {
	account := Account{ID: "a-1"}
	mine, _ := NewSession("mine", account, here, time.Now())
	other, _ := NewSession("other", account, here, time.Now())
	account.endOthers(mine.ID)
	later, _ := NewSession("later", account, here, time.Now())
	if !account.Admits(mine) || account.Admits(other) || !account.Admits(later) {
		t.Error("one goes on, the other ends, the next begins")
	}
	account.endOthers(later.ID)
	if account.Admits(mine) || account.Admits(other) || !account.Admits(later) {
		t.Error("who was spared before ends with the rest")
	}
	if account.Admits(Session{ID: "foreign", AccountID: "a-2", Epoch: account.Epoch}) {
		t.Error("another account's session passes")
	}
}
