// Command api serves the blog to readers, authors and editors, learns who the authors are, and publishes on schedule.
package main

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/handlers"
	"stoa/services/blog/internal/providers"
	"stoa/services/blog/internal/repositories"
)

// configuration is what the environment says to this process.
type configuration struct {
	config.Base
	// PublicURL is where people find the gateway: feeds and sitemaps have absolute links.
	PublicURL publicURL `envconfig:"PUBLIC_URL" default:"http://localhost:8080"`
	// BlogTitle is the title of feeds.
	BlogTitle string `envconfig:"BLOG_TITLE" default:"The Stoa blog"`
}

// publicURL is an address such as https://shop.example, without a slash at the end.
type publicURL string

// Decode implements envconfig.Decoder.
func (u *publicURL) Decode(text string) error {
	parsed, err := url.Parse(text)
	if err == nil && (parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.RawQuery != "" || parsed.Fragment != "") {
		err = errors.New("this is not an address such as https://shop.example")
	}
	*u = publicURL(strings.TrimRight(text, "/"))
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

	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	index, texts := repositories.NewIndex(app.Sidecar), providers.Texts{}
	stores := repositories.Stores(app.Sidecar, index)
	events := providers.NewEvents(publisher)
	workflow := domain.NewWorkflow(stores, texts, events)
	reviewing, discussion := domain.NewReview(workflow), domain.NewDiscussion(stores, texts, events)
	tagging := domain.NewTagging(workflow)
	erasure := domain.NewErasure(workflow, repositories.NewDepartures(app.Sidecar))
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(domain.NewAuthors(stores.Authors), erasure)...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, handlers.Title, handlers.About)
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	site := handlers.Site{URL: string(cfg.PublicURL), Title: cfg.BlogTitle}
	handlers.Routes(
		api, domain.NewReading(stores, texts), domain.NewAuthoring(workflow), reviewing, discussion, tagging,
		domain.NewFollows(stores, texts), index.Index, site,
	)
	internal := web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Blog, internal", "For the other services.")
	handlers.InternalRoutes(internal, domain.NewOwnData(workflow))
	warn := func(message string) func(error) {
		return func(err error) { app.Telemetry.Log.Warn().Err(err).Msg(message) }
	}
	maintenance := service.NewTask(index.Work, warn("the search index cannot be maintained"))
	erasing := service.NewTask(erasure.CatchUp, warn("what authors who left have written cannot be erased"))
	handlers.Schedules(
		router, reviewing, discussion, tagging, domain.NewAnnouncing(stores, events), erasing.Begin, maintenance.Begin,
		stores.Posts.Compact, stores.Comments.Compact, stores.Tags.Compact, stores.Jobs.Compact, stores.Followers.Compact,
		stores.Announcements.Compact,
	)
	return app.Run(ctx, app.HTTP(router), consumer.Run, maintenance.Run, erasing.Run)
}
