package web

// Page says which part of a list a request asks for. Inputs of list operations embed it.
type Page struct {
	Cursor string `query:"cursor" maxLength:"500" pattern:"^[!-~]*$" patternDescription:"visible ASCII characters" doc:"The field next of the previous page; absent or empty for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The largest number of items on the page"`
}

// Listing is the body of one page of a list.
type Listing[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
}

// ListingOf returns a page with the view of each value. next is the cursor of the page after it.
func ListingOf[D, V any](values []D, next string, view func(D) V) Listing[V] {
	page := Listing[V]{Items: make([]V, len(values)), Next: next}
	for i, value := range values {
		page.Items[i] = view(value)
	}
	return page
}
