package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// Settings implements domain.SettingsStore: a document for each account that has decided something.
type Settings struct {
	documents *sidecar.Documents[domain.Settings]
}

// NewSettings returns the settings in the store behind a sidecar.
func NewSettings(s *sidecar.Sidecar) *Settings {
	return &Settings{sidecar.NewDocuments[domain.Settings](s, store, "mail-settings")}
}

// GetEach implements domain.SettingsStore. Most accounts have decided nothing, so it does not look twice for those that a store
// leaves out of several when it fails in between. Mails that wait ask for one account again before they are sent.
func (r *Settings) GetEach(ctx context.Context, accountIDs []string) (map[string]domain.Settings, error) {
	if len(accountIDs) == 1 {
		found, err := r.documents.Find(ctx, accountIDs[0])
		return map[string]domain.Settings{accountIDs[0]: found.Value}, err
	}
	found, err := r.documents.GetMany(ctx, accountIDs)
	byID := make(map[string]domain.Settings, len(found))
	for _, d := range found {
		byID[d.ID] = d.Value
	}
	return byID, err
}

// Upsert implements domain.SettingsStore.
func (r *Settings) Upsert(ctx context.Context, accountID string, change func(*domain.Settings) error) (domain.Settings, error) {
	return r.documents.Upsert(ctx, accountID, func(s *domain.Settings) error {
		s.ID = accountID
		return change(s)
	})
}
