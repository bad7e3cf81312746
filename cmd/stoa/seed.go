package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stoa/pkg/common/errs"
)

// catalogue is the demo catalogue: the bodies of POST /products.
//
//go:embed seed.json
var catalogue []byte

// pictures has a drawing of each demo product, by its SKU.
//
//go:embed demo/shop/*.svg
var pictures embed.FS

func seedCommand(place *place) *cobra.Command {
	var began int64
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill an empty shop with a small demo catalogue, and an empty blog with posts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readCredentials(place)
			if err != nil {
				return err
			}
			if err := seedCatalogue(cmd.Context(), cmd.OutOrStdout(), c, began); err != nil {
				return err
			}
			if err := seedBlog(cmd.Context(), cmd.OutOrStdout(), c); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Open %s in a browser. `bin/stoa credentials` shows the sign-ins of staff, author, editor and admin.\n", forBrowsers(c.Gateway))
			return nil
		},
	}
	cmd.Flags().Int64Var(&began, "began", 0, "order a product too, and say how long after this `time` (seconds since 1970) it was confirmed")
	return cmd
}

// seedCatalogue fills an empty catalogue. If the command was given at a time, it places a first order too.
func seedCatalogue(ctx context.Context, out io.Writer, c credentials, began int64) error {
	s := &seeder{visitor: visitor{credentials: c}}
	added, err := s.run(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("cannot fill the catalogue: %w", err)
	case added == 0:
		fmt.Fprintln(out, "The catalogue has products already; none were added.")
		return nil
	}
	fmt.Fprintf(out, "Added %d products to the catalogue.\n", added)
	if began == 0 {
		return nil
	}
	if err := s.order(ctx); err != nil {
		return fmt.Errorf("cannot order: %w", err)
	}
	fmt.Fprintf(out, "The first order is confirmed, %s after the command was given.\n", time.Since(time.Unix(began, 0)).Round(time.Second))
	return nil
}

// seeder fills the catalogue through the gateway, as staff.
type seeder struct {
	visitor
	product string // the id of one that was added
	placed  string // the id of the order of it
}

// run adds the demo products and returns their number, or 0 if the shop has products already. Each request has a fixed
// Idempotency-Key, so products that an earlier run has added are not added twice, and removed ones stay removed.
func (s *seeder) run(ctx context.Context) (int, error) {
	var present struct{ Items []json.RawMessage }
	if err := s.call(ctx, http.MethodGet, "/products?limit=1", nil, nil, &present); err != nil || len(present.Items) > 0 {
		return 0, err
	}
	if _, err := s.signIn(ctx, "staff", s.Accounts["staff"]); err != nil {
		return 0, err
	}
	var products []json.RawMessage
	if err := json.Unmarshal(catalogue, &products); err != nil {
		return 0, err
	}
	added := 0
	for i, body := range products {
		err := s.add(ctx, fmt.Sprintf("seed-%d", i), body)
		switch {
		case err == nil:
			added++
		case !errs.Is(err, errs.Conflict):
			return added, err
		}
	}
	return added, nil
}

// add adds a product with its picture.
func (s *seeder) add(ctx context.Context, key string, body json.RawMessage) error {
	var product struct{ ID, SKU string }
	if err := s.call(ctx, http.MethodPost, "/products", keyed(key), body, &product); err != nil {
		return err
	}
	s.product = product.ID
	picture, err := pictures.ReadFile("demo/shop/" + strings.ToLower(product.SKU) + ".svg")
	if err != nil {
		return err
	}
	return s.call(ctx, http.MethodPut, "/products/"+product.ID+"/picture", nil, map[string][]byte{"image": picture}, nil)
}

// order orders one piece of a product and waits until the order is confirmed.
func (s *seeder) order(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var order struct{ ID, Status string }
	items := map[string]any{"items": []any{map[string]any{"productId": s.product, "quantity": 1}}}
	err := s.call(ctx, http.MethodPost, "/orders", keyed("seed-order-"+s.product), items, &order)
	s.placed = order.ID
	for err == nil && order.Status == "pending" {
		select {
		case <-time.After(20 * time.Millisecond):
			err = s.call(ctx, http.MethodGet, "/orders/"+order.ID, nil, nil, &order)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err == nil && order.Status != "confirmed" {
		err = fmt.Errorf("the order %s is %s", order.ID, order.Status)
	}
	return err
}
