package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

// credentials is what `stoa credentials --json` prints; tests and scripts depend on its form.
type credentials struct {
	Gateway  string                     `json:"gateway"`
	APIKey   string                     `json:"api_key"`
	Accounts map[string]secrets.Account `json:"accounts"`
}

func credentialsCommand(place *place) *cobra.Command {
	var asJSON, asEnv bool
	cmd := &cobra.Command{
		Use:   "credentials",
		Short: "Show the API key and the sign-ins that the first start made",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readCredentials(place)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				return writeJSON(cmd.OutOrStdout(), c)
			case asEnv:
				return writeEnv(cmd.OutOrStdout(), c)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintf(table, "gateway\t%s\napi key\t%s\n", c.Gateway, c.APIKey)
			for _, role := range []string{"admin", "staff", "author", "editor"} {
				fmt.Fprintf(table, "%s\t%s\t%s\n", role, c.Accounts[role].Email, c.Accounts[role].Password)
			}
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asEnv, "env", false, "print variables for a shell: eval \"$(stoa credentials --env)\"")
	cmd.MarkFlagsMutuallyExclusive("json", "env")
	return cmd
}

// writeEnv writes shell assignments. The values contain no quotes, because Stoa generates them.
func writeEnv(out io.Writer, c credentials) error {
	var text strings.Builder
	fmt.Fprintf(&text, "STOA_URL='%s'\nSTOA_API_KEY='%s'\n", c.Gateway, c.APIKey)
	for _, role := range slices.Sorted(maps.Keys(c.Accounts)) {
		account, name := c.Accounts[role], strings.ToUpper(role)
		fmt.Fprintf(&text, "STOA_%s_EMAIL='%s'\nSTOA_%s_PASSWORD='%s'\n", name, account.Email, name, account.Password)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func readCredentials(place *place) (credentials, error) {
	root, err := place.root()
	if err != nil {
		return credentials{}, err
	}
	bootstrap, err := secrets.Credentials(root)
	if errors.Is(err, fs.ErrNotExist) {
		return credentials{}, errors.New("there are no credentials yet; the first `stoa up` makes them")
	}
	if err != nil {
		return credentials{}, err
	}
	gateway, err := gatewayURL(root)
	return credentials{Gateway: gateway, APIKey: bootstrap.APIKey, Accounts: bootstrap.Accounts}, err
}

// gatewayURL is the address of the running gateway, or the one in dapr.yaml if none runs.
func gatewayURL(root string) (string, error) {
	record, err := stack.ReadRecord(root)
	if err != nil {
		return "", err
	}
	desc, err := description.Load(root)
	if err != nil {
		return "", err
	}
	return cmp.Or(record.Gateway, desc.GatewayURL()), nil
}
