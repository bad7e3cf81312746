package e2e

import (
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
)

// An archive has something of each service, is handed out once, and goes with its account.
func TestMyData_hasWhatTheServicesKeep(t *testing.T) {
	t.Parallel()
	l := newLeaver(t, shop)
	shop.Must(t, client.Request{Method: "POST", Path: "/auth/profile/mine/data", As: l.User, Body: map[string]string{
		"password": client.Password,
	}}, http.StatusAccepted, nil)
	shop.AwaitMyData(t, l.User)
	fetch := client.Request{Method: "POST", Path: "/auth/profile/mine/data/fetch", As: l.User}
	var archive struct {
		Data []struct{ Service, Kind string }
	}
	answer := shop.Must(t, fetch, http.StatusOK, &archive)
	kinds := map[string]int{}
	for _, piece := range archive.Data {
		kinds[piece.Service+" "+piece.Kind]++
	}
	for kind, want := range map[string]int{
		"auth account": 1, "order order": 2, "backoffice fulfilment": 2, "blog author": 1, "blog draft": 1, "blog published-post": 1, "blog comment": 1,
		"blog follow": 1, "notification mail-settings": 1, "notification digest": 1, "notification editor": 1,
	} {
		if kinds[kind] != want {
			t.Errorf("it has %d of %s, want %d", kinds[kind], kind, want)
		}
	}
	if kinds["notification notice"] == 0 || kinds["auth audit"] == 0 || !strings.Contains(string(answer.Body), l.name) {
		t.Errorf("got %v", kinds)
	}
	if strings.Contains(string(answer.Body), l.reader.Email) {
		t.Error("it has the address of somebody else")
	}
	shop.Must(t, fetch, http.StatusConflict, nil)
	shop.Must(t, client.DeletionOf(l.User, "delete"), http.StatusAccepted, nil)
}
