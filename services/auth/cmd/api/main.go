// Command api serves accounts, sign-in, access tokens and API keys over HTTP.
package main

import (
	"context"
	"fmt"

	"stoa/pkg/common/config"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/handlers"
	"stoa/services/auth/internal/providers"
	"stoa/services/auth/internal/repositories"
)

// mailBinding is the component that sends mails, for notification. Here only its type matters.
const mailBinding = "mail"

// The names of secrets.
const (
	signingKey = "AUTH_SIGNING_KEY" // Ed25519 private keys, see signing.Parse
	bootstrap  = "AUTH_BOOTSTRAP"   // JSON, see domain.ParseBootstrap
)

// configuration is what the environment says to this process.
type configuration struct {
	config.Base
	// VerifyAddresses says whether those who sign up have to verify their e-mail addresses. If it is not set, they have to
	// unless the binding mail writes files.
	VerifyAddresses *bool `envconfig:"VERIFY_ADDRESSES"`
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

	keyFormat := domain.KeyFormat{New: keyformat.New, Parse: keyformat.Parse}
	signer, first, err := secrets(ctx, app, keyFormat)
	if err != nil {
		return err
	}
	store, sessionStore := repositories.NewAccounts(app.Sidecar), repositories.NewSessions(app.Sidecar)
	trail, refusals := repositories.NewTrail(app.Sidecar), domain.NewRefusalLog(repositories.NewRefusals(app.Sidecar))
	authority := domain.NewAuthority(sessionStore, store, trail)
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	events := domain.NewPublisher(store, providers.NewEvents(publisher), repositories.NewOverdue(app.Sidecar))
	admins, attempts := repositories.NewAdmins(app.Sidecar), repositories.NewAttempts(app.Sidecar)
	mail, err := app.Sidecar.ComponentType(ctx, mailBinding)
	if err != nil {
		return err
	}
	verifies := providers.VerifiesAddresses(cfg.VerifyAddresses, mail)
	accounts := domain.NewAccounts(store, authority, admins, providers.NewPasswords(providers.Memory), attempts, refusals, events, verifies)
	tokens, keyStore := providers.NewTokens(signer), repositories.NewAPIKeys(app.Sidecar)
	sessions := domain.NewSessions(sessionStore, authority, accounts, events, tokens)
	keys := domain.NewAPIKeys(keyStore, authority, keyFormat)
	warn := func(err error) { app.Telemetry.Log.Warn().Err(err).Msg("making the first accounts") }
	sources := append([]domain.Source{domain.NewOwnData(store, sessionStore, trail)}, providers.Sources(app.Sidecar)...)
	archives := domain.NewArchives(
		repositories.NewArchives(app.Sidecar), accounts, repositories.NewUnfinished(app.Sidecar, "archives"), sources...,
	)
	deletions := domain.NewDeletions(
		accounts, sessionStore, archives, providers.NewOrders(app.Sidecar), repositories.NewUnfinished(app.Sidecar, "deletions"),
	)
	forgotten := domain.NewForgotten(accounts, repositories.NewUnfinished(app.Sidecar, "forgotten"))
	// Before the app port opens, so that nobody can sign up with the address of one of these accounts.
	if err := first.Apply(ctx, accounts, keyStore, warn); err != nil {
		return fmt.Errorf("making the first accounts: %w", err)
	}

	router := web.NewRouter()
	api := web.NewAPI(router, "Auth", "Accounts, sign-in, access tokens and API keys.")
	active := handlers.Sessions(sessions)
	api.UseMiddleware(handlers.NoteRefusals(refusals))
	identity.Protect(api, identity.NewVerifier(identity.NewTokenVerifier(tokens.Published), active))
	handlers.Routes(api, accounts, sessions, keys, tokens.KeySet, trail, refusals, deletions, archives, forgotten)
	internal := web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Auth, internal", "For the other services.")
	handlers.InternalRoutes(internal, active, accounts)
	err = app.Run(ctx, append(append(tasks(app, keys, tokens, events, refusals), asked(app, deletions, archives, forgotten)...), app.HTTP(router))...)
	refusals.Write(context.WithoutCancel(ctx)) // those since the last pause
	return err
}

// tasks are what the process does again and again beside its requests.
func tasks(
	app *service.App, keys *domain.APIKeys, tokens *providers.Tokens, events *domain.Publisher, refusals *domain.RefusalLog,
) []service.Part {
	readKeys := func(ctx context.Context) (string, error) { return app.Sidecar.Secret(ctx, signingKey) }
	catchUp := func(ctx context.Context) {
		if err := events.CatchUp(ctx); err != nil && ctx.Err() == nil {
			app.Telemetry.Log.Warn().Err(err).Msg("events of accounts cannot be published yet")
		}
	}
	return []service.Part{
		service.Every(domain.UsesPause, keys.WriteUses),
		service.Every(providers.FollowPause, tokens.Follow(readKeys, app.Telemetry.Log)),
		service.Every(domain.CatchUpPause, catchUp),
		service.Every(domain.RefusalPause, refusals.Write),
	}
}

// asked are the tasks that carry on what owners have asked for.
func asked(app *service.App, deletions *domain.Deletions, archives *domain.Archives, forgotten *domain.Forgotten) []service.Part {
	warn := func(what string, task func(context.Context) error) func(context.Context) {
		return func(ctx context.Context) {
			if err := task(ctx); err != nil && ctx.Err() == nil {
				app.Telemetry.Log.Warn().Err(err).Msg(what)
			}
		}
	}
	return []service.Part{
		service.Every(domain.CatchUpPause, warn("accounts cannot be deleted yet", deletions.CatchUp)),
		service.Every(domain.LinksPause, warn("links that set passwords cannot be mailed yet", forgotten.Mail)),
		service.Every(domain.CollectPause, warn("the data of accounts cannot be collected yet", archives.Collect)),
	}
}

// secrets reads and checks the secrets that the service needs.
func secrets(ctx context.Context, app *service.App, keyFormat domain.KeyFormat) (*identity.Signer, domain.Bootstrap, error) {
	pem, err := app.Sidecar.Secret(ctx, signingKey)
	if err != nil {
		return nil, domain.Bootstrap{}, err
	}
	signer, err := identity.NewSigner(pem)
	if err != nil {
		return nil, domain.Bootstrap{}, fmt.Errorf("the secret %s: %w", signingKey, err)
	}
	text, err := app.Sidecar.Secret(ctx, bootstrap)
	if err != nil {
		return nil, domain.Bootstrap{}, err
	}
	first, err := domain.ParseBootstrap(text, keyFormat)
	if err != nil {
		return nil, first, fmt.Errorf("the secret %s: %w", bootstrap, err)
	}
	return signer, first, nil
}
