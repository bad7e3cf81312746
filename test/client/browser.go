package client

import (
	"bytes"
	"context"
	"errors"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"stoa/test/system"
)

// Browser asks for pages as a browser without scripts does: it keeps cookies, and says where a request comes from.
type Browser struct {
	// Header has headers for every request, in place of what browsers send.
	Header http.Header

	base   string
	client *http.Client
}

// Browser returns a new browser, in which nobody is signed in.
func (s *Shop) Browser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Browser{
		Header: http.Header{"Accept": {"text/html,application/xhtml+xml"}, "Sec-Fetch-Site": {"same-origin"}, "Origin": {s.URL}},
		base:   s.URL, client: &http.Client{Jar: jar, CheckRedirect: stay, Transport: s.http.Transport},
	}
}

// Get asks for a page, and Post sends a form, given as names and values.
func (b *Browser) Get(t testing.TB, path string) Answer {
	t.Helper()
	return b.send(t, http.MethodGet, path)
}

func (b *Browser) Post(t testing.TB, path string, form ...string) Answer {
	t.Helper()
	return b.send(t, http.MethodPost, path, form...)
}

// SignIn signs in with an address and a password.
func (b *Browser) SignIn(t testing.TB, email, password string) {
	t.Helper()
	if answer := b.Post(t, "/sign-in", "email", email, "password", password); answer.Status != http.StatusSeeOther {
		t.Fatalf("signing in as %s: got %s", email, answer)
	}
}

// hidden are the fields of a form of which people see nothing.
var hidden = regexp.MustCompile(`<input type="hidden" name="(key|line)" value="([^"]*)">`)

// Buy puts pieces of a product into the cart as a guest, signs a customer in, and orders with two clicks. It returns the id of the
// order, once the page of the order shows that it is confirmed.
func (b *Browser) Buy(t testing.TB, customer User, product Product, pieces int) string {
	t.Helper()
	if added := b.Post(t, "/products/"+product.ID, "quantity", strconv.Itoa(pieces)); added.Status != http.StatusSeeOther {
		t.Fatalf("putting it into the cart: got %s", added)
	}
	b.SignIn(t, customer.Email, Password)
	var form []string
	for _, field := range hidden.FindAllSubmatch(b.Get(t, "/checkout").Body, -1) {
		form = append(form, string(field[1]), html.UnescapeString(string(field[2])))
	}
	first, second := b.Post(t, "/checkout", form...), b.Post(t, "/checkout", form...)
	order, ok := strings.CutPrefix(first.Header.Get("Location"), "/orders/")
	if !ok || second.Header.Get("Location") != first.Header.Get("Location") {
		t.Fatalf("ordering %q twice: got %s, then %s", form, first, second)
	}
	system.Eventually(t, "the page shows that the order is confirmed", func() error {
		if page := b.Get(t, "/orders/"+order); !strings.Contains(string(page.Body), "Your pieces are reserved.") {
			return errors.New(page.String())
		}
		return nil
	})
	return order
}

// Cookies are those that the browser sends.
func (b *Browser) Cookies() []*http.Cookie {
	site, err := url.Parse(b.base)
	if err != nil {
		return nil
	}
	return b.client.Jar.Cookies(site)
}

// PostParts sends a form as browsers send those with long texts: in parts, where each letter takes no more than it has bytes.
func (b *Browser) PostParts(t testing.TB, path string, fields ...string) Answer {
	t.Helper()
	return b.sendParts(t, path, func(form *multipart.Writer) (err error) {
		for i := 0; i < len(fields) && err == nil; i += 2 {
			err = form.WriteField(fields[i], fields[i+1])
		}
		return err
	})
}

// Upload sends a form with a file.
func (b *Browser) Upload(t testing.TB, path, field, name string, file []byte) Answer {
	t.Helper()
	return b.sendParts(t, path, func(form *multipart.Writer) error {
		part, err := form.CreateFormFile(field, name)
		if err == nil {
			_, err = part.Write(file)
		}
		return err
	})
}

func (b *Browser) sendParts(t testing.TB, path string, write func(*multipart.Writer) error) Answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := errors.Join(write(form), form.Close()); err != nil {
		t.Fatal(err)
	}
	answer, err := b.do(t.Context(), http.MethodPost, path, form.FormDataContentType(), &body)
	if err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	return answer
}

func (b *Browser) send(t testing.TB, method, path string, form ...string) Answer {
	t.Helper()
	answer, err := b.Try(t.Context(), method, path, form...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

// Try asks for a page, or sends a form. The error is for no answer.
func (b *Browser) Try(ctx context.Context, method, path string, form ...string) (Answer, error) {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return b.do(ctx, method, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

func (b *Browser) do(ctx context.Context, method, path, media string, body io.Reader) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, b.base+path, body)
	if err != nil {
		return Answer{}, err
	}
	request.Header = b.Header.Clone()
	if method == http.MethodPost {
		request.Header.Set("Content-Type", media)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Header: response.Header, Body: raw}, err
}
