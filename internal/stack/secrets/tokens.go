package secrets

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"stoa/internal/stack/state"
)

// Tokens are the secrets by which an app and its sidecar identify each other. Both get them from their environment, never
// from a store.
type Tokens struct {
	Dapr string `json:"DAPR_API_TOKEN"` // the app sends it to the sidecar
	App  string `json:"APP_API_TOKEN"`  // the sidecar sends it to the app
}

// TokensPath is the file of the tokens.
func TokensPath(dir string) string { return state.Path(dir, "tokens.json") }

// EnsureTokens reads the tokens, or makes them.
func EnsureTokens(dir string) (Tokens, error) {
	path := TokensPath(dir)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		tokens := Tokens{Dapr: randomText(24), App: randomText(24)}
		return tokens, state.Write(path, tokens)
	}
	if err != nil {
		return Tokens{}, err
	}
	var tokens Tokens
	if err := json.Unmarshal(text, &tokens); err != nil || tokens.Dapr == "" || tokens.App == "" {
		return Tokens{}, fmt.Errorf("%s is not valid; delete it and start again, nothing depends on it", state.ShortPath(path))
	}
	return tokens, nil
}

// randomText is URL-safe text with that many bytes of randomness.
func randomText(bytes int) string {
	buf := make([]byte, bytes)
	_, _ = rand.Read(buf) // never fails: crypto/rand ends the program rather than return an error
	return base64.RawURLEncoding.EncodeToString(buf)
}
