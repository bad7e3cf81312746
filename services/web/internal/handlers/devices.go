package handlers

import "strings"

// named is a text that a user agent contains, and what people call what has it.
type named struct{ text, name string }

// The first one that a user agent contains counts: most programs claim to be those after them.
var (
	programs = []named{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systems = []named{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// device returns the program and the system of a user agent, as people call them, each "" if it is not known.
func device(userAgent string) (program, system string) {
	return nameIn(userAgent, programs), nameIn(userAgent, systems)
}

func nameIn(userAgent string, all []named) string {
	for _, n := range all {
		if strings.Contains(userAgent, n.text) {
			return n.name
		}
	}
	return ""
}
