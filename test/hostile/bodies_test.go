package hostile

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
)

// refusedBody are the statuses with which a body may be refused.
var refusedBody = []int{
	http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
}

// writing is an operation that takes a body, with one that is good.
type writing struct {
	name, method, target string
	as                   client.User
	good                 object
}

func writings(w *world) []writing {
	product := "/api/v1/products/" + w.product.ID
	price := client.Money{Amount: 100, Currency: "EUR"}
	return []writing{
		{"an order", "POST", "/api/v1/orders", w.alice, client.OrderOf(w.product.ID, 1)},
		{"a product", "POST", "/api/v1/products", w.staff, object{"name": "Kylix", "description": "A cup.", "sku": "KYL-1", "price": price}},
		{"an edit", "PUT", product, w.staff, object{"name": "Kylix", "description": "A cup.", "price": price}},
		{"a delivery", "POST", product + "/stock", w.staff, object{"change": 5}},
		{"a sign-up", "POST", "/api/v1/auth/signup/basic", client.User{}, object{"email": "eve@example.com", "password": "correct horse battery", "name": "Eve"}},
		{"a profile", "PATCH", "/api/v1/auth/profile/mine", w.bob, object{"name": "Bob"}},
		{"a password", "PUT", "/api/v1/auth/password", w.bob, object{"current": client.Password, "new": "battery staple"}},
		{"a refresh", "POST", "/api/v1/auth/token/refresh", client.User{}, object{"refreshToken": w.refresh}},
		{"an API key", "POST", "/api/v1/auth/apikeys", w.admin, object{"name": "Mine", "permissions": []string{"shop:read"}}},
		{"a grant of roles", "PUT", "/api/v1/auth/users/" + w.bob.ID + "/roles", w.admin, object{"roles": []string{"AUTHOR"}}},
		{"a sign-in", "POST", "/api/v1/auth/signin/basic", client.User{}, object{"email": w.Accounts["author"].Email, "password": w.Accounts["author"].Password}},
	}
}

// oddBodies are no body that any operation takes.
func oddBodies(good string) map[string]string {
	return map[string]string{
		"that is empty":              "",
		"that is blank":              " \t\r\n",
		"that is an empty object":    "{}",
		"that is null":               "null",
		"that is a list":             "[" + good + "]",
		"that is text":               `"` + strings.Repeat("x", 10) + `"`,
		"that is a number":           "4711",
		"that is true":               "true",
		"cut short":                  good[:len(good)-1],
		"of two documents":           good + good,
		"with something after it":    good + "x",
		"with a zero after it":       good + "\x00",
		"behind a byte order mark":   "\ufeff" + good,
		"in UTF-16":                  "\xff\xfe{\x00}\x00",
		"not in UTF-8":               strings.Replace(good, `":`, "\xc0\xaf\":", 1),
		"in single quotes":           strings.ReplaceAll(good, `"`, "'"),
		"with a comment":             "/* good */" + good,
		"with a comma at its end":    good[:len(good)-1] + ",}",
		"with NaN":                   `{"a":NaN}`,
		"with infinity":              `{"a":-Infinity}`,
		"with a number beyond all":   `{"a":1e999999}`,
		"with a number of digits":    `{"a":` + strings.Repeat("9", 10_000) + `}`,
		"deep in lists":              strings.Repeat("[", 100_000),
		"deep in lists that close":   strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000),
		"deep in objects":            strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		"of many names":              manyNames(10_000),
		"with a name of 100 kB":      `{"` + strings.Repeat("n", 100<<10) + `":1}`,
		"with a name that is empty":  strings.Replace(good, "{", `{"":1,`, 1),
		"with a name of zeros":       strings.Replace(good, "{", `{"\u0000":1,`, 1),
		"with a prototype":           strings.Replace(good, "{", `{"__proto__":{"roles":["ADMIN"]},`, 1),
		"with a constructor":         strings.Replace(good, "{", `{"constructor":{"prototype":{"admin":true}},`, 1),
		"with a template":            strings.Replace(good, "{", `{"${7*7}":"{{7*7}}",`, 1),
		"with a reference":           `{"$ref":"file:///etc/passwd"}`,
		"that asks for what is true": `{"$where":"1==1","email":{"$gt":""},"password":{"$gt":""}}`,
	}
}

