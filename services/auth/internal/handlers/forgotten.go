package handlers

import "context"

type passwordLinkInput struct {
	Body struct {
		Email string `json:"email" format:"email" maxLength:"254" example:"ada@example.org"`
	}
}

func (h *handlers) mailPasswordLink(ctx context.Context, in *passwordLinkInput) (*struct{}, error) {
	return nil, h.forgotten.Ask(ctx, in.Body.Email)
}

type forgottenPasswordInput struct {
	Client
	Body struct {
		Link string `json:"link" minLength:"1" maxLength:"200" doc:"What follows code= in the mailed link"`
		New  string `json:"new" minLength:"8" maxLength:"100" doc:"At most 100 bytes in UTF-8"`
	}
}

func (h *handlers) setForgottenPassword(ctx context.Context, in *forgottenPasswordInput) (*struct{}, error) {
	return nil, h.forgotten.Set(ctx, in.Body.Link, in.Body.New, in.from())
}
