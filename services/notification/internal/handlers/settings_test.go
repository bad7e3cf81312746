package handlers_test

import (
	"bytes"
	"net/http"
	"net/mail"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/handlers"
)

// link returns where the last mail says that such mails are ended.
func (o *office) link(t *testing.T) string {
	t.Helper()
	read := must.Get(mail.ReadMessage(bytes.NewReader(o.post.last)))(t)
	if got := read.Header.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
		t.Errorf("List-Unsubscribe-Post: got %q", got)
	}
	link := strings.Trim(read.Header.Get("List-Unsubscribe"), "<>")
	path, ours := strings.CutPrefix(link, "https://stoa.example")
	if !ours {
		t.Fatalf("List-Unsubscribe: got %q", link)
	}
	return path
}

func (p *process) settings(t *testing.T, who string) handlers.Mails {
	t.Helper()
	answer := p.Do(t, webtest.Request{Method: "GET", Path: "/api/v1/notifications/settings", Token: who})
	return webtest.Read[handlers.Mails](answer, http.StatusOK)
}

func TestSettings_areWhatSomebodyDecided(t *testing.T) {
	p := newOffice(t).process()
	usual := handlers.Mails{Orders: "always", Reviews: domain.AtOnce, Comments: domain.AtOnce, Following: domain.Daily}
	if got := p.settings(t, "ada"); got != usual {
		t.Errorf("got %+v", got)
	}
	change := func(body string, status int) {
		p.Do(t, webtest.Request{Method: "PATCH", Path: "/api/v1/notifications/settings", Token: "ada", Body: body}).Expect(status)
	}
	change(`{"comments":"never"}`, http.StatusOK)
	change(`{"following":"at_once"}`, http.StatusOK)
	change(`{"orders":"never"}`, http.StatusUnprocessableEntity)
	change(`{"comments":"always"}`, http.StatusUnprocessableEntity)
	usual.Comments, usual.Following = domain.Never, domain.AtOnce
	if got := p.settings(t, "ada"); got != usual {
		t.Errorf("got %+v", got)
	}
}

// Programs open the links in mails, so looking changes nothing. The form, or the mail program, ends the mails.
func TestLink_endsTheMailsOfItsKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		p.handle(t, comment(t, domain.Person{ID: customerID, Name: "Ada", Email: "a@example.com"}))
		path := o.link(t)
		for _, method := range []string{"HEAD", "GET", "GET"} {
			page := p.Do(t, webtest.Request{Method: method, Path: path}).Expect(http.StatusOK)
			shown := method == "HEAD" || strings.Contains(page.Body.String(), `<form method="post">`)
			if !shown || p.settings(t, "ada").Comments != domain.AtOnce {
				t.Errorf("got %s", page.Body)
			}
		}
		for media, body := range map[string]string{ // RFC 8058 allows both, and the form of the page has no fields
			"application/x-www-form-urlencoded": "List-Unsubscribe=One-Click", "text/plain": "",
			"multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n",
		} {
			page := p.Do(t, webtest.Request{
				Method: "POST", Path: path, Body: body, Header: http.Header{"Content-Type": {media}},
			}).Expect(http.StatusOK)
			if !strings.Contains(page.Body.String(), "no more of these mails") {
				t.Errorf("got %s", page.Body)
			}
		}
		if got := p.settings(t, "ada"); got.Comments != domain.Never || got.Following != domain.Daily || got.Reviews != domain.AtOnce {
			t.Errorf("got %+v", got)
		}
		page := p.Do(t, webtest.Request{Method: "GET", Path: path}).Expect(http.StatusOK)
		if strings.Contains(page.Body.String(), "<form") {
			t.Errorf("got %s", page.Body)
		}
		p.handle(t, orderIs(t, "confirmed")) // orders are always mailed, and have no link
		read := must.Get(mail.ReadMessage(bytes.NewReader(o.post.last)))(t)
		if o.post.total() != 2 || read.Header.Get("List-Unsubscribe") != "" {
			t.Errorf("got %s", o.post.last)
		}
	})
}

func TestLink_isRefusedIfItIsForgedOrOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		p.handle(t, comment(t, domain.Person{ID: customerID, Name: "Ada", Email: "a@example.com"}))
		path := o.link(t)
		for at := strings.Index(path, "=") + 1; at < len(path); at++ {
			forged := path[:at] + string('A'+(path[at]-'A'+1)%26) + path[at+1:]
			if forged == path {
				continue
			}
			p.Do(t, webtest.Request{Method: "POST", Path: forged}).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
		}
		for _, other := range []string{path[:len(path)-1], path + "A", path[:strings.Index(path, "=")+1] + "x"} {
			p.Do(t, webtest.Request{Method: "POST", Path: other}).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
		}
		time.Sleep(59 * 24 * time.Hour)
		p.Do(t, webtest.Request{Method: "GET", Path: path}).Expect(http.StatusOK)
		time.Sleep(2 * 24 * time.Hour)
		for _, method := range []string{"GET", "POST"} {
			p.Do(t, webtest.Request{Method: method, Path: path}).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
		}
		if got := p.settings(t, "ada"); got.Comments != domain.AtOnce {
			t.Errorf("got %+v", got)
		}
	})
}

// A post that was unpublished meanwhile is announced long after it became public first.
func TestLink_isNewInAMailAboutAnOldPost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		e := announced(t, "One", "0.0", person("Rita"))
		time.Sleep(70 * 24 * time.Hour)
		e.Time = time.Now()
		o.wants(t, "Rita", domain.Following, domain.AtOnce)
		p.handle(t, e)
		p.retryFor(t, time.Minute)
		p.Do(t, webtest.Request{Method: "GET", Path: o.link(t)}).Expect(http.StatusOK)
	})
}

// The link in a digest ends all that is mailed daily.
func TestLink_endsTheDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		p.handle(t, announced(t, "One", "0.0", domain.Person{ID: customerID, Name: "Ada", Email: "a@example.com"}))
		time.Sleep(8 * time.Hour)
		p.digest(t)
		p.Do(t, webtest.Request{Method: "POST", Path: o.link(t)}).Expect(http.StatusOK)
		if got := p.settings(t, "ada"); got.Following != domain.Never || got.Comments != domain.AtOnce {
			t.Errorf("got %+v", got)
		}
	})
}