func manyNames(n int) string {
	var names strings.Builder
	for i := range n {
		fmt.Fprintf(&names, `,"n%d":%d`, i, i)
	}
	return "{" + names.String()[1:] + "}"
}

// bodyAttacks sends odd bodies, and good ones in odd ways, to operations that take one.
func bodyAttacks(t *testing.T, w *world, of []writing) []attack {
	t.Helper()
	var all []attack
	for _, o := range of {
		good, request := text(t, o.good), w.ask(o.method, o.target, o.as)
		bodies := oddBodies(good)
		if o.method == "PATCH" {
			delete(bodies, "that is an empty object") // changes nothing, which is allowed
		}
		all = append(all, each(o.name, bodies, attack{want: refusedBody}, func(body string) string { return request.with(body).String() })...)
		large := strings.Replace(good, "{", "{"+strings.Repeat(" ", 300<<10), 1)
		message := func(headers []string, body string) string {
			m := request.and(headers...)
			m.body = body
			return m.String()
		}
		length := fmt.Sprintf("Content-Length: %d", len(good))
		const json = "Content-Type: application/json"
		odd := map[string]string{
			"of no length at all":       message([]string{json}, ""),
			"of 300 kB":                 request.with(large).String(),
			"of 300 kB, in a chunk":     message([]string{json, "Transfer-Encoding: chunked"}, chunked(large)),
			"in XML":                    message([]string{"Content-Type: application/xml", length}, good),
			"as a form":                 message([]string{"Content-Type: application/x-www-form-urlencoded", length}, good),
			"as a form of parts":        message([]string{"Content-Type: multipart/form-data; boundary=x", length}, good),
			"as plain text":             message([]string{"Content-Type: text/plain", length}, good),
			"as a type that is a path":  message([]string{"Content-Type: ../../json", length}, good),
			"as YAML":                   message([]string{"Content-Type: application/yaml", length}, good),
			"compressed, as is said":    message([]string{"Content-Type: application/json", "Content-Encoding: gzip", length}, strings.Repeat("\x1f", len(good))),
			"of chunks that end early":  message([]string{json, "Transfer-Encoding: chunked"}, "5\r\n{\"a\":\r\n0\r\n\r\n"),
			"of chunks of a wrong size": message([]string{json, "Transfer-Encoding: chunked"}, "zz\r\n{}\r\n0\r\n\r\n"),
		}
		all = append(all, each(o.name, odd, attack{want: refusedBody}, asIs)...)
	}
	return all
}

