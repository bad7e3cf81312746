// Command api tells people about their orders and accounts, by mail and in their inbox.
package main

import (
	"context"
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
	MailFrom address `envconfig:"MAIL_FROM" default:"Stoa <shop@stoa.local>"`
	// StaffMail gets the mails about low stock.
	StaffMail address `envconfig:"STAFF_MAIL" default:"staff@stoa.local"`
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
	mailer := providers.NewMailer(app.Sidecar, cfg.MailFrom.Address, kind)
	inbox := repositories.NewInbox(app.Sidecar)
	notifier := domain.NewNotifier(inbox, repositories.NewDeliveries(app.Sidecar), mailer)
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(notifier, cfg.StaffMail.Address)...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, "Notifications", "Your notifications about orders and accounts.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, inbox)
	return app.Run(ctx, app.HTTP(router), consumer.Run)
}
