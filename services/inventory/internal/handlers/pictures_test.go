package handlers_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#a40"/></svg>`

// square returns a PNG of one colour.
func square(t *testing.T, side int) []byte {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		picture.Pix[i] = 99
	}
	var file bytes.Buffer
	must.Do(t, png.Encode(&file, picture))
	return file.Bytes()
}

// picturing returns the request that gives a product a picture.
func picturing(id string, file []byte) request {
	return request{method: "PUT", path: "/products/" + id + "/picture", as: "staff", body: `{"image":"` + base64.StdEncoding.EncodeToString(file) + `"}`}
}

// shown returns the answer of a picture's address, to somebody without a sign-in.
func (f *front) shown(t *testing.T, address string) *webtest.Answer {
	t.Helper()
	return f.do(t, request{method: "GET", path: strings.TrimPrefix(address, "/api/v1")})
}

func TestPictures_areShownUnderAnAddressOfTheirOwn(t *testing.T) {
	must.HaveTime(t)
	f := newFront()
	p := f.add(t, "A", "1")
	if p.Picture != "" {
		t.Errorf("a new product has the picture %s", p.Picture)
	}
	first := f.must(t, picturing(p.ID, square(t, 1000)), http.StatusOK).Picture
	answer := f.shown(t, first).Expect(http.StatusOK)
	size, format, err := image.DecodeConfig(bytes.NewReader(answer.Body.Bytes()))
	must.Do(t, err)
	if format != "jpeg" || size.Width != 960 || size.Height != 960 || answer.Header().Get("Content-Type") != "image/jpeg" ||
		answer.Header().Get("Cache-Control") != "public, max-age=31536000, s-maxage=3600, immutable" {
		t.Errorf("got a %s of %dx%d, %v", format, size.Width, size.Height, answer.Header())
	}
	if again := f.must(t, picturing(p.ID, square(t, 1000)), http.StatusOK).Picture; again != first {
		t.Errorf("the same picture has the addresses %s and %s", first, again)
	}
	second := f.must(t, picturing(p.ID, []byte(drawing)), http.StatusOK).Picture
	answer = f.shown(t, second).Expect(http.StatusOK)
	if second == first || answer.Body.String() != drawing || answer.Header().Get("Content-Type") != "image/svg+xml" ||
		!strings.Contains(answer.Header().Get("Content-Security-Policy"), "sandbox") || answer.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %s %v", answer.Body, answer.Header())
	}
	if got := f.shown(t, first).Expect(http.StatusOK); got.Body.String() != drawing || got.Header().Get("Cache-Control") != "public, max-age=1" {
		t.Errorf("the address before: got %s %v", got.Body, got.Header())
	}
	if listed := f.must(t, request{method: "GET", path: "/products"}, http.StatusOK); listed.Items[0].Picture != second {
		t.Errorf("got %+v", listed)
	}
	f.do(t, request{method: "DELETE", path: "/products/" + p.ID + "/picture", as: "admin"}).Expect(http.StatusNoContent)
	f.shown(t, second).Expect(http.StatusNotFound)
	if got := f.must(t, request{method: "GET", path: "/products/" + p.ID}, http.StatusOK); got.Picture != "" {
		t.Errorf("got %+v", got)
	}
}

// A picture goes with its product, also one that was on its way when the product was removed.
func TestPictures_goWithTheirProduct(t *testing.T) {
	f := newFront()
	p := f.add(t, "A", "1")
	address := f.must(t, picturing(p.ID, []byte(drawing)), http.StatusOK).Picture
	var once sync.Once
	f.states.Before = func(operation, key string) error {
		if operation == "save" && strings.HasPrefix(key, "picture:") {
			once.Do(func() {
				f.do(t, request{method: "DELETE", path: "/products/" + p.ID, as: "staff"}).Expect(http.StatusNoContent)
			})
		}
		return nil
	}
	f.do(t, picturing(p.ID, square(t, 10))).Expect(http.StatusNotFound)
	f.shown(t, address).Expect(http.StatusNotFound)
}

func TestPictures_refuseWhatIsNotOne(t *testing.T) {
	f := newFront()
	p := f.add(t, "A", "1")
	customers := picturing(p.ID, []byte(drawing))
	customers.as = "alice"
	f.do(t, customers).Expect(http.StatusForbidden)
	f.do(t, picturing(ids.New(), []byte(drawing))).Expect(http.StatusNotFound)
	f.do(t, picturing("any", []byte(drawing))).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "id")
	for name, file := range map[string]string{
		"nothing": "", "a text": "amphora", "over 1 MB": strings.Repeat("x", 1<<20+1), "code": strings.Replace(drawing, "<rect", "<script/><rect", 1),
	} {
		t.Run(name, func(t *testing.T) {
			f.do(t, picturing(p.ID, []byte(file))).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "image")
		})
	}
	for _, text := range []string{"%", "abcde", "_-==", "YQ"} {
		sent := request{"PUT", "/products/" + p.ID + "/picture", "staff", "", `{"image":"` + text + `"}`}
		f.do(t, sent).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "image")
	}
	f.do(t, request{method: "DELETE", path: "/products/" + ids.New() + "/picture", as: "staff"}).Expect(http.StatusNotFound)
	f.do(t, request{method: "DELETE", path: "/products/" + p.ID, as: "staff"}).Expect(http.StatusNoContent)
	f.do(t, picturing(p.ID, []byte(drawing))).Expect(http.StatusNotFound)
}

// A process dies after any number of steps: the same request again puts it right, and no product loses its picture in between.
func TestPictures_areSetAfterACrash(t *testing.T) {
	for steps := 0; ; steps++ {
		f := newFront()
		p := f.add(t, "A", "1")
		before := f.must(t, picturing(p.ID, square(t, 10)), http.StatusOK).Picture
		left := steps
		f.states.Before = func(string, string) error {
			if left--; left < 0 {
				return status.Error(codes.Unavailable, "died")
			}
			return nil
		}
		died := f.do(t, picturing(p.ID, []byte(drawing)))
		f.states.Before = nil
		if died.Code == http.StatusOK {
			break
		}
		died.Expect(http.StatusServiceUnavailable)
		f.shown(t, before).Expect(http.StatusOK)
		after := f.must(t, picturing(p.ID, []byte(drawing)), http.StatusOK).Picture
		if got := f.shown(t, after).Expect(http.StatusOK); after == before || got.Body.String() != drawing {
			t.Errorf("after %d steps: got %s", steps, got.Body)
		}
	}
}

// Of several pictures at once, the product has the address of the one that is stored.
func TestPictures_agreeWithTheirProduct(t *testing.T) {
	f := newFront()
	p := f.add(t, "A", "1")
	files := [][]byte{[]byte(drawing), square(t, 10), square(t, 20), square(t, 30)}
	webtest.Together(len(files), func(i int) *webtest.Answer { return f.do(t, picturing(p.ID, files[i])) })
	last := f.must(t, request{method: "GET", path: "/products/" + p.ID}, http.StatusOK).Picture
	if kept := f.shown(t, last).Expect(http.StatusOK).Header().Get("Cache-Control"); !strings.Contains(kept, "immutable") {
		t.Errorf("the product names another picture: %s", kept)
	}
}