// orderAttacks are orders that nobody can mean.
func orderAttacks(w *world) []attack {
	item := func(id, quantity string) string {
		return fmt.Sprintf(`{"items":[{"productId":%q,"quantity":%s}]}`, id, quantity)
	}
	many := func(n int) string {
		lines := strings.Repeat(fmt.Sprintf(`{"productId":%q,"quantity":1},`, w.product.ID), n)
		return `{"items":[` + strings.TrimSuffix(lines, ",") + `]}`
	}
	priced := func(amount int, currency string) string {
		return fmt.Sprintf(`{"items":[{"productId":%q,"quantity":1,"unitPrice":{"amount":%d,"currency":%q}}]}`, w.product.ID, amount, currency)
	}
	p, q, id := "items[0].productId", "items[0].quantity", w.product.ID
	const repeated = "a name that comes twice" // is no field: which of both is meant is not known
	unit := fmt.Sprintf(`{"productId":%q,"quantity":1}`, id)
	tests := map[string]struct{ body, field string }{
		"of an unknown product":           {item(unknown, "1"), p},
		"of a product that is a path":     {item("../../etc", "1"), p},
		"of a product that is a number":   {`{"items":[{"productId":1,"quantity":1}]}`, p},
		"of a product that is null":       {`{"items":[{"productId":null,"quantity":1}]}`, p},
		"of a product that is a list":     {fmt.Sprintf(`{"items":[{"productId":[%q],"quantity":1}]}`, id), p},
		"of no piece":                     {item(id, "0"), q},
		"of no piece, negative":           {item(id, "-0"), q},
		"of less than no piece":           {item(id, "-1"), q},
		"of too many pieces":              {item(id, "1001"), q},
		"of very many pieces":             {item(id, "1000000000000"), q},
		"of pieces beyond integers":       {item(id, "9223372036854775808"), q},
		"of pieces beyond all integers":   {item(id, "1e30"), q},
		"of half a piece":                 {item(id, "1.5"), q},
		"of hardly a piece":               {item(id, "1e-300"), q},
		"of pieces as text":               {item(id, `"1"`), q},
		"of pieces as truth":              {item(id, `true`), q},
		"of pieces as an object":          {item(id, `{"$inc":-1}`), q},
		"of null pieces":                  {item(id, `null`), q},
		"of pieces that are missing":      {fmt.Sprintf(`{"items":[{"productId":%q}]}`, id), q},
		"of no lines":                     {`{"items":[]}`, "items"},
		"of null lines":                   {`{"items":null}`, "items"},
		"of missing lines":                {`{"Item":[]}`, "items"},
		"of lines that are an object":     {`{"items":{"0":` + unit + `}}`, "items"},
		"of a line that is null":          {`{"items":[null]}`, "items[0]"},
		"of 101 lines":                    {many(101), "items"},
		"of one product twice":            {many(2), "items[1].productId"},
		"of a product in two cases":       {`{"items":[` + unit + `,` + strings.Replace(unit, id, strings.ToUpper(id), 1) + `]}`, "items[1].productId"},
		"whose second lines count":        {`{"items":[` + unit + `],` + item(id, "2")[1:], repeated},
		"whose lines are in two cases":    {`{"items":[` + unit + `],"ITEMS":[{"productId":"` + id + `","quantity":-5}]}`, "ITEMS"},
		"whose lines are in upper case":   {strings.Replace(item(id, "1"), "items", "ITEMS", 1), "items"},
		"whose pieces are in two cases":   {strings.Replace(item(id, "1"), "}", `,"Quantity":-5}`, 1), "items[0].Quantity"},
		"whose pieces are in two letters": {strings.Replace(item(id, "1"), "}", `,"quant\u0131ty":-5}`, 1), "items[0].quantıty"},
		"whose price is a number":         {strings.Replace(item(id, "1"), "}", `,"unitPrice":1250}`, 1), "items[0].unitPrice"},
		"whose price is null":             {strings.Replace(item(id, "1"), "}", `,"unitPrice":null}`, 1), "items[0].unitPrice"},
		"whose price is negative":         {priced(-1, "EUR"), "items[0].unitPrice.amount"},
		"whose price is in no currency":   {priced(1250, ""), "items[0].unitPrice.currency"},
		"whose price is in a letter":      {priced(1250, "€"), "items[0].unitPrice.currency"},
		"whose pieces count twice":        {strings.Replace(item(id, "1"), "}", `,"quantity":5}`, 1), repeated},
	}
	var all []attack
	for name, tt := range tests {
		order := attack{
			name: "order " + name, wire: w.ask("POST", "/api/v1/orders", w.alice).with(tt.body).String(),
			want: []int{http.StatusUnprocessableEntity}, field: tt.field,
		}
		if tt.field == repeated {
			order.want, order.field = []int{http.StatusBadRequest}, ""
		}
		all = append(all, order)
	}
	keys := map[string][]string{
		"that is empty":   {"Idempotency-Key: "},
		"that is blank":   {"Idempotency-Key:    "},
		"of 201 letters":  {"Idempotency-Key: " + strings.Repeat("k", 201)},
		"with a space":    {"Idempotency-Key: a b"},
		"not in ASCII":    {"Idempotency-Key: schlüssel"},
		"not in UTF-8":    {"Idempotency-Key: \xff\xfe"},
		"and another key": {"Idempotency-Key: a", "Idempotency-Key: b"},
	}
	refused := attack{want: []int{http.StatusUnprocessableEntity, http.StatusBadRequest}}
	return append(all, each("order with a key", keys, refused, func(lines []string) string {
		return w.ask("POST", "/api/v1/orders", w.alice, lines...).with(item(id, "1")).String()
	})...)
}

