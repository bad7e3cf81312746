package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/web"
)

// visitor calls the gateway, signed in if it has a token.
type visitor struct {
	credentials
	token string
}

// account is what a sign-in says about an account.
type account struct {
	ID       string
	Verified bool
	Roles    []string
}

// signIn signs in to an account, whose calls follow.
func (v *visitor) signIn(ctx context.Context, name string, to secrets.Account) (account, error) {
	var session struct {
		User        account
		AccessToken string
	}
	if err := v.call(ctx, http.MethodPost, "/auth/signin/basic", nil, to, &session); err != nil {
		return account{}, fmt.Errorf("signing in as %s: %w", name, err)
	}
	v.token = session.AccessToken
	return session.User, nil
}

// keyed is the header of a request that takes effect once, however often it is sent.
func keyed(key string) map[string]string { return map[string]string{"Idempotency-Key": key} }

// call sends one request, and reads the answer into out unless out is nil.
func (v *visitor) call(ctx context.Context, method, path string, header map[string]string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := v.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the gateway does not answer at %s; is the shop running? (%w)", v.Gateway, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return web.ReadError(answer.StatusCode, answer.Header, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// request returns a request of this visitor, without a body if in is nil.
func (v *visitor) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, v.Gateway+"/api/v1"+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("x-api-key", v.APIKey)
	if v.token != "" {
		request.Header.Set("Authorization", "Bearer "+v.token)
	}
	return request, nil
}
