package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
	"stoa/internal/stack/secrets"
	"stoa/pkg/identity/signing"
)

// signingKey is what `stoa keys --json` prints of a key.
type signingKey struct {
	ID    string      `json:"id"`
	Use   signing.Use `json:"use"`
	Since time.Time   `json:"since,omitzero"`
	Until time.Time   `json:"until,omitzero"`
}

func keysCommand(place *place) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Show or rotate the keys that sign access tokens, or links in mails",
		Long: `The key "current" signs access tokens. The key "next" is already published, so that every service knows it before it is
used. A key "previous" stays published until its last token has expired.

All keys are in one secret, AUTH_SIGNING_KEY, as PEM blocks with the headers Use and Since. With --links, the commands are about
NOTIFICATION_LINK_KEYS, which has the keys that sign the links in mails.`,
	}
	cmd.AddCommand(listKeysCommand(place), rotateKeysCommand(place))
	return cmd
}

func listKeysCommand(place *place) *cobra.Command {
	var asJSON, links bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the keys: id, use, since, until",
		Args:  cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			read := secrets.SigningKeys
			if links {
				read = secrets.LinkSigningKeys
			}
			keys, err := read(root)
			if err != nil {
				return noKeysYet(err)
			}
			return showKeys(cmd.OutOrStdout(), keys, lifetime(links), asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&links, "links", false, "show the keys that sign the links in mails")
	return cmd
}

func rotateKeysCommand(place *place) *cobra.Command {
	var asJSON, links bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Make the next key the current one; existing tokens stay valid until they expire",
		Long: `The next key becomes the current one, the current one a previous one, and a new next key is made. Users stay signed in:
existing tokens stay valid until they expire.

While Stoa runs, the sidecars of auth restart one after another to read the secret, and the command returns when auth
publishes the new keys.

With --links, the keys of NOTIFICATION_LINK_KEYS rotate instead, which sign the links in mails that end these mails. Links of
earlier keys stay valid for 60 days, and only the sidecars of notification restart.

If the secrets are stored elsewhere, for example in Vault, change AUTH_SIGNING_KEY there: auth
reads it again every two seconds. Publish a key as "next" ten seconds before it becomes "current", and keep it as
"previous" for sixteen minutes afterwards.`,
		Args: cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			say := func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), line) }
			rotate := stack.RotateSigningKeys
			if links {
				rotate = stack.RotateLinkKeys
			}
			keys, err := rotate(cmd.Context(), root, say)
			if err != nil {
				return noKeysYet(err)
			}
			return showKeys(cmd.OutOrStdout(), keys, lifetime(links), asJSON)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&links, "links", false, "rotate the keys that sign the links in mails")
	return cmd
}

func noKeysYet(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there are no signing keys yet; the first `stoa up` makes them")
	}
	return err
}

// lifetime is how long what the keys sign is valid.
func lifetime(links bool) time.Duration {
	if links {
		return signing.LinkTTL
	}
	return signing.TokenTTL
}

func showKeys(out io.Writer, keys signing.Bundle, valid time.Duration, asJSON bool) error {
	shown := make([]signingKey, len(keys))
	for i, key := range keys {
		shown[i] = signingKey{ID: key.ID(), Use: key.Use, Since: key.Since, Until: key.Until(valid)}
	}
	if asJSON {
		return writeJSON(out, map[string][]signingKey{"keys": shown})
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tUSE\tSINCE\tUNTIL")
	for _, key := range shown {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", key.ID, key.Use, moment(key.Since), moment(key.Until))
	}
	return table.Flush()
}

// moment formats a time for people; "-" means no time.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.DateTime)
}
