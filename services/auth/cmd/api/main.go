// Command auth is the service of accounts, sign-in and keys.
package main

import (
	"context"
	"fmt"

	"stoa/pkg/common/config"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/bootstrap"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/handlers"
	"stoa/services/auth/internal/providers"
	"stoa/services/auth/internal/repositories"
)

// Names in the secret store.
const (
	signingKey = "AUTH_SIGNING_KEY" // Ed25519 private keys, see signing.Parse
	firstUsers = "AUTH_BOOTSTRAP"   // JSON, see bootstrap.Parse
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

	signer, plan, err := secrets(ctx, app)
	if err != nil {
		return err
	}
	store := repositories.NewAccounts(app.Sidecar)
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	announcer := domain.NewAnnouncer(store, providers.NewEvents(publisher), repositories.NewOverdue(app.Sidecar))
	guard := domain.NewGuard(repositories.NewAttempts(app.Sidecar))
	accounts := domain.NewAccounts(store, repositories.NewAdmins(app.Sidecar), providers.NewPasswords(), guard, announcer, ids.New)
	sessions := domain.NewSessions(repositories.NewSessions(app.Sidecar), accounts, announcer, ids.New)
	keys := repositories.NewAPIKeys(app.Sidecar)
	// Before the app port opens: nobody may take the address of an account that is about to be made, and the service is
	// not ready without them.
	if err := plan.Apply(ctx, accounts, keys, app.Telemetry.Log); err != nil {
		return fmt.Errorf("making the first accounts: %w", err)
	}

	tokens := providers.NewTokens(signer)
	router := web.NewRouter()
	api := web.NewAPI(router, "Auth", "Accounts, sign-in, access tokens and API keys.")
	h := handlers.New(accounts, sessions, tokens)
	identity.Protect(api, identity.NewVerifier(identity.NewTokenVerifier(tokens.Published), h.Alive))
	h.Register(api)
	uses := handlers.NewUses(keys)
	handlers.NewKeys(tokens, keys, uses, ids.New).Register(api)
	h.RegisterInternal(web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Auth, internal", "For the other services."))
	readKeys := func(ctx context.Context) (string, error) { return app.Sidecar.Secret(ctx, signingKey) }
	return app.Run(ctx, app.HTTP(router), uses.Run, tokens.Follow(readKeys, app.Telemetry.Log),
		handlers.Catchup(announcer, app.Telemetry.Log))
}

// secrets reads and checks what the service cannot start without.
func secrets(ctx context.Context, app *service.App) (*identity.Signer, bootstrap.Plan, error) {
	pem, err := app.Sidecar.Secret(ctx, signingKey)
	if err != nil {
		return nil, bootstrap.Plan{}, err
	}
	signer, err := identity.NewSigner(pem)
	if err != nil {
		return nil, bootstrap.Plan{}, fmt.Errorf("the secret %s: %w", signingKey, err)
	}
	text, err := app.Sidecar.Secret(ctx, firstUsers)
	if err != nil {
		return nil, bootstrap.Plan{}, err
	}
	plan, err := bootstrap.Parse(text)
	if err != nil {
		return nil, plan, fmt.Errorf("the secret %s: %w", firstUsers, err)
	}
	return signer, plan, nil
}
