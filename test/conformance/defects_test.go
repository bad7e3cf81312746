package conformance

import "fmt"

// defect is a fault that is not ours: of a Dapr component, where no setting of its YAML avoids it, or of a stand-in. The
// check runs all the same: where it fails the report says "cannot" and why, and where it has come to pass, it says "pass".
type defect struct{ what, issue string }

func (d defect) String() string {
	if d.issue == "" {
		return d.what
	}
	return fmt.Sprintf("%s (%s)", d.what, d.issue)
}

// defects are those of components, by scope, backend and check.
var defects = map[[3]string]defect{}

func knownDefect(scope, backend, check, standIn string) *defect {
	if d, ok := defects[[3]string{scope, backend, check}]; ok {
		return &d
	}
	if standIn != "" {
		return &defect{what: "this is not the real server, but " + standIn}
	}
	return nil
}
