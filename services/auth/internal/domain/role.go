package domain

import (
	"fmt"
	"slices"

	"stoa/pkg/common/errs"
)

// Role is what an account may do. No role includes another.
type Role string

// The roles. Everyone is a learner.
const (
	Learner Role = "LEARNER"
	Author  Role = "AUTHOR"
	Editor  Role = "EDITOR"
	Staff   Role = "STAFF"
	Admin   Role = "ADMIN"
)

// allRoles has every role, in the order in which accounts list them.
var allRoles = []Role{Learner, Author, Editor, Staff, Admin}

// ParseRoles reads roles by name. Its error names every unknown one.
func ParseRoles(names []string) ([]Role, error) {
	var roles []Role
	var faults []errs.Field
	for i, name := range names {
		if !slices.Contains(allRoles, Role(name)) {
			faults = append(faults, errs.Field{Name: fmt.Sprintf("roles[%d]", i), Problem: "must be LEARNER, AUTHOR, EDITOR, STAFF or ADMIN"})
		}
		roles = append(roles, Role(name))
	}
	return roles, errs.InvalidFields(faults...)
}

// withLearner returns these roles and Learner, each once, in the order of allRoles.
func withLearner(roles []Role) []Role {
	return slices.DeleteFunc(slices.Clone(allRoles), func(r Role) bool { return r != Learner && !slices.Contains(roles, r) })
}
