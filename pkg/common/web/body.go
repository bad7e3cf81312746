package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"

	"stoa/pkg/common/clip"
	"stoa/pkg/common/errs"
)

// DefaultBody is how many bytes the body of a request has fewer than, unless the operation sets MaxBodyBytes. The longest
// texts that most operations take fit.
const DefaultBody = 16 << 10

// humaMaxBody is huma's own default.
const humaMaxBody = 1 << 20

// maxValues is how many values a body may have; an order of 100 lines with their prices has 602. It bounds the work on a body
// full of mistakes, which huma would collect to the last one.
const maxValues = 1000

// jsonFormat reads JSON as the schemas describe it, where huma and encoding/json differ from them.
var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}

// jsonType is the media type of every body.
const jsonType = "application/json"

// requireJSON refuses a body of another media type, in place of huma: that compares upper and lower case, takes
// application/anything+json for JSON, and ignores the charset.
func requireJSON(ctx huma.Context, next func(huma.Context)) {
	if ctx.Operation().RequestBody == nil {
		next(ctx)
		return
	}
	request, w := humamux.Unwrap(ctx)
	if given := request.Header.Get("Content-Type"); given != "" {
		media, parameters, err := mime.ParseMediaType(given)
		charset, named := parameters["charset"]
		if err != nil || media != jsonType || named && !strings.EqualFold(charset, "utf-8") {
			WriteError(w, request, errs.New(errs.UnsupportedMedia, "the body must be %s in UTF-8", jsonType))
			return
		}
		request.Header.Set("Content-Type", jsonType)
	}
	next(ctx)
}

// unmarshal is called twice: into an any, which huma validates, and into the input. It refuses bytes that are not UTF-8:
// encoding/json would replace them silently, and we would store what nobody sent. It refuses repeated names, of which each
// reader may take another value.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("is not valid UTF-8")
	}
	if valuesIn(data) > maxValues {
		return fmt.Errorf("has more than %d values", maxValues)
	}
	err := json.Unmarshal(data, v)
	if tree, ok := v.(*any); ok && err == nil {
		if name, repeated := repeatedName(json.NewDecoder(bytes.NewReader(data))); repeated {
			return fmt.Errorf("has the name %q twice in one object", clip.Text(name))
		}
		*tree = withoutNil(*tree)
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = unmarshalIntegers(data, v)
	}
	return withoutGoTypes(err)
}

// valuesIn counts the values of a JSON text without reading them: each but the first follows one of these bytes.
func valuesIn(data []byte) int {
	values, inText := 1, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\':
			i++ // skips what is escaped
		case c == '"':
			inText = !inText
		case !inText && (c == ',' || c == '[' || c == '{'):
			values++
		}
	}
	return values
}

// repeatedName returns a name that an object has twice, in the next value of valid JSON.
func repeatedName(decoder *json.Decoder) (name string, repeated bool) {
	token, _ := decoder.Token()
	seen := map[json.Token]bool{}
	for opened, _ := token.(json.Delim); opened != 0 && decoder.More(); {
		if opened == '{' {
			key, _ := decoder.Token()
			if seen[key] {
				return fmt.Sprint(key), true
			}
			seen[key] = true
		}
		if name, repeated := repeatedName(decoder); repeated {
			return name, true
		}
	}
	if _, opened := token.(json.Delim); opened {
		_, _ = decoder.Token() // its end
	}
	return "", false
}

// null is null in a tree that huma validates: huma takes nil for a field that is absent.
type null struct{}

// withoutNil puts null in the place of nil.
func withoutNil(tree any) any {
	switch node := tree.(type) {
	case nil:
		return null{}
	case map[string]any:
		for name, value := range node {
			node[name] = withoutNil(value)
		}
	case []any:
		for i, value := range node {
			node[i] = withoutNil(value)
		}
	}
	return tree
}

// unmarshalIntegers reads 2.0 and 2e0 as 2: they are integers in JSON Schema, but not in encoding/json.
func unmarshalIntegers(data []byte, v any) error {
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return err
	}
	plain, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

// withoutGoTypes says what is wrong with JSON without Go's type names and without the caller's data.
func withoutGoTypes(err error) error {
	if unfit, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("has a value at byte %d that cannot be read", unfit.Offset)
	}
	if broken, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("is not valid JSON: %w at byte %d", broken, broken.Offset)
	}
	return err
}
