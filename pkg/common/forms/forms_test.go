package forms_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/forms"
)

// person has had three forms: 1 had one name, 2 had first and last, 3 has a list.
type person struct {
	Names []string `json:"names"`
}

func (person) Form() int { return 3 }

func (person) Upgrade(from int, old json.RawMessage) (json.RawMessage, error) {
	var was struct{ Name, First, Last string }
	if err := json.Unmarshal(old, &was); err != nil {
		return nil, err
	}
	if from == 1 {
		return json.Marshal(map[string]string{"first": was.Name})
	}
	if was.First == "" {
		return nil, errors.New("the name is missing")
	}
	return json.Marshal(map[string][]string{"names": {was.First, was.Last}})
}

func TestRead_upgradesEarlierForms(t *testing.T) {
	for raw, want := range map[string]string{
		`{"name":"Ada"}`:                               "[Ada ]",
		`{"form":1,"name":"Ada"}`:                      "[Ada ]",
		`{"form":2,"first":"Ada","last":"Lovelace"}`:   "[Ada Lovelace]",
		`{ "names": ["Ada", "Lovelace"], "form" : 3 }`: "[Ada Lovelace]",
	} {
		var p person
		if err := forms.Read([]byte(raw), &p); err != nil || fmt.Sprint(p.Names) != want {
			t.Errorf("%s: got %v, %v, want %s", raw, p.Names, err, want)
		}
	}
}

func TestRead_refusesWhatItCannotRead(t *testing.T) {
	for raw, want := range map[string]errs.Kind{
		`{"form":4,"names":{}}`: errs.Unavailable,
		`{"form":2}`:            errs.Internal,
		`{"form":3,"names":1}`:  errs.Internal,
		`{"form":"x"}`:          errs.Internal,
		`broken "form"`:         errs.Internal,
	} {
		var p person
		if err := forms.Read([]byte(raw), &p); !errs.Is(err, want) {
			t.Errorf("%s: got %v, want %s", raw, err, want)
		}
	}
}

// plain has had one form.
type plain struct {
	Name string          `json:"name"`
	Part json.RawMessage `json:"part,omitempty"`
}

func TestRead_takesAnAbsentFormForTheFirst(t *testing.T) {
	var p plain
	if err := forms.Read([]byte(`{"name":"Ada","part":{"form":7}}`), &p); err != nil || p.Name != "Ada" {
		t.Errorf("got %+v, %v", p, err)
	}
	if err := forms.Read([]byte(`{"name":"Ada","form":2}`), &p); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a later form: got %v", err)
	}
	var words []string
	if err := forms.Read([]byte(`["form"]`), &words); err != nil || len(words) != 1 {
		t.Errorf("a list: got %v, %v", words, err)
	}
}

// empty and list are at their second form.
type (
	empty struct{ person }
	list  []string
)

func (empty) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }
func (list) Form() int                     { return 2 }
func (list) Upgrade(int, json.RawMessage) (json.RawMessage, error) {
	return nil, errors.New("not called")
}

func TestWrite_numbersAllFormsButTheFirst(t *testing.T) {
	for want, value := range map[string]any{
		`{"name":"Ada"}`:              plain{Name: "Ada"},
		`{"form":3,"names":["Ada"]}`:  person{Names: []string{"Ada"}},
		`{"form":3}`:                  empty{},
		`{"form":3,"names":["Alan"]}`: &person{Names: []string{"Alan"}},
	} {
		if raw, err := forms.Write(value); err != nil || string(raw) != want {
			t.Errorf("got %s, %v, want %s", raw, err, want)
		}
	}
	if raw, err := forms.Write(list{"a"}); err == nil {
		t.Errorf("a list must be refused: got %s", raw)
	}
}
