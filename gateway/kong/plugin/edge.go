package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/limit"
	"stoa/pkg/common/web"
)

// tokenHeader carries the token without which a sidecar takes no requests.
const tokenHeader = "Dapr-Api-Token"

// edge is what all uses of the plugin share: Kong starts one for each route, and again whenever its configuration changes,
// but they all use the same answers about keys, and count requests together.
type edge struct {
	token  string
	client *http.Client
	counts *limit.Limiter

	mu       sync.Mutex
	checkers map[string]*apikey.Checker
}

// newEdge returns an edge without answers. The token is that of the gateway's sidecar.
func newEdge(token string) *edge {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 16
	transport.DisableCompression = true // the length that an app marks is that of the plain body
	return &edge{
		token:    token,
		client:   &http.Client{Transport: transport, CheckRedirect: stay},
		counts:   limit.New(),
		checkers: map[string]*apikey.Checker{},
	}
}

// stay follows no redirect: it could carry the key to any host.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// checker returns the checker that asks at these URLs with these times.
func (e *edge) checker(urls []string, timeout, age time.Duration) (*apikey.Checker, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := fmt.Sprintf("%q %s %s", urls, timeout, age)
	if known := e.checkers[id]; known != nil {
		return known, nil
	}
	var asks []apikey.Ask
	for _, u := range urls {
		asks = append(asks, apikey.At(e.send, u))
	}
	made, err := apikey.NewChecker(apikey.FailOver(timeout, asks...), age, timeout*time.Duration(len(urls)))
	if err != nil {
		return nil, err
	}
	e.checkers[id] = made
	return made, nil
}

// send sends a question, and takes only auth's own answer to it. Only a sidecar beside us gets its token.
func (e *edge) send(question *http.Request) (*http.Response, error) {
	if e.token != "" && onLoopback(question.URL) {
		question.Header.Set(tokenHeader, e.token)
	}
	answer, err := e.client.Do(question)
	if err != nil {
		return nil, err
	}
	if err := web.CheckAnswer(answer); err != nil {
		answer.Body.Close()
		return nil, err
	}
	return answer, nil
}

func onLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
