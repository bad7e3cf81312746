package providers

// VerifiesAddresses reports whether those who sign up have to verify their e-mail addresses: as the setting says, or if it is
// nil, unless mails become files, from which nobody but the operator could read a code.
func VerifiesAddresses(setting *bool, mailComponent string) bool {
	if setting != nil {
		return *setting
	}
	return mailComponent != "bindings.localstorage"
}
