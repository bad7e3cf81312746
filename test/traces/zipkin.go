package traces

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// zipkinSpan is a span in Zipkin's format, version 2.
type zipkinSpan struct {
	TraceID  string            `json:"traceId"`
	ID       string            `json:"id"`
	Parent   string            `json:"parentId,omitempty"`
	Name     string            `json:"name"`
	Kind     string            `json:"kind,omitempty"`
	Began    int64             `json:"timestamp"` // in microseconds
	Took     int64             `json:"duration"`
	Endpoint map[string]string `json:"localEndpoint"`
	Tags     map[string]string `json:"tags,omitempty"`
}

// SendToZipkin sends spans to the Zipkin at this address, which reads no OTLP.
func SendToZipkin(ctx context.Context, address string, spans []Span) error {
	all := make([]zipkinSpan, len(spans))
	for i, s := range spans {
		all[i] = zipkinSpan{
			TraceID: s.TraceID, ID: s.ID, Parent: s.Parent, Name: s.Name, Kind: s.Kind, Began: s.Began.UnixMicro(),
			Took: max(1, s.Took.Microseconds()), Endpoint: map[string]string{"serviceName": s.Service}, Tags: s.Tags,
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/api/v2/spans", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the answer of Zipkin is %s", answer.Status)
	}
	return nil
}

// InZipkin is how many spans of a trace the Zipkin at this address has.
func InZipkin(ctx context.Context, address, traceID string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/v2/trace/"+traceID, http.NoBody)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var spans []struct{}
	err = json.NewDecoder(answer.Body).Decode(&spans)
	return len(spans), err
}
