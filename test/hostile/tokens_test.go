package hostile

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/test/client"
)

// tokenAttacks sends every forged token to every service.
func tokenAttacks(t *testing.T, w *world) []attack {
	t.Helper()
	f := newForger(t, w)
	forged := f.forgeries(t, w)
	var all []attack
	// The forger can sign what is accepted: so whatever is refused is refused for what it is.
	good := f.says(object{"jti": "4711", "iat": time.Now().Add(-time.Minute).Unix()})
	for service, guarded := range client.EachGuarded(t, client.User{}) {
		request := w.ask(guarded.Method, "/api/v1"+guarded.Path, client.User{})
		refused := attack{want: []int{http.StatusUnauthorized}, check: challenged}
		all = append(all, each("at "+service+" token", forged, refused, func(token string) string {
			return request.and("Authorization: Bearer " + token).String()
		})...)
		all = append(all, attack{
			name: "good token at " + service, wire: request.and("Authorization: Bearer " + good).String(), want: []int{guarded.Open},
		})
	}
	return all
}

// challenged checks that a 401 says how to do better.
func challenged(t *testing.T, answer client.Answer) {
	if !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("WWW-Authenticate is %q", answer.Header.Get("WWW-Authenticate"))
	}
}

// schemeAttacks show a good token in other ways than the right one.
func schemeAttacks(w *world) []attack {
	token := w.staff.Token
	request := w.ask("GET", "/api/v1/auth/profile/mine", client.User{})
	bad := map[string][]string{
		"of another scheme":       {"Authorization: Basic " + token},
		"of no scheme":            {"Authorization: " + token},
		"of the scheme JWT":       {"Authorization: JWT " + token},
		"glued to its scheme":     {"Authorization: Bearer" + token},
		"behind a colon":          {"Authorization: Bearer:" + token},
		"behind a tab":            {"Authorization: Bearer\t" + token},
		"behind two schemes":      {"Authorization: Bearer Bearer " + token},
		"with another after it":   {"Authorization: Bearer " + token + ", Bearer " + token},
		"with a word after it":    {"Authorization: Bearer " + token + " admin"},
		"with a space in it":      {"Authorization: Bearer " + token[:10] + " " + token[10:]},
		"in a header of proxies":  {"Proxy-Authorization: Bearer " + token},
		"in a header of its own":  {"X-Access-Token: " + token},
		"forwarded":               {"X-Forwarded-Authorization: Bearer " + token},
		"in a cookie":             {"Cookie: access_token=" + token + "; Authorization=" + token},
		"after a bad one":         {"Authorization: Bearer bad", "Authorization: Bearer " + token},
		"before a bad one":        {"Authorization: Bearer " + token, "Authorization: Bearer bad"},
		"shown twice":             {"Authorization: Bearer " + token, "Authorization: Bearer " + token},
		"of staff and another's":  {"Authorization: Bearer " + w.bob.Token, "Authorization: Bearer " + token},
		"in a header with spaces": {"Authorization : Bearer " + token},
	}
	refused := attack{want: []int{http.StatusUnauthorized, http.StatusBadRequest}, plain: true}
	return append(each("token", bad, refused, func(lines []string) string { return request.and(lines...).String() }),
		attack{
			name: "token in the query", wire: w.ask("GET", "/api/v1/auth/profile/mine?access_token="+token, client.User{}).String(),
			want: []int{http.StatusUnauthorized},
		},
		attack{
			name: "token in the body", want: []int{http.StatusUnauthorized},
			wire: w.ask("POST", "/api/v1/orders", client.User{}).with(`{"access_token":"` + token + `"}`).String(),
		},
		// These are no attacks: schemes have no case (RFC 9110), and a line may go on in the next (RFC 9112). But whoever
		// reads them otherwise than a check before would make them some.
		attack{name: "token folded into two lines", wire: request.and("Authorization: Bearer", " "+token).String(), want: []int{http.StatusOK}},
		attack{name: "token behind bearer in lower case", wire: request.and("Authorization: bearer " + token).String(), want: []int{http.StatusOK}},
		attack{name: "token behind bearer in upper case", wire: request.and("Authorization: BEARER " + token).String(), want: []int{http.StatusOK}},
	)
}

// keyAttacks show API keys that are none, at an operation of auth and at one of the shop.
func keyAttacks(w *world) []attack {
	key := w.APIKey
	refused := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest}
	cases := map[string][]string{
		"missing":                {},
		"empty":                  {"X-Api-Key: "},
		"cut short":              {"X-Api-Key: " + key[:len(key)-1]},
		"with a letter more":     {"X-Api-Key: " + key + "x"},
		"in upper case":          {"X-Api-Key: " + strings.ToUpper(key)},
		"twice in one header":    {"X-Api-Key: " + key + "," + key},
		"with a zero":            {"X-Api-Key: " + key + "%00"},
		"only its prefix":        {"X-Api-Key: " + key[:12]},
		"as SQL":                 {"X-Api-Key: ' OR '1'='1"},
		"as a pattern":           {"X-Api-Key: stoa_*"},
		"as a path":              {"X-Api-Key: ../../accounts/admin"},
		"as an object":           {`X-Api-Key: {"$ne":null}`},
		"very long":              {"X-Api-Key: " + strings.Repeat("k", 8<<10)},
		"not in ASCII":           {"X-Api-Key: stoa_\u043a\u043b\u044e\u0447"},
		"not in UTF-8":           {"X-Api-Key: stoa_\xff\xfe"},
		"that is a token":        {"X-Api-Key: " + w.staff.Token},
		"in another header":      {"Api-Key: " + key, "X-Apikey: " + key, "X_Api_Key: " + key},
		"in Authorization":       {"Authorization: Bearer " + key},
		"as a user name":         {"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"))},
		"in a cookie":            {"Cookie: x-api-key=" + key},
		"after a bad one":        {"X-Api-Key: bad", "X-Api-Key: " + key},
		"of a forged consumer":   {"X-Consumer-Id: web", "X-Consumer-Username: web", "X-Credential-Identifier: web"},
		"verified by the caller": {"X-Api-Key-Verified: true", "X-Api-Key-Permissions: shop:write"},
	}
	var all []attack
	for _, path := range []string{"/api/v1/auth/profile/mine", "/api/v1/products"} {
		all = append(all, each("at "+path+" API key", cases, attack{want: refused}, func(lines []string) string {
			return w.ask("GET", path, client.User{}).without("X-Api-Key").and(lines...).String()
		})...)
		all = append(all, attack{
			name: "API key in the query at " + path, want: refused,
			wire: w.ask("GET", path+"?x-api-key="+key+"&apikey="+key, client.User{}).without("X-Api-Key").String(),
		})
	}
	return all
}
