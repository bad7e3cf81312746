package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

// credentials is what `stoa credentials --json` prints; tests and scripts rely on its shape.
type credentials struct {
	Gateway  string                   `json:"gateway"`
	APIKey   string                   `json:"api_key"`
	Accounts map[string]stack.Account `json:"accounts"`
}

func credentialsCommand(place *place) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "credentials",
		Short: "Show the API key and the sign-ins that the first start made",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readCredentials(place)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), c)
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
	return cmd
}

func readCredentials(place *place) (credentials, error) {
	root, err := place.root()
	if err != nil {
		return credentials{}, err
	}
	bootstrap, err := stack.Credentials(root)
	if errors.Is(err, fs.ErrNotExist) {
		return credentials{}, errors.New("there are no credentials yet; the first `stoa up` makes them")
	}
	if err != nil {
		return credentials{}, err
	}
	gateway, err := gatewayURL(root)
	return credentials{Gateway: gateway, APIKey: bootstrap.APIKey, Accounts: bootstrap.Accounts}, err
}

// gatewayURL is where the gateway is, or, while nothing runs, where it will be.
func gatewayURL(root string) (string, error) {
	record, err := stack.ReadRecord(root)
	if err != nil {
		return "", err
	}
	desc, err := stack.Load(root)
	if err != nil {
		return "", err
	}
	return cmp.Or(record.Gateway, desc.GatewayURL()), nil
}
