package apikey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// maxAnswer bounds what is read of an answer about a key, in bytes.
const maxAnswer = 16 << 10

// Ask asks whether a key is valid. It returns errs.Forbidden or errs.Unauthenticated for a key that is not, and any
// other error when nobody could say.
type Ask func(ctx context.Context, key string) (Grant, error)

// At returns the question as it is put to auth's operation at a URL; send is a client's Do or a transport's RoundTrip.
func At(send func(*http.Request) (*http.Response, error), url string) Ask {
	return func(ctx context.Context, key string) (Grant, error) {
		question, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return Grant{}, err
		}
		question.Header.Set(request.KeyHeader, key)
		answer, err := send(question)
		if err != nil { // whatever its kind: a sidecar that refuses the call knows nothing about keys
			return Grant{}, errs.Wrap(errs.Unavailable, err, "auth does not answer")
		}
		defer answer.Body.Close()
		raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
		if err != nil {
			return Grant{}, err
		}
		return read(answer, raw)
	}
}

// read returns the answer about a key, or an error if this is none. Only a problem document of auth refuses a key: a
// sidecar that may not call auth says 403 as well, and knows nothing about keys.
func read(answer *http.Response, raw []byte) (Grant, error) {
	if answer.StatusCode != http.StatusOK {
		err := web.ReadError(answer.StatusCode, answer.Header, raw)
		if strings.HasPrefix(answer.Header.Get("Content-Type"), web.ProblemType) && isRefusal(err) {
			return Grant{}, err
		}
		return Grant{}, fmt.Errorf("auth answered %d: %s", answer.StatusCode, err)
	}
	var grant Grant
	if err := json.Unmarshal(raw, &grant); err != nil || grant.KeyID == "" {
		return Grant{}, errors.Join(errors.New("auth's answer about a key cannot be read"), err)
	}
	return grant, nil
}

// isRefusal reports an error that is an answer: the key is not valid.
func isRefusal(err error) bool {
	return errs.Is(err, errs.Forbidden) || errs.Is(err, errs.Unauthenticated)
}

// FailOver makes one question of several to replicas: the next replica is asked when one does not answer within patience.
// It begins with the one that answered last, so that an outage costs the wait once.
func FailOver(patience time.Duration, asks ...Ask) Ask {
	var preferred atomic.Int64
	return func(ctx context.Context, key string) (Grant, error) {
		first := int(preferred.Load())
		var failures []error
		for i := range asks {
			n := (first + i) % len(asks)
			grant, err := within(ctx, patience, asks[n], key)
			if err == nil || isRefusal(err) {
				preferred.Store(int64(n))
				return grant, err
			}
			failures = append(failures, err)
			if ctx.Err() != nil {
				break
			}
		}
		return Grant{}, errors.Join(failures...)
	}
}

func within(ctx context.Context, patience time.Duration, ask Ask, key string) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return ask(ctx, key)
}
