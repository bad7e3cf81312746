// Command api tells people about their orders and accounts, by mail and in their inbox.
package main

import (
	"context"
	"fmt"
	"net/mail"

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
	MailFrom string `envconfig:"MAIL_FROM" default:"Stoa <shop@stoa.local>"`
	// StaffMail gets the mails about low stock.
	StaffMail string `envconfig:"STAFF_MAIL" default:"staff@stoa.local"`
}

func main() { service.Main(run) }

func run(ctx context.Context) error {
	cfg, err := config.Load[configuration]()
	if err != nil {
		return err
	}
	from, err := mail.ParseAddress(cfg.MailFrom)
	if err != nil {
		return fmt.Errorf("configuration: MAIL_FROM is not an e-mail address: %w", err)
	}
	staff, err := mail.ParseAddress(cfg.StaffMail)
	if err != nil {
		return fmt.Errorf("configuration: STAFF_MAIL is not an e-mail address: %w", err)
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
	mailer, err := providers.NewMailer(app.Sidecar, *from, providers.MailFormFor(kind))
	if err != nil {
		return err
	}
	inbox := repositories.NewInbox(app.Sidecar)
	notifier := domain.NewNotifier(inbox, repositories.NewDeliveries(app.Sidecar), mailer, *staff)
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(notifier)...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, "Notifications", "Your notifications about orders and accounts.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, inbox)
	return app.Run(ctx, app.HTTP(router), consumer.Run)
}
