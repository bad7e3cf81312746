package handlers

import (
	"context"
	"net/mail"

	"stoa/pkg/common/errs"
	"stoa/pkg/departures"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/services/notification/internal/domain"
)

// Tell tells the notices of an event, such as domain.Notifier.Tell.
type Tell func(ctx context.Context, cause domain.Cause, notices ...domain.Notice) error

// Office is what notices need beside the events that they are about.
type Office struct {
	// Staff is where notices about low stock are mailed to.
	Staff mail.Address
	// Editors get the notices about submitted posts.
	Editors *domain.Editors
	// Site is where the links in notices lead.
	Site domain.Site
	// Departed are those who get no more notices.
	Departed domain.Departed
}

// The topics.
const (
	confirmed = "order-confirmed"
	updates   = "order-updates"
	accounts  = "accounts"
	lowStock  = "low-stock"
	posts     = "posts"
	deletions = "account-deletions"
)

// Followers is the topic of the events to followers.
const Followers = "followers"

// Subscriptions returns the events that people get notices about, by topic, and those that tell who is an editor.
func Subscriptions(tell Tell, office Office) []messaging.Subscription {
	order := func(topic string, kind domain.Kind) messaging.Handler {
		return handle(tell, topic, func(_ messaging.Event, order domain.Order) (domain.Notice, error) {
			return domain.OrderNotice(kind, order)
		})
	}
	account := func(kind domain.Kind) messaging.Handler {
		return handle(tell, accounts, func(_ messaging.Event, account domain.Account) (domain.Notice, error) {
			return domain.AccountNotice(kind, account)
		})
	}
	code := handle(tell, accounts, func(_ messaging.Event, account domain.Account) (domain.Notice, error) {
		return domain.CodeNotice(account)
	})
	link := secretly(handle(tell, accounts, func(_ messaging.Event, account domain.Account) (domain.Notice, error) {
		return domain.PasswordNotice(account, office.Site)
	}))
	low := handle(tell, lowStock, func(e messaging.Event, low domain.LowStock) (domain.Notice, error) {
		return domain.LowStockNotice(low, e.ID, e.Time, office.Staff)
	})
	learn := func(how func(context.Context, domain.Account) error) messaging.Handler {
		return messaging.Typed(func(ctx context.Context, _ messaging.Event, account domain.Account) error { return how(ctx, account) })
	}
	unlessLeft := office.unlessLeft
	return []messaging.Subscription{
		{Topic: confirmed, On: map[string]messaging.Handler{
			"order.confirmed.v1": order(confirmed, domain.OrderConfirmed),
		}},
		{Topic: updates, On: map[string]messaging.Handler{
			"order.rejected.v1":  order(updates, domain.OrderRejected),
			"order.cancelled.v1": order(updates, domain.OrderCancelled),
			"order.shipped.v1":   order(updates, domain.OrderShipped),
			"order.delivered.v1": order(updates, domain.OrderDelivered),
		}},
		{Topic: accounts, On: map[string]messaging.Handler{
			"account.registered.v1":             unlessLeft(account(domain.AccountRegistered)),
			"account.verification_requested.v1": unlessLeft(code),
			"account.verified.v1":               unlessLeft(account(domain.AddressVerified)),
			"account.password_changed.v1":       unlessLeft(account(domain.PasswordChanged)),
			"account.password_forgotten.v1":     unlessLeft(link),
			"account.sessions_revoked.v1":       unlessLeft(account(domain.SessionsRevoked)),
			"account.roles_changed.v1":          unlessLeft(learn(office.Editors.LearnRoles)),
			"account.changed.v1":                unlessLeft(learn(office.Editors.LearnProfile)),
		}},
		{Topic: lowStock, On: map[string]messaging.Handler{
			"stock.low.v1": low,
		}},
		{Topic: posts, On: aboutBlog(tell, office)},
		{Topic: Followers, On: toMany(tell, office)},
	}
}

// unlessLeft drops the events about an account that was deleted: they come late, or again.
func (o Office) unlessLeft(handler messaging.Handler) messaging.Handler {
	return func(ctx context.Context, e messaging.Event) error {
		left, err := o.Departed.Left(ctx, []string{e.Subject})
		if err != nil || len(left) > 0 {
			return err
		}
		return handler(ctx, e)
	}
}

// Deletions returns the events of those who leave.
func Deletions(erasure *domain.Erasure) messaging.Subscription {
	return messaging.Subscription{Topic: deletions, On: map[string]messaging.Handler{
		"account.deleted.v1": departures.Handler(func(ctx context.Context, d departures.Departure) error { return erasure.Erase(ctx, d.ID) }),
	}}
}

