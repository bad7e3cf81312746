// Command api tells people about their orders, accounts, posts and comments, by mail and in their inbox.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"time"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/handlers"
	"stoa/services/notification/internal/providers"
	"stoa/services/notification/internal/repositories"
)

// configuration is what the environment says to this process.
type configuration struct {
	config.Base
	// MailFrom is the sender of mails.
	MailFrom address `envconfig:"MAIL_FROM" default:"Stoa <shop@stoa.local>"`
	// StaffMail gets the mails about low stock.
	StaffMail address `envconfig:"STAFF_MAIL" default:"staff@stoa.local"`
	// PublicURL is where people reach the system. Links in mails begin with it.
	PublicURL string `envconfig:"PUBLIC_URL" default:"http://localhost:8080"`
	// MailsPerHour is how many mails one address gets in an hour, from each replica; 0 is any number. Further mails are sent later.
	MailsPerHour int `envconfig:"MAILS_PER_HOUR" default:"20"`
	// MailGiveUp is for how long a mail is tried again that the mail server refuses. Then it becomes a dead letter.
	MailGiveUp time.Duration `envconfig:"MAIL_GIVE_UP" default:"72h"`
	// NoticeTTL is how long a notice is kept: in the inbox, and so that its event is not mailed again. It has to be longer than
	// MailGiveUp, and than a broker keeps events (30 days).
	NoticeTTL time.Duration `envconfig:"NOTICE_TTL" default:"2160h"`
	// DigestHour is the hour, in UTC, after which the digests of the day are mailed.
	DigestHour int `envconfig:"DIGEST_HOUR" default:"7"`
	// DigestPeriod is the time between two digests. It is shorter than a day in tests.
	DigestPeriod time.Duration `envconfig:"DIGEST_PERIOD" default:"24h"`
}

// linkKeys is the name of the secret with the keys that sign the links in mails, see signing.Parse.
const linkKeys = "NOTIFICATION_LINK_KEYS"

// Validate refuses times with which a mail would be forgotten before it is given up, and links that lead nowhere.
func (c configuration) Validate() error {
	if c.MailGiveUp <= 0 || c.NoticeTTL <= c.MailGiveUp {
		return errors.New("MAIL_GIVE_UP has to be longer than nothing, and NOTICE_TTL longer than MAIL_GIVE_UP")
	}
	if c.DigestHour < 0 || c.DigestHour > 23 {
		return errors.New("DIGEST_HOUR has to be from 0 to 23")
	}
	if c.DigestPeriod < time.Second || c.DigestPeriod > 24*time.Hour {
		return errors.New("DIGEST_PERIOD has to be from 1s to 24h")
	}
	if site, err := url.Parse(c.PublicURL); err != nil || site.Host == "" {
		return errors.New("PUBLIC_URL has to be a URL, such as https://stoa.example")
	}
	return c.Base.Validate()
}

// address is an e-mail address, with or without a name.
type address struct{ mail.Address }

// Decode implements envconfig.Decoder.
func (a *address) Decode(text string) error {
	parsed, err := mail.ParseAddress(text)
	if err == nil {
		a.Address = *parsed
	}
	return err
}

func main() { service.Main(run) }

func run(ctx context.Context) error {
	cfg, err := config.Load[configuration]()
	if err != nil {
		return err
	}
	app, err := service.Start(ctx, cfg.Base)
	if err != nil {
		return err
	}
	defer app.Close(ctx)

	kind, err := app.Sidecar.ComponentType(ctx, providers.MailBinding)
	if err != nil {
		return err
	}
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	departures, editors := repositories.NewDepartures(app.Sidecar), repositories.NewEditors(app.Sidecar)
	office := handlers.Office{
		Staff: cfg.StaffMail.Address, Editors: domain.NewEditors(editors), Site: domain.Site(cfg.PublicURL),
		Departed: departures,
	}
	readKeys := func(ctx context.Context) (string, error) { return app.Sidecar.Secret(ctx, linkKeys) }
	keys, err := readKeys(ctx)
	if err != nil {
		return err
	}
	links, err := providers.NewLinks(cfg.PublicURL, keys)
	if err != nil {
		return fmt.Errorf("the secret %s: %w", linkKeys, err)
	}
	notices, settings := repositories.NewNotices(app.Sidecar, cfg.NoticeTTL), repositories.NewSettings(app.Sidecar)
	mailer := providers.NewMailer(app.Sidecar, links, cfg.MailFrom.Address, kind, cfg.MailsPerHour)
	gathered := repositories.NewDigests(app.Sidecar)
	notifier := domain.NewNotifier(
		notices, settings, gathered, mailer, providers.NewDeadLetters(publisher), departures, cfg.MailGiveUp,
	)
	digests := domain.NewDigests(notifier, handlers.Followers, cfg.DigestHour, cfg.DigestPeriod)
	erasure := domain.NewErasure(departures, notices, office.Editors, settings, gathered)
	consumer, err := app.Consumer(publisher, append(handlers.Subscriptions(notifier.Tell, office), handlers.Deletions(erasure))...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, "Notifications", "Your notifications about orders, accounts, posts and comments.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, notices, domain.NewChoices(settings, links))
	internal := web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Notifications, internal", "For the other services.")
	handlers.InternalRoutes(internal, domain.NewOwnData(settings, gathered, editors, notices))
	erasing := service.NewTask(erasure.CatchUp, func(err error) {
		app.Telemetry.Log.Warn().Err(err).Msg("those who left cannot be forgotten")
	})
	handlers.Schedules(router, notifier, digests, erasing.Begin, office)
	follow := service.Every(providers.FollowPause, links.Follow(readKeys, app.Telemetry.Log))
	return app.Run(ctx, app.HTTP(router), consumer.Run, follow, erasing.Run)
}
