package names_test

import (
	"encoding/json"
	"slices"
	"testing"

	"stoa/pkg/common/names"
)

const (
	ada = "0198c6a0-0000-7000-8000-000000000001"
	ben = "0198c6a0-0000-7000-8000-000000000002"
)

func TestForget_leavesWhatIsNotAboutThePerson(t *testing.T) {
	for payload, want := range map[string]string{
		`{"id":"` + ada + `","email":"a@b.c","name":"Ada","code":"X","profilePicUrl":"u","at":"now"}`: `{"at":"now","id":"` + ada + `"}`,
		`{"id":"o","customer":{"id":"` + ada + `","name":"Ada"},"total":{"amount":12345678901234567}}`: `{"customer":{"id":"` + ada +
			`"},"id":"o","total":{"amount":12345678901234567}}`,
		`{"recipients":[{"id":"` + ada + `","email":"a@b.c"},{"id":"` + ben + `","email":"b@b.c"}]}`: `{"recipients":[{"id":"` + ada +
			`"},{"email":"b@b.c","id":"` + ben + `"}]}`,
		`{"id":"` + ben + `","name":"Ben"}`: `{"id":"` + ben + `","name":"Ben"}`,
		`"{ broken ` + ada + ` a@b.c"`:      `""`,
		`"{ broken"`:                        `"{ broken"`,
		`{ broken ` + ada:                   `""`,
	} {
		if got := string(names.Forget(json.RawMessage(payload), ada)); got != want {
			t.Errorf("%s: got %s, want %s", payload, got, want)
		}
	}
}

func TestOnly_leavesOnePerson(t *testing.T) {
	payload := `{"id":"o","author":{"id":"` + ada + `","name":"Ada"},"recipients":[{"id":"` + ben + `","name":"Ben","email":"b@b.c"}]}`
	want := `{"author":{"id":"` + ada + `","name":"Ada"},"id":"o","recipients":[{"id":"` + ben + `"}]}`
	if got := string(names.Only(json.RawMessage(payload), ada)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMentions_findsEachIDOnce(t *testing.T) {
	payload := `{"id":"` + ben + `","customer":{"id":"` + ada + `"},"by":"` + ada + `"}`
	if got := names.Mentions(json.RawMessage(payload)); !slices.Equal(got, []string{ben, ada}) {
		t.Errorf("got %v", got)
	}
}

func TestWithoutAddresses(t *testing.T) {
	got := names.WithoutAddresses("550 5.1.1 <ada+x@example.org>: user unknown, ask post@example.org")
	if got != "550 5.1.1 <(address)>: user unknown, ask (address)" {
		t.Errorf("got %s", got)
	}
}
