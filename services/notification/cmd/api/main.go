// Command notification tells people by mail and in their inbox what became of their orders
// and what happened to their accounts.
package main

import (
	"context"
	"fmt"
	netmail "net/mail"

	"stoa/pkg/common/config"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/handlers"
	"stoa/services/notification/internal/providers/mail"
	"stoa/services/notification/internal/repositories"
)

type configuration struct {
	config.Base
	// MailFrom is in whose name mails are sent.
	MailFrom string `envconfig:"MAIL_FROM" default:"Stoa <shop@stoa.local>"`
	// StaffMail is who is told that stock runs out.
	StaffMail string `envconfig:"STAFF_MAIL" default:"staff@stoa.local"`
}

func main() { service.Main(run) }

func run(ctx context.Context) error {
	cfg, err := config.Load[configuration]()
	if err != nil {
		return err
	}
	from, err := netmail.ParseAddress(cfg.MailFrom)
	if err != nil {
		return fmt.Errorf("configuration: MAIL_FROM is no mail address: %w", err)
	}
	staff, err := netmail.ParseAddress(cfg.StaffMail)
	if err != nil {
		return fmt.Errorf("configuration: STAFF_MAIL is no mail address: %w", err)
	}
	app, err := service.Start(ctx, cfg.Base)
	if err != nil {
		return err
	}
	defer app.Close(ctx)

	kind, err := app.Sidecar.ComponentType(ctx, mail.Binding)
	if err != nil {
		return err
	}
	mailer, err := mail.NewMailer(app.Sidecar, *from, mail.FormFor(kind))
	if err != nil {
		return err
	}
	inbox := repositories.NewInbox(app.Sidecar)
	notifier := domain.NewNotifier(inbox, repositories.NewDeliveries(app.Sidecar), mailer, ids.New)
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(notifier, *staff)...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, "Notifications", "What users were told about their orders and accounts.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Register(api, inbox)
	return app.Run(ctx, app.HTTP(router), consumer.Run)
}
