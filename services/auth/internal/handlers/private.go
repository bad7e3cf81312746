package handlers

// noStore keeps tokens and personal data out of caches.
const noStore = "no-store"

// private is an answer that no cache may keep.
type private[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// privately returns the answer with this body, or the error.
func privately[T any](body T, err error) (*private[T], error) {
	if err != nil {
		return nil, err
	}
	return &private[T]{CacheControl: noStore, Body: body}, nil
}

// byID is the input of operations on one thing.
type byID struct {
	ID string `path:"id" format:"uuid"`
}

// changeByID is the input of operations that change one thing.
type changeByID struct {
	Client
	ID string `path:"id" format:"uuid"`
}
