package handlers

import (
	"net/url"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// tagging is what editors do with tags.
type tagging struct{ *Site }

func tagPages(s *Site) []entry {
	h, editor := tagging{s}, signedIn(domain.Editor)
	return []entry{
		page("/review/tags", editor, h.list),
		page("/review/tags/{tag}", editor, h.tag),
		post("/review/tags/{tag}", editor, h.change),
		page("/review/jobs/{id}", editor, h.job),
	}
}

func (h tagging) list(v *visit) error {
	found, err := h.api.Tags(v.ctx(), v.query("cursor"), "100")
	if err != nil {
		return err
	}
	return v.show("review/tags", listing[api.Tag]{"", found, v.more(found.Next)})
}

// tagFields are those of the forms about a tag.
var tagFields = []string{"name", "description", "into"}

// tagView is what the page of a tag shows to editors.
type tagView struct {
	Tag  api.Tag
	Form *view.Form
}

func (h tagging) tag(v *visit) error {
	found, err := h.api.Tag(v.ctx(), v.part("tag"))
	if err != nil {
		return absent(err)
	}
	form := view.NewForm(url.Values{"name": {found.Tag}, "description": {found.Description}}, tagFields...)
	return v.show("review/tag", tagView{found, form})
}

// change describes or renames a tag, merges it into another one, or takes it away. All but the first begin a job.
func (h tagging) change(v *visit) error {
	form, err := v.form(tagFields...)
	if err != nil {
		return err
	}
	if form.Again {
		return h.typed(v, form, nil)
	}
	job, err := h.begin(v, v.part("tag"), form)
	if err != nil {
		return h.typed(v, form, err)
	}
	if job != "" {
		return v.redirect("/review/jobs/"+url.PathEscape(job), "")
	}
	return v.redirect("/review/tags", "review.done.described")
}

// typed shows what was typed about a tag, and why it was not carried out.
func (h tagging) typed(v *visit, form *view.Form, problem error) error {
	found, err := h.api.Tag(v.ctx(), v.part("tag"))
	if err != nil {
		found = api.Tag{Tag: v.part("tag")} // it may be gone, or not be found right now
	}
	if problem == nil {
		return v.show("review/tag", tagView{found, form})
	}
	return v.again("review/tag", form, tagView{found, form}, problem)
}

// begin changes a tag, and returns the id of the job that this needs, "" for none.
func (h tagging) begin(v *visit, tag string, form *view.Form) (string, error) {
	var job api.TagJob
	var err error
	switch form.Get("do") {
	case "merge":
		job, err = h.api.MergeTag(v.ctx(), tag, form.Get("into"))
	case "delete":
		job, err = h.api.DeleteTag(v.ctx(), tag)
	case "describe":
		return h.api.EditTag(v.ctx(), tag, form.Get("name"), form.Get("description"))
	default:
		err = errs.New(errs.Malformed, "the form does not say what to do")
	}
	return job.ID, err
}

func (h tagging) job(v *visit) error {
	found, err := h.api.TagJob(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("review/job", found)
}
