package web

// Page is the part of a list that a request asks for. Inputs of list operations embed it.
type Page struct {
	Cursor string `query:"cursor" doc:"The value of next in the previous page; absent for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The largest number of items to return"`
}

// Listing is the body of one page of a list.
type Listing[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
}

// ListingOf returns the page with a view of each value, and next as the cursor of the page after it.
func ListingOf[D, V any](values []D, next string, view func(D) V) Listing[V] {
	page := Listing[V]{Items: make([]V, len(values)), Next: next}
	for i, value := range values {
		page.Items[i] = view(value)
	}
	return page
}
