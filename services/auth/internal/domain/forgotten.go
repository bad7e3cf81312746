package domain

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

const (
	// LinkTTL is how long a link that sets a password is valid.
	LinkTTL = time.Hour
	// maxLinks is how many links can be asked for with one e-mail address in a linksPeriod.
	maxLinks    = 3
	linksPeriod = time.Hour
	// LinksPause is the time between two calls of Forgotten.Mail, each of which reads the store once.
	LinksPause = 3 * time.Second
)

// Link is what an account knows of a link that sets its password, and was mailed. Strangers may ask for links at any time, so another
// one does not replace those before.
type Link struct {
	// Asked is the request that it was made for: each gets one.
	Asked string `json:"asked"`
	// Hash keeps the link out of copies of the store, and is empty once the link is of no use. The link itself is in the event that is mailed.
	Hash      string    `json:"hash"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// mailLink adds a link for a request. The event that it records carries the link to the owner.
func (a *Account) mailLink(asked string, secret []byte, now time.Time) {
	if a.Deleted() || slices.ContainsFunc(a.Links, func(l Link) bool { return l.Asked == asked }) {
		return
	}
	a.Links = slices.DeleteFunc(a.Links, func(l Link) bool { return !now.Before(l.ExpiresAt) })
	a.Links = append(a.Links[max(0, len(a.Links)+1-maxLinks):], Link{Asked: asked, Hash: hashOf(secret), ExpiresAt: now.Add(LinkTTL)})
	code := a.ID + "." + base64.RawURLEncoding.EncodeToString(secret)
	a.record(Event{Type: PasswordForgotten, Cause: hashOf(secret), Code: code, At: now})
}

// opens reports whether this is the secret of a link that is valid.
func (a *Account) opens(secret []byte, now time.Time) bool {
	return slices.ContainsFunc(a.Links, func(l Link) bool { return now.Before(l.ExpiresAt) && matches(l.Hash, secret) })
}

// setForgotten sets the password by a link, and ends all sessions and links. The owner has read a mail, so the address is verified, and
// strangers who guess keep nobody out of the network from which it was read.
func (a *Account) setForgotten(hash string, secret []byte, from Client, now time.Time) {
	a.setPassword(hash, hashOf(secret), now)
	a.rememberNetwork(from.Network)
	a.endOthers("")
	a.record(Event{Type: PasswordChanged, Cause: strconv.Itoa(a.Epoch), At: now})
	if !a.Verified() {
		a.verify(now)
	}
}

// askForLink counts a request for a link, or refuses it with errs.RateLimited. It counts for addresses without an account too.
func (a *Attempts) askForLink(now time.Time) error {
	a.Asked = slices.DeleteFunc(a.Asked, func(at time.Time) bool { return now.Sub(at) >= linksPeriod })
	if len(a.Asked) >= maxLinks {
		return &errs.Error{
			Kind: errs.RateLimited, Message: "several links were asked for with this e-mail address within the last hour; try again later",
			RetryAfter: a.Asked[0].Add(linksPeriod).Sub(now),
		}
	}
	a.Asked = append(a.Asked, now)
	return nil
}

// Forgotten sets passwords that their owners have forgotten, by links that are mailed to them.
type Forgotten struct {
	accounts *Accounts
	asked    Unfinished
}

// NewForgotten returns the forgotten passwords of these accounts. asked lists the requests whose links are not mailed yet.
func NewForgotten(accounts *Accounts, asked Unfinished) *Forgotten {
	return &Forgotten{accounts: accounts, asked: asked}
}

// Ask notes that a link is wanted for an address. Neither the answer nor its duration tells whether the address has an account, since
// Mail finds that out later. It fails with errs.RateLimited for too many requests.
func (f *Forgotten) Ask(ctx context.Context, email string) error {
	address, err := ParseEmail(email)
	if err != nil {
		return err
	}
	if _, err := f.accounts.attempts.Upsert(ctx, address.Key(), func(t *Attempts) error {
		return t.askForLink(time.Now().UTC())
	}); err != nil {
		return err
	}
	_, err = f.asked.Add(ctx, address.Key()+"."+ids.New())
	return err
}

// Mail makes the links that were asked for, and publishes the events that mail them. A request leaves the list last, and a repeated one
// finds its link.
func (f *Forgotten) Mail(ctx context.Context) error {
	all, err := f.asked.List(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, asked := range slices.Sorted(maps.Keys(all)) {
		err := f.mail(ctx, asked)
		if err == nil {
			err = f.asked.Remove(ctx, asked, all[asked])
		}
		if failed = errors.Join(failed, err); errs.Is(err, errs.Unavailable) {
			break
		}
	}
	return failed
}

func (f *Forgotten) mail(ctx context.Context, asked string) error {
	key, id, _ := strings.Cut(asked, ".")
	account, found, err := f.accounts.store.ByEmailKey(ctx, key)
	if err != nil || !found {
		return err
	}
	secret, now := randomSecret(), time.Now().UTC().Truncate(time.Microsecond)
	return f.accounts.publisher.update(ctx, account.ID, func(stored *Account) error {
		stored.mailLink(id, secret, now)
		return nil
	})
}

// Set sets the password of the account that a link was mailed to, once, and ends all its sessions. It fails with errs.Invalid for a link
// that is not valid. A request that is repeated within a moment finds that it is done.
func (f *Forgotten) Set(ctx context.Context, link, password string, from Client) error {
	if err := errs.InvalidFields(checkNewPassword("new", password)...); err != nil {
		return err
	}
	id, text, _ := strings.Cut(link, ".")
	secret, unreadable := base64.RawURLEncoding.Strict().DecodeString(text)
	account, err := f.accounts.Get(ctx, id)
	switch {
	case errs.Is(err, errs.NotFound), err == nil && unreadable != nil:
		return badLink()
	case err != nil:
		return err
	case !account.opens(secret, time.Now()):
		return f.repeated(ctx, account, secret, password, from)
	}
	hash, err := f.accounts.passwords.Hash(ctx, account.origin(from), password)
	if err != nil {
		return err
	}
	err = f.set(ctx, account, secret, hash, from)
	switch {
	case errs.Is(err, errs.Invalid): // another request came first
		return f.repeated(ctx, account, secret, password, from)
	case err != nil:
		return err
	}
	_, _ = f.accounts.attempts.Upsert(ctx, account.Email.Key(), func(t *Attempts) error { // if it fails, the owner may have to wait
		t.succeed(Origin{Network: from.Network, Familiar: true})
		return nil
	})
	return nil
}

// repeated returns nil if the link has just set this password.
func (f *Forgotten) repeated(ctx context.Context, account Account, secret []byte, password string, from Client) error {
	done, err := f.accounts.hasSet(ctx, account.ID, hashOf(secret), password, from)
	if err == nil && !done {
		return badLink()
	}
	return err
}

// set stores the password if the link is still valid. It is in the audit trail before.
func (f *Forgotten) set(ctx context.Context, account Account, secret []byte, hash string, from Client) error {
	recorded := false
	return f.accounts.publisher.update(ctx, account.ID, func(stored *Account) error {
		now := time.Now().UTC()
		if stored.Deleted() || !stored.opens(secret, now) {
			return badLink()
		}
		stored.setForgotten(hash, secret, from, now)
		if recorded {
			return nil
		}
		err := f.accounts.authority.trail.Record(ctx, SetForgotten.entry(account.ID, from))
		recorded = err == nil
		return err
	})
}

func badLink() error {
	return errs.InvalidField("link", "is not valid any more: it was used, or is older than an hour; ask for another one")
}
