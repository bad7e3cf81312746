package hostile

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
	"stoa/test/client"
)

// forgedLinks are codes of links with a true signature, as the service would never make them. Those with another one of its keys are
// in the tests of the service.
func forgedLinks(t *testing.T, w *world) map[string]string {
	t.Helper()
	values := must.Get(secrets.Read(w.Dir()))(t)
	keyOf := func(secret string) ed25519.PrivateKey {
		key, _ := must.Get(signing.Parse(values[secret]))(t).Find(signing.Current)
		return key.Private
	}
	const purpose = "stoa: end these mails\n"
	code := func(key ed25519.PrivateKey, purpose string, form, group byte, at time.Time) string {
		account := must.Get(uuid.Parse(w.alice.ID))(t)
		signed := append(binary.BigEndian.AppendUint64([]byte{form, group}, uint64(at.Unix())), account[:]...)
		return base64.RawURLEncoding.EncodeToString(append(signed, ed25519.Sign(key, append([]byte(purpose), signed...))...))
	}
	ours, now := keyOf(secrets.LinkKeys), time.Now()
	good := w.ask("GET", "/mail/unsubscribe?code="+code(ours, purpose, 1, 2, now), client.User{}).without("X-Api-Key")
	if got := w.send(t, good.String()); got.Status != http.StatusOK {
		t.Fatalf("the links of this test are not those of the service: got %s", got)
	}
	return map[string]string{
		"is old": code(ours, purpose, 1, 2, now.Add(-signing.LinkTTL-time.Hour)), "is for another purpose": code(ours, "", 1, 2, now),
		"is for orders": code(ours, purpose, 1, 0, now), "is for no group": code(ours, purpose, 1, 99, now),
		"has another form": code(ours, purpose, 2, 2, now), "has the key of access tokens": code(keyOf(secrets.SigningKey), purpose, 1, 2, now),
	}
}

// linkAttacks are links in mails that nobody has made, and what nobody can follow.
func linkAttacks(t *testing.T, w *world, b bench) []attack {
	t.Helper()
	const link = "/mail/unsubscribe?code="
	code := func(raw string) string { return base64.RawURLEncoding.EncodeToString([]byte(raw)) }
	zeros := strings.Repeat("\x00", 90)
	codes := map[string]string{
		"of nothing but zeros": code(zeros), "of the right form": code("\x01\x02" + zeros[2:]), "of another form": code("\xff" + zeros[1:]),
		"that is short": code(zeros[:89]), "that is long": code(zeros + "\x00"), "of one letter": "A", "with padding": code(zeros) + "==",
		"in another alphabet": strings.Repeat("+/", 60), "of markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "that is an account": w.alice.ID,
		"that is a token": w.alice.Token[:100], "of a zero": "%00", "right to left": "%E2%80%AE",
	}
	all := each("a link with a code", codes, attack{want: []int{http.StatusForbidden, http.StatusBadRequest, http.StatusUnprocessableEntity}, check: leadsNowhere},
		func(code string) string { return w.ask("GET", link+code, client.User{}).without("X-Api-Key").String() })
	all = append(all, each("a link followed with a code", codes, attack{want: []int{http.StatusForbidden, http.StatusBadRequest, http.StatusUnprocessableEntity}, check: leadsNowhere},
		func(code string) string {
			return w.ask("POST", link+code, client.User{}, "Content-Length: 0").without("X-Api-Key").String()
		})...)
	all = append(all, each("a link that is signed, and", forgedLinks(t, w), attack{want: []int{http.StatusForbidden}, check: leadsNowhere},
		func(code string) string {
			return w.ask("POST", link+code, client.User{}, "Content-Length: 0").without("X-Api-Key").String()
		})...)
	all = append(all, each("a link with", map[string]string{
		"no code": "/mail/unsubscribe", "an empty code": link, "two codes": link + "A&code=B", "another name": "/mail/unsubscribe?Code=A", "a code of 5000 letters": link + strings.Repeat("A", 5000),
	}, attack{want: []int{http.StatusForbidden, http.StatusBadRequest, http.StatusUnprocessableEntity}},
		func(target string) string { return w.ask("GET", target, client.User{}).without("X-Api-Key").String() })...)
	all = append(all, attack{
		name: "following oneself", want: []int{http.StatusUnprocessableEntity}, field: "id",
		wire: w.ask("PUT", "/api/v1/blog/following/authors/"+b.author.ID, b.author, "Content-Length: 0").String(),
	})
	return append(all, each("mails that are sent", map[string]any{
		"always": "always", "hourly": "hourly", "as an object": object{"$ne": ""}, "as a number": 1, "as nothing": "", "as a list": []string{"never"},
	}, attack{want: []int{http.StatusUnprocessableEntity, http.StatusBadRequest}, field: "comments"}, func(value any) string {
		return w.ask("PATCH", "/api/v1/notifications/settings", w.bob).with(text(t, object{"comments": value})).String()
	})...)
}
