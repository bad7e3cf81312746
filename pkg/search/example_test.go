package search_test

import (
	"context"
	"fmt"

	"stoa/pkg/search"
	"stoa/pkg/sidecar/sidecartest"
)

// The index finds ids; the service loads the documents, and leaves out those that may not be shown.
func Example() {
	_, side := sidecartest.New() // a process has its sidecar from service.Start
	ctx := context.Background()
	index := search.New(side, "blog-store", "posts",
		search.Field{Name: "title", Weight: 3, Length: 8},
		search.Field{Name: "text", Weight: 1, Length: 500},
	)
	texts := map[string]string{"p-1": "Walking in the woods & beyond", "p-2": "A walk to remember"}
	for id, text := range texts {
		if err := index.Put(ctx, search.Document{ID: id, Version: 1, Texts: map[string]string{"text": text}}); err != nil {
			fmt.Println(err)
		}
	}
	published := func(_ context.Context, ids []string) (map[string]string, error) {
		found := map[string]string{}
		for _, id := range ids {
			if id == "p-1" {
				found[id] = texts[id]
			}
		}
		return found, nil
	}
	query := search.Query{Text: "walks", Limit: 20}
	found, next, err := search.Find(ctx, index, query, published)
	mark := query.Marker(200)
	for _, text := range found {
		fmt.Println(mark(text))
	}
	fmt.Printf("%q %v\n", next, err)
	// Output:
	// <mark>Walking</mark> in the woods &amp; beyond
	// "" <nil>
}
