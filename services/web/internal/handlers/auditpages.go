package handlers

import (
	"time"

	"stoa/services/web/internal/providers/api"
)

// auditLog is what accounts did that concerns security, and what was refused.
type auditLog struct{ *Site }

func auditPages(s *Site) []entry {
	h := auditLog{s}
	return []entry{
		page("/admin/audit", forAdmins, h.log),
		page("/admin/refusals", forAdmins, h.refusals),
	}
}

// auditView is a page of the log.
type auditView struct {
	Account string // the only one that it is about, "" for all
	List    api.List[api.AuditEntry]
	More    string
	Names   map[string]string
}

func (h auditLog) log(v *visit) error {
	account := v.query("account")
	found, err := h.api.Audit(v.ctx(), account, v.query("cursor"))
	if err != nil {
		return err
	}
	ids := []string{account}
	for _, e := range found.Items {
		ids = append(ids, e.AccountID)
	}
	return v.show("admin/audit", auditView{account, found, v.more(found.Next), v.named(ids...)})
}

// refusalView is what was refused on a day.
type refusalView struct {
	api.Refusals
	// Today is the last day that may be chosen, and Wrong says that what was chosen is not a day.
	Today string
	Wrong bool
}

func (h auditLog) refusals(v *visit) error {
	day, wrong := v.query("day"), false
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		day, wrong = "", day != ""
	}
	found, err := h.api.Refusals(v.ctx(), day)
	if err != nil {
		return err
	}
	return v.show("admin/refusals", refusalView{found, time.Now().UTC().Format(time.DateOnly), wrong})
}
