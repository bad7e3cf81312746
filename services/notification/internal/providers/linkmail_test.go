package providers

import (
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/services/notification/internal/domain"
)

// passwordLink is a notice with a link that is valid as long as these tests are.
func passwordLink(t *testing.T) domain.Notice {
	t.Helper()
	asked := account("Chloé", "")
	asked.Code, asked.ExpiresAt = asked.ID+".c2VjcmV0", time.Date(2126, 1, 2, 4, 4, 5, 0, time.UTC)
	return must.Get(domain.PasswordNotice(asked, "https://stoa.example/"))(t)
}
