package sidecar_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/common/config"
	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// Task is the document of these examples.
type Task struct {
	Name string `json:"name"`
	Done bool   `json:"done"`
}

// A pure function changes a document. It runs again if another write came first.
func ExampleDocuments() {
	_, side := sidecartest.New() // a process has its sidecar from service.Start
	tasks := sidecar.NewDocuments[Task](side, "task-store", "task")
	ctx := context.Background()

	fmt.Println(tasks.Create(ctx, "t-1", Task{Name: "write"}, 0))
	again := tasks.Create(ctx, "t-1", Task{Name: "read"}, 0)
	fmt.Println(errs.KindOf(again))
	task, err := tasks.Update(ctx, "t-1", func(t *Task) error {
		t.Done = true
		return nil
	})
	fmt.Println(task, err)
	_, err = tasks.Get(ctx, "t-2")
	fmt.Println(errs.KindOf(err))
	// Output:
	// <nil>
	// conflict
	// {write true} <nil>
	// not_found
}

// Expiring documents, such as drafts, have a time to live, counted from each write.
func ExampleExpiring() {
	states, side := sidecartest.New()
	drafts := sidecar.Expiring(side, "task-store", "draft", func(Task) time.Duration { return time.Hour })
	fmt.Println(drafts.Create(context.Background(), "d-1", Task{Name: "think"}, 0))
	fmt.Println(states.TTL("task-store", "draft:d-1"), "seconds")
	// Output:
	// <nil>
	// 3600 seconds
}

// A list names documents. First add a document to its list, then create it: readers skip what does not exist.
func ExampleLists() {
	_, side := sidecartest.New()
	tasks := sidecar.NewDocuments[Task](side, "task-store", "task")
	lists := sidecar.NewLists(tasks, "tasks-of")
	ctx := context.Background()
	for _, name := range []string{"write", "read", "rest"} {
		_ = lists.Add(ctx, "ada", name)
		_ = tasks.Create(ctx, name, Task{Name: name, Done: name == "read"}, 0)
	}

	open := func(t Task) bool { return !t.Done }
	page, next, err := lists.Page(ctx, "ada", "", 1, open)
	fmt.Println(page, next != "", err)
	page, next, err = lists.Page(ctx, "ada", next, 1, open)
	fmt.Println(page, next != "", err)
	// Output:
	// [{rest false}] true <nil>
	// [{write false}] false <nil>
}

// A call to another app goes through both sidecars. An error of the app keeps its kind.
func ExampleSidecar_Invoke() {
	side, err := sidecar.Open(config.Base{DaprHost: "127.0.0.1", DaprHTTPPort: 3500, DaprGRPCPort: 50001}, zerolog.Nop())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer side.Close()
	var product struct{ Name string }
	err = side.Invoke(context.Background(), "inventory-api", http.MethodGet, "/api/v1/products/p-1", nil, &product)
	switch errs.KindOf(err) {
	case "":
		fmt.Println(product.Name)
	case errs.NotFound:
		fmt.Println("there is no such product")
	case errs.Unavailable:
		fmt.Println("try again")
	}
}
