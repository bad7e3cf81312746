package names

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
)

// uuid is the form of the ids of people, and of all else.
var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// addresses matches e-mail addresses in text that others wrote.
var addresses = regexp.MustCompile(`[^\s<>"',;:()]+@[^\s<>"',;:()]+`)

// WithoutAddresses returns a text without e-mail addresses, such as the reason that a mail server gives.
func WithoutAddresses(text string) string { return addresses.ReplaceAllString(text, "(address)") }

// personal are the fields of an event that tell who somebody is, in an object with the id of an account.
var personal = []string{"email", "name", "profilePicUrl", "code"}

// Mentions returns the ids that a payload has, each once: those of people, and of all else.
func Mentions(payload json.RawMessage) []string {
	var all []string
	for _, id := range uuid.FindAllString(string(payload), -1) {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// Forget returns a payload without what tells who the account with this id is. A payload that is not an object is emptied if it
// has the id.
func Forget(payload json.RawMessage, id string) json.RawMessage {
	if !bytes.Contains(payload, []byte(id)) {
		return payload
	}
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if decoder.Decode(&object) != nil {
		return json.RawMessage(`""`)
	}
	forget(object, id)
	without, _ := json.Marshal(object) // what was JSON marshals
	return without
}

// Only returns a payload without what tells who others are than the account with this id.
func Only(payload json.RawMessage, id string) json.RawMessage {
	for _, other := range Mentions(payload) {
		if other != id {
			payload = Forget(payload, other)
		}
	}
	return payload
}

func forget(value any, id string) {
	switch value := value.(type) {
	case map[string]any:
		if value["id"] == id {
			for _, field := range personal {
				delete(value, field)
			}
		}
		for _, part := range value {
			forget(part, id)
		}
	case []any:
		for _, part := range value {
			forget(part, id)
		}
	}
}
