package hostile

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
)

// crowd is how many slow clients come at once.
const crowd = 300

// Clients that say a little and then nothing do not keep anybody else waiting, and are shown out.
func TestGateway_slowClientsKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	list := w.ask("GET", "/api/v1/orders", w.bob).String()
	order := w.ask("POST", "/api/v1/orders", w.bob).with(text(t, client.OrderOf(unknown, 1))).String()
	var slow []net.Conn
	for i := range crowd {
		conn := w.dial(t)
		defer conn.Close()
		begun := list[:len(list)-2] // all but the line that ends the headers
		if i%2 == 1 {
			begun = order[:len(order)-2] // all but the end of the body
		}
		must.Get(io.WriteString(conn, begun))(t)
		slow = append(slow, conn)
	}
	started := time.Now()
	w.Must(t, client.Request{Method: "GET", Path: "/orders", As: w.alice}, http.StatusOK, nil)
	took := time.Since(started)
	var all sync.WaitGroup
	for _, conn := range slow {
		all.Go(func() {
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("a client that said nothing more was not shown out")
			}
		})
	}
	all.Wait()
	if patience := time.Since(started); took > patience/2 {
		t.Errorf("a request took %s beside %d slow ones, who were shown out after %s", took, crowd, patience)
	}
}
