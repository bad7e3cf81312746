package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// The chart runs the commands of this file in pods of their own (deploy/helm).

func clusterSecretsCommand() *cobra.Command {
	var namespace, instance, name, broker string
	var tokens []string
	var show bool
	cmd := &cobra.Command{
		Use:    "cluster-secrets",
		Short:  "Make the Secrets of a first start in Kubernetes, unless they exist",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			first, err := secrets.First(broker)
			if err != nil {
				return err
			}
			if show {
				return writeJSON(cmd.OutOrStdout(), first)
			}
			cluster, err := secrets.InCluster(namespace, instance)
			if err != nil {
				return err
			}
			wanted := map[string]secrets.Values{}
			if name != "" {
				wanted[name] = first
			}
			for _, token := range tokens {
				wanted[token] = secrets.NewToken()
			}
			for name, values := range wanted {
				added, err := cluster.Ensure(cmd.Context(), name, values)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: added %d keys\n", name, added)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&namespace, "namespace", "default", "the namespace of the Secrets")
	cmd.Flags().StringVar(&instance, "instance", "stoa", "the release to which the Secrets belong")
	cmd.Flags().StringVar(&name, "name", "", "the Secret of components and apps; empty: none")
	cmd.Flags().StringVar(&broker, "broker", "", "host:port of the broker in the cluster; empty: there is none")
	cmd.Flags().StringArrayVar(&tokens, "token", nil, "a Secret with the token between an app and its sidecar")
	cmd.Flags().BoolVar(&show, "print", false, "print the secrets of a first start, for a vault, and do nothing else")
	return cmd
}

func orderCommand() *cobra.Command {
	var gateway string
	cmd := &cobra.Command{
		Use:    "order --gateway URL",
		Short:  "Order a product and cancel the order, with the accounts in AUTH_BOOTSTRAP",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var first secrets.Bootstrap
			if err := json.Unmarshal([]byte(os.Getenv("AUTH_BOOTSTRAP")), &first); err != nil {
				return errors.New("the variable AUTH_BOOTSTRAP is not valid")
			}
			s := &seeder{visitor: visitor{credentials: credentials{gateway, first.APIKey, first.Accounts}}}
			if err := s.trial(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "An order was confirmed and cancelled.")
			return nil
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "the address of the gateway")
	_ = cmd.MarkFlagRequired("gateway")
	return cmd
}

// trial adds a product, orders it, cancels the order and removes the product, as staff.
func (s *seeder) trial(ctx context.Context) error {
	if _, err := s.signIn(ctx, "staff", s.Accounts["staff"]); err != nil {
		return err
	}
	id := ids.New()
	body := map[string]any{
		"sku": "TRIAL-" + id, "name": "A trial", "description": "It is removed in a moment.", "stock": 1,
		"price": map[string]any{"amount": 100, "currency": "EUR"},
	}
	var product struct{ ID string }
	if err := s.call(ctx, http.MethodPost, "/products", keyed(id), body, &product); err != nil {
		return fmt.Errorf("adding a product: %w", err)
	}
	s.product = product.ID
	return errors.Join(s.order(ctx), s.tidy(context.WithoutCancel(ctx)))
}

// tidy cancels the order, unless there is none or it is shipped already, and removes the product.
func (s *seeder) tidy(ctx context.Context) error {
	if s.placed != "" {
		err := s.call(ctx, http.MethodPost, "/orders/"+s.placed+"/cancel", nil, nil, nil)
		if err != nil && !errs.Is(err, errs.Conflict) {
			return fmt.Errorf("cancelling the order: %w", err)
		}
	}
	// An event frees the stock of a cancelled order, a moment later.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := s.call(ctx, http.MethodDelete, "/products/"+s.product, nil, nil, nil)
		if err == nil {
			return nil
		}
		if !errs.Is(err, errs.Conflict) || ctx.Err() != nil {
			return fmt.Errorf("removing the product: %w", err)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
