package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// catalogue is the demo catalogue: the bodies of POST /products.
//
//go:embed seed.json
var catalogue []byte

func seedCommand(place *place) *cobra.Command {
	var began int64
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill an empty shop with a small demo catalogue",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readCredentials(place)
			if err != nil {
				return err
			}
			out, s := cmd.OutOrStdout(), &seeder{credentials: c}
			added, err := s.run(cmd.Context())
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
			if err := s.order(cmd.Context()); err != nil {
				return fmt.Errorf("cannot order: %w", err)
			}
			fmt.Fprintf(out, "The first order is confirmed, %s after the command was given.\n", time.Since(time.Unix(began, 0)).Round(time.Second))
			return nil
		},
	}
	cmd.Flags().Int64Var(&began, "began", 0, "order a product too, and say how long after this `time` (seconds since 1970) it was confirmed")
	return cmd
}

// seeder fills the catalogue through the gateway, as staff.
type seeder struct {
	credentials
	token   string
	product string // the id of one that was added
}

// run adds the demo products and returns their number, or 0 if the shop has products already. Each request has a fixed
// Idempotency-Key, so products that an earlier run has added are not added twice, and removed ones stay removed.
func (s *seeder) run(ctx context.Context) (int, error) {
	var present struct{ Items []json.RawMessage }
	if err := s.call(ctx, http.MethodGet, "/products?limit=1", "", nil, &present); err != nil || len(present.Items) > 0 {
		return 0, err
	}
	var session struct{ AccessToken string }
	if err := s.call(ctx, http.MethodPost, "/auth/signin/basic", "", s.Accounts["staff"], &session); err != nil {
		return 0, fmt.Errorf("signing in as staff: %w", err)
	}
	s.token = session.AccessToken
	var products []json.RawMessage
	if err := json.Unmarshal(catalogue, &products); err != nil {
		return 0, err
	}
	added := 0
	for i, body := range products {
		var product struct{ ID string }
		err := s.call(ctx, http.MethodPost, "/products", fmt.Sprintf("seed-%d", i), body, &product)
		switch {
		case err == nil:
			s.product = product.ID
			added++
		case !errs.Is(err, errs.Conflict):
			return added, err
		}
	}
	return added, nil
}

// order orders one piece of a product and waits until the order is confirmed.
func (s *seeder) order(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var order struct{ ID, Status string }
	items := map[string]any{"items": []any{map[string]any{"productId": s.product, "quantity": 1}}}
	err := s.call(ctx, http.MethodPost, "/orders", "seed-order-"+s.product, items, &order)
	for err == nil && order.Status == "pending" {
		select {
		case <-time.After(20 * time.Millisecond):
			err = s.call(ctx, http.MethodGet, "/orders/"+order.ID, "", nil, &order)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err == nil && order.Status != "confirmed" {
		err = fmt.Errorf("the order %s is %s", order.ID, order.Status)
	}
	return err
}

// call sends one request, and reads the answer into out unless out is nil.
func (s *seeder) call(ctx context.Context, method, path, key string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.Gateway+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("x-api-key", s.APIKey)
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the gateway does not answer at %s; is the shop running? (%w)", s.Gateway, err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return web.ReadError(answer.StatusCode, answer.Header, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}
