package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"stoa/pkg/common/errs"
)

// indexes are the paths below which searches are, by service.
var indexes = map[string]string{"blog": "/blog", "inventory": "/products"}

func searchCommand(place *place) *cobra.Command {
	cmd := &cobra.Command{Use: "search", Short: "Rebuild the search index of a service"}
	cmd.AddCommand(rebuildCommand(place))
	return cmd
}

func rebuildCommand(place *place) *cobra.Command {
	services := slices.Sorted(maps.Keys(indexes))
	return &cobra.Command{
		Use:   "rebuild " + services[0] + "|" + services[1],
		Short: "Make the search index of a service again, from what it has stored",
		Long: `Make the search index of a service again, from what it has stored: after its fields or weights have changed, or when
searches say that it is damaged. Until it is done, searches find what they found before. The service goes on with it when this command
ends, and begins again when its process dies; the same command then shows how far it is.`,
		Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: services,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readCredentials(place)
			if err != nil {
				return err
			}
			r := &rebuilder{visitor: visitor{credentials: c}, out: cmd.OutOrStdout(), path: indexes[args[0]] + "/search/rebuild", pause: time.Second}
			return r.run(cmd.Context())
		},
	}
}

// rebuilder has an index rebuilt, and watches.
type rebuilder struct {
	visitor
	out   io.Writer
	path  string
	pause time.Duration
}

// rebuild is how far a rebuild is.
type rebuild struct {
	State          string
	Indexed, Total int
}

// run asks for a rebuild and shows each change until it is done. While the service restarts, it waits.
func (r *rebuilder) run(ctx context.Context) error {
	if _, err := r.signIn(ctx, "admin", r.Accounts["admin"]); err != nil {
		return err
	}
	var shown, now rebuild
	if err := r.call(ctx, http.MethodPost, r.path, nil, nil, &now); err != nil {
		return fmt.Errorf("cannot rebuild the index: %w", err)
	}
	for ; now.State != "done"; now = r.next(ctx, now) {
		if now != shown {
			shown = now
			fmt.Fprintln(r.out, now)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	fmt.Fprintf(r.out, "The index has %d documents.\n", now.Indexed)
	return nil
}

// next returns how far the rebuild is after a pause: as before if nobody says.
func (r *rebuilder) next(ctx context.Context, before rebuild) (now rebuild) {
	select {
	case <-ctx.Done():
		return before
	case <-time.After(r.pause):
	}
	err := r.call(ctx, http.MethodGet, r.path, nil, nil, &now)
	if errs.Is(err, errs.Unauthenticated) { // the token has expired
		_, err = r.signIn(ctx, "admin", r.Accounts["admin"])
	}
	if err != nil || now.State == "" {
		return before
	}
	return now
}

// String is a line of progress.
func (r rebuild) String() string {
	if r.Total == 0 {
		return r.State
	}
	return fmt.Sprintf("%s: %d of about %d documents", r.State, r.Indexed, r.Total)
}
