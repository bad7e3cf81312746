package domain

import (
	"fmt"
	"slices"

	"stoa/pkg/common/errs"
)

// Role is a right that an account holds. A role is exact: none contains another.
type Role string

// The roles. Everybody is a learner.
const (
	Learner Role = "LEARNER"
	Author  Role = "AUTHOR"
	Editor  Role = "EDITOR"
	Staff   Role = "STAFF"
	Admin   Role = "ADMIN"
)

// allRoles are the roles in the order in which accounts list them.
var allRoles = []Role{Learner, Author, Editor, Staff, Admin}

// ParseRoles accepts the roles that somebody is to have from now on; the error names every one that is not known.
func ParseRoles(names []string) ([]Role, error) {
	var roles []Role
	var faults []errs.Field
	for i, name := range names {
		if !slices.Contains(allRoles, Role(name)) {
			faults = append(faults, errs.Field{Name: fmt.Sprintf("roles[%d]", i), Problem: "is none of LEARNER, AUTHOR, EDITOR, STAFF, ADMIN"})
		}
		roles = append(roles, Role(name))
	}
	return roles, errs.InvalidFields(faults...)
}

// withLearner returns these roles, each once and in their order, and that of a learner: everybody is one, whatever else
// they are.
func withLearner(roles []Role) []Role {
	return slices.DeleteFunc(slices.Clone(allRoles), func(r Role) bool { return r != Learner && !slices.Contains(roles, r) })
}
