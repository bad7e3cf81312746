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

// GetEach implements domain.SettingsStore.
func (r *Settings) GetEach(ctx context.Context, accountIDs []string) (map[string]domain.Settings, error) {
	if len(accountIDs) == 1 {
		found, err := r.documents.Find(ctx, accountIDs[0])
		return map[string]domain.Settings{accountIDs[0]: found.Value}, err
	}
	return byAccount(r.documents.GetEach(ctx, accountIDs))
}

// GetMany implements domain.SettingsStore. Most accounts have decided nothing: to look for each of them again takes as many calls.
func (r *Settings) GetMany(ctx context.Context, accountIDs []string) (map[string]domain.Settings, error) {
	return byAccount(r.documents.GetMany(ctx, accountIDs))
}

func byAccount(found []sidecar.Document[domain.Settings], err error) (map[string]domain.Settings, error) {
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
