// Command api serves the blog to readers, authors and editors, learns who the authors are, and publishes on schedule.
package main

import (
	"context"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/handlers"
	"stoa/services/blog/internal/providers"
	"stoa/services/blog/internal/repositories"
)

func main() { service.Main(run) }

func run(ctx context.Context) error {
	cfg, err := config.Load[config.Base]()
	if err != nil {
		return err
	}
	app, err := service.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer app.Close(ctx)

	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	stores, texts := repositories.Stores(app.Sidecar), providers.Texts{}
	events := providers.NewEvents(publisher)
	workflow := domain.NewWorkflow(stores, texts, events)
	reviewing, discussion := domain.NewReview(workflow), domain.NewDiscussion(stores, texts, events)
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(domain.NewAuthors(stores.Authors))...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, handlers.Title, handlers.About)
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, domain.NewReading(stores, texts), domain.NewAuthoring(workflow), reviewing, discussion)
	handlers.Schedules(router, reviewing, discussion, stores.Posts.Compact, stores.Comments.Compact)
	return app.Run(ctx, app.HTTP(router), consumer.Run)
}
