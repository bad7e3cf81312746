// Command bare is the shop without sidecars: one program that takes the place of every app, and runs the steps of package minimal
// by net/http, nats.go and SQLite. Streams, durable consumers and the durability of a write are those of the shop.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	_ "modernc.org/sqlite" // the driver

	"stoa/bench/minimal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	conn, err := nats.Connect(os.Getenv("NATS_URL"), nats.RetryOnFailedConnect(true))
	if err != nil {
		return err
	}
	defer conn.Close()
	d := &direct{app: os.Getenv("APP_ID"), dir: os.Getenv("STATE_DIR"), stores: map[string]*sql.DB{}}
	if d.stream, err = jetstream.New(conn); err != nil {
		return err
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	app := &minimal.App{Platform: d, Name: d.app}
	routes, err := app.Start(ctx)
	if err != nil {
		return err
	}
	return minimal.Serve(ctx, routes, os.Getenv("APP_PORT"))
}

// storesOf are the stores that the apps use.
var storesOf = map[string]string{
	"order-api": "order", "order-worker": "order", "inventory-worker": "inventory", "backoffice": "backoffice", "notification": "notification",
}

// direct is a platform without sidecars.
type direct struct {
	app, dir string
	stream   jetstream.JetStream
	stores   map[string]*sql.DB
}

// open opens the store of this app, with what the sidecar's component sets (components/store/sqlite).
func (d *direct) open(ctx context.Context) error {
	name := storesOf[d.app]
	if name == "" {
		return nil
	}
	db, err := sql.Open("sqlite", filepath.Join(d.dir, "data", name+".db")+
		"?_txlock=immediate&_pragma=busy_timeout(1500)&_pragma=synchronous(NORMAL)&_pragma=journal_mode(WAL)")
	if err != nil {
		return err
	}
	d.stores[name+"-store"] = db
	_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL)`)
	return err
}

// OrderAPI implements minimal.Platform by a request to its port.
func (d *direct) OrderAPI() http.Handler {
	return httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:" + os.Getenv("ORDER_API_PORT")})
}

// Read implements minimal.Platform.
func (d *direct) Read(ctx context.Context, store string, keys ...string) ([]minimal.Document, error) {
	documents := make([]minimal.Document, len(keys))
	for i, key := range keys {
		documents[i].Key = key
		err := d.stores[store].QueryRowContext(ctx, `SELECT value, version FROM state WHERE key = ?`, key).
			Scan(&documents[i].Value, &documents[i].Version)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return documents, nil
}

// Save implements minimal.Platform.
func (d *direct) Save(ctx context.Context, store string, document minimal.Document) error {
	query, arguments := `INSERT INTO state VALUES (?, ?, 1) ON CONFLICT DO NOTHING`, []any{document.Key, string(document.Value)}
	switch document.Version {
	case "":
	case minimal.Any:
		query = `INSERT INTO state VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET value = excluded.value, version = version + 1`
	default:
		version, err := strconv.Atoi(document.Version)
		if err != nil {
			return err
		}
		query = `UPDATE state SET value = ?, version = version + 1 WHERE key = ? AND version = ?`
		arguments = []any{string(document.Value), document.Key, version}
	}
	result, err := d.stores[store].ExecContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); changed != 1 || err != nil {
		return errors.Join(err, fmt.Errorf("%s has changed", document.Key))
	}
	return nil
}

// Mail implements minimal.Platform.
func (d *direct) Mail(_ context.Context, name string, text []byte) error {
	return os.WriteFile(filepath.Join(d.dir, "mail", name), text, 0o600)
}

// Publish implements minimal.Platform.
func (d *direct) Publish(ctx context.Context, topic, id string, event []byte) error {
	_, err := d.stream.Publish(ctx, topic, event, jetstream.WithMsgID(id))
	return err
}

// Subscribe implements minimal.Platform by the consumer that the broker has made for the sidecar of this app.
func (d *direct) Subscribe(ctx context.Context, topic string, handle func(context.Context, []byte) error) error {
	consumer, err := d.stream.PushConsumer(ctx, topic, d.app+"-"+topic)
	for err != nil { // the broker is starting
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
		consumer, err = d.stream.PushConsumer(ctx, topic, d.app+"-"+topic)
	}
	_, err = consumer.Consume(func(message jetstream.Msg) {
		var event struct{ Data json.RawMessage }
		err := json.Unmarshal(message.Data(), &event)
		if err == nil {
			err = handle(ctx, event.Data)
		}
		if err != nil {
			log.Print(err)
			_ = message.Nak()
			return
		}
		_ = message.Ack()
	})
	return err
}
