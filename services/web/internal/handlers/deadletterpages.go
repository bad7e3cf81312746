package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// deadLetters is what staff do with events that an app could not handle.
type deadLetters struct{ *Site }

func deadLetterPages(s *Site) []entry {
	h := deadLetters{s}
	return []entry{
		page("/staff/dead-letters", forStaff, h.list),
		post("/staff/dead-letters", forStaff, h.settle),
		page("/staff/dead-letters/{id}", forStaff, h.one),
	}
}

// letterList is a page of dead letters.
type letterList struct {
	List api.List[api.DeadLetter]
	More string
	Form *view.Form
}

// Chosen reports whether a letter was chosen before its reader had to sign in again.
func (l letterList) Chosen(id string) bool { return slices.Contains(l.Form.Values[chosenField], id) }

func (h deadLetters) list(v *visit) error { return h.show(v, view.NewForm(nil)) }

func (h deadLetters) show(v *visit, form *view.Form) error {
	found, err := h.api.Letters(v.ctx(), v.query("cursor"), "")
	if err != nil {
		return err
	}
	return v.show("staff/dead-letters", letterList{found, v.more(found.Next), form})
}

// letterView is a dead letter with its event in a form that people can read.
type letterView struct {
	Letter  api.DeadLetter
	Payload string
	Names   map[string]string // of those who replayed it
}

func (h deadLetters) one(v *visit) error {
	found, err := h.api.DeadLetter(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	var by []string
	for _, r := range found.Replays {
		by = append(by, r.By)
	}
	return v.show("staff/dead-letter", letterView{found, indented(found.Event.Data), v.named(by...)})
}

// indented returns JSON with a line for each value.
func indented(raw json.RawMessage) string {
	var text bytes.Buffer
	if json.Indent(&text, raw, "", "  ") != nil {
		return string(raw)
	}
	return text.String()
}

// What is done with dead letters, by the names that forms use.
const (
	actField                      = "act"
	replayLetters, discardLetters = "replay", "discard"
	sureField                     = "sure"
	lettersPath                   = "/staff/dead-letters"
	lettersOnePrefix              = lettersPath + "/"
)

// settle publishes the events of the chosen letters again, or discards the letters, which it asks about first.
func (h deadLetters) settle(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Again {
		return h.show(v, form)
	}
	w := work{name: lettersOnePrefix, back: lettersPath}
	switch form.Get(actField) {
	case replayLetters:
		w.done, w.do = "staff.done.replayed", func(ctx context.Context, id string) (bool, error) { return true, h.api.Replay(ctx, id) }
	case discardLetters:
		w.done, w.do = "staff.done.discarded", func(ctx context.Context, id string) (bool, error) { return true, unlessGone(h.api.Discard(ctx, id)) }
		if form.Get(sureField) == "" {
			return h.askAbout(v, form)
		}
	default:
		return errs.New(errs.Invalid, "a dead letter is replayed or discarded")
	}
	return v.each(form, w)
}

// unlessGone returns nil for what is not there any more: somebody else has discarded it.
func unlessGone(err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// askAbout asks whether letters are to be discarded.
func (h deadLetters) askAbout(v *visit, form *view.Form) error {
	ids, err := chosenIDs(form)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return v.redirect(lettersPath, "staff.done.none-chosen")
	}
	return v.show("staff/discard", view.NewForm(url.Values{chosenField: ids}))
}
