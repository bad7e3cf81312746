// Package kong holds kong.yml, the table of everything that can be reached from outside. It is part of the gateway's
// program, so that this needs no file beside it wherever it runs.
package kong

import _ "embed"

// File is where the table is in this repository.
const File = "gateway/kong/kong.yml"

//go:embed kong.yml
var table []byte

// Table returns the text of kong.yml.
func Table() []byte { return table }