// aboutBlog returns the handlers of the events about posts and comments.
func aboutBlog(tell Tell, office Office) map[string]messaging.Handler {
	submitted := handleAll(tell, posts, func(ctx context.Context, post domain.Post) ([]domain.Notice, error) {
		editors, err := office.Editors.List(ctx)
		if err != nil {
			return nil, err
		}
		return domain.SubmittedNotices(post, editors)
	})
	return map[string]messaging.Handler{
		"post.submitted.v1": submitted,
		"post.published.v1": handle(tell, posts, func(_ messaging.Event, post domain.Post) (domain.Notice, error) {
			return domain.PublishedNotice(post, office.Site)
		}),
		"post.refused.v1": handle(tell, posts, func(_ messaging.Event, post domain.Post) (domain.Notice, error) {
			return domain.RefusedNotice(post)
		}),
		"comment.added.v1": handleAll(tell, posts, func(_ context.Context, comment domain.Comment) ([]domain.Notice, error) {
			return domain.CommentNotices(comment, office.Site)
		}),
	}
}

// toMany returns the handlers of what goes to followers, in pages, and of digests that were given up and are replayed.
func toMany(tell Tell, office Office) map[string]messaging.Handler {
	return map[string]messaging.Handler{
		"post.announced.v1": messaging.Typed(func(ctx context.Context, e messaging.Event, a domain.Announcement) error {
			notices, err := domain.AnnouncementNotices(domain.Event(e), a, office.Site)
			if err != nil {
				return err
			}
			return tell(ctx, domain.Cause{Topic: Followers, Event: domain.Event(e)}, notices...)
		}),
		domain.DigestType: office.unlessLeft(handle(tell, Followers, func(_ messaging.Event, due domain.DueDigest) (domain.Notice, error) {
			return domain.DigestNotice(due)
		})),
	}
}

// handle returns the handler that tells the notice of an event.
func handle[T any](tell Tell, topic string, noticeOf func(messaging.Event, T) (domain.Notice, error)) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, e messaging.Event, data T) error {
		notice, err := noticeOf(e, data)
		if err != nil {
			return err
		}
		return tell(ctx, domain.Cause{Topic: topic, Event: domain.Event(e)}, notice)
	})
}

// secretly returns a handler whose event never becomes a dead letter: the staff would see what opens an account. What cannot be mailed
// is forgotten, and what fails is tried again until the link is not valid any more.
func secretly(handler messaging.Handler) messaging.Handler {
	return func(ctx context.Context, e messaging.Event) error {
		err := handler(ctx, e)
		switch {
		case err == nil, errs.Is(err, errs.Unavailable):
			return err
		case errs.Is(err, errs.NotFound), errs.Is(err, errs.Invalid), errs.Is(err, errs.Malformed):
			observability.Log(ctx).Warn().Err(err).Str("event", e.ID).Msg("a link is not mailed")
			return nil
		}
		return errs.Wrap(errs.Unavailable, err, "this link cannot be mailed yet")
	}
}

// handleAll is handle for events that several people get notices about. If one of them cannot be told now, the event comes
// again, and those who have been told are not told twice.
func handleAll[T any](tell Tell, topic string, noticesOf func(context.Context, T) ([]domain.Notice, error)) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, e messaging.Event, data T) error {
		notices, err := noticesOf(ctx, data)
		if err != nil {
			return err
		}
		return tell(ctx, domain.Cause{Topic: topic, Event: domain.Event(e)}, notices...)
	})
}

// noticeOf returns a function that makes a notice of an event again, as its subscription does.
func noticeOf(office Office) domain.NoticeOf {
	return func(ctx context.Context, id string, cause domain.Cause) (domain.Notice, error) {
		notice := domain.Notice{}
		keep := func(_ context.Context, _ domain.Cause, all ...domain.Notice) error {
			for _, n := range all {
				if n.ID() == id {
					notice = n
				}
			}
			return nil
		}
		for _, s := range Subscriptions(keep, office) {
			again := s.On[cause.Event.Type]
			if again == nil {
				continue
			}
			err := again(ctx, messaging.Event(cause.Event))
			if err == nil && notice.Kind == "" {
				err = errs.New(errs.NotFound, "%s is for nobody any more", id)
			}
			return notice, err
		}
		return domain.Notice{}, errs.New(errs.Invalid, "there are no notices about %s", cause.Event.Type)
	}
}
