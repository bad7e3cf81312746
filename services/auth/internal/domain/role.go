package domain

import "slices"

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

// withLearner returns these roles and Learner, each once, in the order of allRoles.
func withLearner(roles []Role) []Role {
	return slices.DeleteFunc(slices.Clone(allRoles), func(r Role) bool { return r != Learner && !slices.Contains(roles, r) })
}
