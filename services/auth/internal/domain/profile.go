package domain

import (
	"context"
	"net/url"
	"time"

	"stoa/pkg/common/errs"
)

// Profile is what owners can change about their accounts. A nil field changes nothing.
type Profile struct {
	Name       *string
	PictureURL *string
}

// maxPictureURL is the longest URL of a picture, in bytes.
const maxPictureURL = 2000

// ChangeProfile changes the profile of the account that acts. Its error names every wrong field.
func (a *Accounts) ChangeProfile(ctx context.Context, by Actor, to Profile) (Account, error) {
	var faults []errs.Field
	var name string
	if to.Name != nil {
		name, faults = parseName(*to.Name, minName, maxName)
	}
	if to.PictureURL != nil && !isPictureURL(*to.PictureURL) {
		faults = append(faults, errs.Field{Name: "profilePicUrl", Problem: "must be a URL such as https://example.org/ada.png"})
	}
	if err := errs.InvalidFields(faults...); err != nil {
		return Account{}, err
	}
	account, err := a.authority.account(ctx, by, ChangeProfile)
	if err != nil {
		return Account{}, err
	}
	entry, now := ChangeProfile.entry(account.ID, by.From), time.Now().UTC().Truncate(time.Microsecond)
	err = a.publisher.update(ctx, account.ID, lasting(ctx, a.authority, by, entry, func(stored *Account) error {
		before := *stored
		if to.Name != nil {
			stored.Name = name
		}
		if to.PictureURL != nil {
			stored.PictureURL = *to.PictureURL
		}
		changed := stored.Name != before.Name || stored.PictureURL != before.PictureURL
		if changed && stored.Verified() { // others see nothing of an account before it is
			stored.recordLatest(ProfileChanged, now)
		}
		account = *stored
		return nil
	}))
	return account, err
}

// isPictureURL accepts absolute HTTP URLs, and "" for no picture.
func isPictureURL(text string) bool {
	parsed, err := url.Parse(text)
	return text == "" || err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != "" &&
		parsed.User == nil && len(text) <= maxPictureURL
}