// assignmentAttacks add fields that are not the caller's to set.
func assignmentAttacks(t *testing.T, w *world, of []writing) []attack {
	t.Helper()
	fields := map[string]map[string]any{
		"an order": {
			"id": w.order.ID, "customerId": w.bob.ID, "customer": object{"id": w.bob.ID}, "userId": w.bob.ID, "owner": w.bob.ID,
			"status": "confirmed", "total": client.Money{Amount: 0, Currency: "EUR"}, "price": 0, "discount": 100, "createdAt": "1970-01-01T00:00:00Z",
			"role": "ADMIN", "version": 99,
		},
		"a product": {
			"id": w.product.ID, "reserved": -10, "available": 1000, "sold": -5, "createdAt": "1970-01-01T00:00:00Z", "removed": false, "owner": w.bob.ID,
		},
		"an edit": {"id": unknown, "sku": "STOLEN", "stock": 1000, "reserved": 0, "available": 1000},
		"a delivery": {
			"stock": 1000, "available": 1000, "reserved": 0, "productId": unknown, "by": w.bob.ID,
		},
		"a sign-up": {
			"id": w.alice.ID, "roles": []string{"ADMIN"}, "role": "ADMIN", "isAdmin": true, "admin": true, "verified": true, "permissions": []string{"*"},
			"passwordHash": "x", "createdAt": "1970-01-01T00:00:00Z", "sessionId": "1", "Roles": []string{"STAFF"},
		},
		"a profile": {
			"id": w.alice.ID, "email": w.alice.Email, "roles": []string{"ADMIN"}, "role": "ADMIN", "passwordHash": "x", "password": "battery staple",
			"createdAt": "1970-01-01T00:00:00Z", "userId": w.alice.ID, "owner": w.alice.ID, "Name": "Mallory",
		},
		"a password": {"userId": w.alice.ID, "email": w.alice.Email, "id": w.alice.ID, "roles": []string{"ADMIN"}, "force": true},
		"a refresh":  {"roles": []string{"ADMIN"}, "userId": w.alice.ID, "sid": "1", "expiresIn": 1 << 40, "scope": "*"},
		"an API key": {
			"id": unknown, "key": "stoa_mine", "hash": "x", "prefix": "stoa_", "createdAt": "1970-01-01T00:00:00Z", "owner": w.bob.ID,
			"revokedAt": nil,
		},
		"a grant of roles": {"id": w.alice.ID, "permissions": []string{"*"}, "role": "ADMIN", "email": w.alice.Email},
		"a post": {
			"id": unknown, "author": w.bob.ID, "authorId": w.bob.ID, "status": "published", "version": 99, "publishedAt": "1970-01-01T00:00:00Z", "html": "<b>",
			"published": true, "score": 1, "history": []string{}, "submitted": true, "Title": "Mine",
		},
		"a draft":   {"id": unknown, "author": w.bob.ID, "status": "published", "publishAt": "2030-01-01T00:00:00Z", "html": "<b>", "published": true, "Text": "Mine"},
		"a comment": {"id": unknown, "author": w.alice.ID, "state": "visible", "html": "<b>", "postId": unknown, "createdAt": "1970-01-01T00:00:00Z", "replies": 9},
		"a refusal": {"by": w.alice.ID, "publishAt": "2030-01-01T00:00:00Z", "act": "published", "revision": 1},
		"a sign-in": {"roles": []string{"ADMIN"}, "role": "ADMIN", "userId": w.alice.ID, "expiresIn": 1 << 40, "sid": "1", "aud": "other"},
	}
	var all []attack
	for _, o := range of {
		for field, value := range fields[o.name] {
			all = append(all, attack{
				name: fmt.Sprintf("%s that sets %s", o.name, field), want: []int{http.StatusUnprocessableEntity}, field: field,
				wire: w.ask(o.method, o.target, o.as).with(text(t, changed(o.good, object{field: value}))).String(),
			})
		}
	}
	for field, value := range map[string]any{"unitPrice": 1, "price": client.Money{Amount: 1, Currency: "EUR"}, "name": "free", "total": 0, "discount": 100} {
		line := object{"productId": w.product.ID, "quantity": 1, field: value}
		all = append(all, attack{
			name: "a line that sets " + field, want: []int{http.StatusUnprocessableEntity}, field: "items[0]." + field,
			wire: w.ask("POST", "/api/v1/orders", w.alice).with(text(t, object{"items": []object{line}})).String(),
		})
	}
	return all
}
