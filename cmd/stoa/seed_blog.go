package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/errs"
)

// editor is the account of the first start that reviews the demo posts.
const editor = "editor"

// errUnverified says that nobody can act for the demo people.
var errUnverified = errors.New("their addresses have to be verified, and nobody reads their mail")

// seedBlog fills an empty blog, and completes one that an earlier run has begun to fill.
func seedBlog(ctx context.Context, out io.Writer, c credentials) error {
	blog, err := readDemoBlog()
	if err != nil {
		return err
	}
	s := &blogSeeder{demoBlog: blog, anyone: visitor{credentials: c}, people: map[string]*visitor{}, done: map[string]bool{}}
	posts, comments, err := s.run(ctx)
	switch {
	case errors.Is(err, errUnverified):
		fmt.Fprintf(out, "The blog stays without posts of the demo people: %s.\n", err)
		return nil
	case err != nil:
		return fmt.Errorf("cannot fill the blog: %w", err)
	case posts == 0:
		fmt.Fprintln(out, "The blog has posts already; none were added.")
		return nil
	}
	fmt.Fprintf(out, "Added %d posts and %d comments to the blog.\n", posts, comments)
	return nil
}

// blogSeeder fills the blog through the gateway, as the demo people.
type blogSeeder struct {
	demoBlog
	anyone   visitor
	people   map[string]*visitor
	done     map[string]bool // the posts that are complete, by name
	comments int             // how many were added
}

// run adds the demo posts with their comments, and returns how many there are, or 0 if nothing is to be done. Each request takes
// effect once, so that a run completes what an earlier one has begun, and what was removed since stays removed.
func (s *blogSeeder) run(ctx context.Context) (posts, comments int, err error) {
	if needed, err := s.needed(ctx); err != nil || !needed {
		return 0, 0, err
	}
	if err := s.signInAll(ctx); err != nil {
		return 0, 0, err
	}
	// An editor who has not signed in yet is told of no submission. The address of the demo's editor gets few mails in an hour, and
	// those that people cause should be among them.
	if err := s.eachPost(ctx); err != nil {
		return 0, 0, err
	}
	if err := s.signIn(ctx, editor); err != nil {
		return 0, 0, err
	}
	err = s.eachPost(ctx)
	return len(s.done), s.comments, err
}

// eachPost takes each post as far as those who are signed in can take it.
func (s *blogSeeder) eachPost(ctx context.Context) error {
	for _, p := range s.Posts {
		if s.done[p.name] {
			continue
		}
		if err := s.post(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// needed reports whether the blog is empty, or an earlier run has added the first post and not the last.
func (s *blogSeeder) needed(ctx context.Context) (bool, error) {
	var latest struct{ Items []json.RawMessage }
	if err := s.anyone.call(ctx, http.MethodGet, "/blog/list/latest?limit=1", nil, nil, &latest); err != nil || len(latest.Items) == 0 {
		return err == nil, err
	}
	first, err := s.isPublic(ctx, s.Posts[0])
	if err != nil || !first {
		return false, err
	}
	last, err := s.isPublic(ctx, s.Posts[len(s.Posts)-1])
	return !last, err
}

func (s *blogSeeder) isPublic(ctx context.Context, p demoPost) (bool, error) {
	err := s.anyone.call(ctx, http.MethodGet, "/blog/slug/"+p.name, nil, nil, nil)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// signIn signs in one of the accounts of the first start.
func (s *blogSeeder) signIn(ctx context.Context, name string) error {
	s.people[name] = &visitor{credentials: s.anyone.credentials}
	_, err := s.people[name].signIn(ctx, name, s.anyone.Accounts[name])
	return err
}

// signInAll signs in the admin and the demo people, who get their accounts and roles if they have none.
func (s *blogSeeder) signInAll(ctx context.Context) error {
	if err := s.signIn(ctx, "admin"); err != nil {
		return err
	}
	for _, group := range []struct {
		people map[string]person
		role   string
	}{{s.Authors, "AUTHOR"}, {s.Readers, "LEARNER"}} {
		for _, name := range slices.Sorted(maps.Keys(group.people)) {
			v, err := s.enter(ctx, group.people[name], group.role)
			if err != nil {
				return err
			}
			s.people[name] = v
		}
	}
	return nil
}

// enter signs somebody in who has this role.
func (s *blogSeeder) enter(ctx context.Context, p person, role string) (*visitor, error) {
	v := s.anyone
	own := secrets.Account{Email: p.Email, Password: s.password(p)}
	signUp := map[string]string{"email": own.Email, "password": own.Password, "name": p.Name}
	if err := v.call(ctx, http.MethodPost, "/auth/signup/basic", nil, signUp, nil); err != nil && !errs.Is(err, errs.Conflict) {
		return nil, fmt.Errorf("signing up as %s: %w", p.Name, err)
	}
	user, err := v.signIn(ctx, p.Name, own)
	switch {
	case err != nil:
		return nil, err
	case !user.Verified:
		return nil, errUnverified
	case slices.Contains(user.Roles, role):
		return &v, nil
	}
	roles := map[string][]string{"roles": append(user.Roles, role)}
	if err := s.people["admin"].call(ctx, http.MethodPut, "/auth/users/"+user.ID+"/roles", nil, roles, nil); err != nil {
		return nil, fmt.Errorf("giving %s the role %s: %w", p.Name, role, err)
	}
	_, err = v.signIn(ctx, p.Name, own) // services remember the roles of a session for some seconds
	return &v, err
}

// password returns the same password for somebody in every run. Nobody knows it who does not know the admin's.
func (s *blogSeeder) password(p person) string {
	mac := hmac.New(sha256.New, []byte(s.anyone.Accounts["admin"].Password))
	mac.Write([]byte(p.Email))
	return hex.EncodeToString(mac.Sum(nil))
}

// post adds a post and its comments, or the beginning of that if the next step is by somebody who is not signed in. Each step makes
// one version of the post, so the version says which steps are done.
func (s *blogSeeder) post(ctx context.Context, p demoPost) error {
	var stored struct {
		ID      string
		Version int
	}
	err := s.people[p.author()].call(ctx, http.MethodPost, "/blog/author", keyed("seed-"+p.name), p.revisions[0].content, &stored)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for done, step := range p.steps(stored.ID) {
		if stored.Version > done+1 {
			continue
		}
		if s.people[step.by] == nil { // not yet
			return nil
		}
		match := map[string]string{"If-Match": fmt.Sprintf(`"%d"`, done+1)}
		if err := s.people[step.by].call(ctx, step.method, step.path, match, step.body, &stored); err != nil {
			return fmt.Errorf("%s %s: %w", step.method, step.path, err)
		}
	}
	s.done[p.name] = true
	return s.comment(ctx, stored.ID, "", "seed-"+p.name, s.Comments[p.name])
}

// comment adds comments to a post, or replies to one of its comments.
func (s *blogSeeder) comment(ctx context.Context, postID, replyTo, key string, remarks []remark) error {
	for i, r := range remarks {
		body := map[string]string{"text": r.Text}
		if replyTo != "" {
			body["replyTo"] = replyTo
		}
		var stored struct{ ID string }
		key := fmt.Sprintf("%s-%d", key, i)
		err := s.people[r.By].call(ctx, http.MethodPost, "/blog/id/"+postID+"/comments", keyed(key), body, &stored)
		if gone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("a comment by %s: %w", r.By, err)
		}
		s.comments++
		if err := s.comment(ctx, postID, stored.ID, key, r.Replies); err != nil {
			return err
		}
	}
	return nil
}

// gone reports whether what a request would add was added by an earlier run, and was removed since or had another text.
func gone(err error) bool { return errs.Is(err, errs.NotFound) || errs.Is(err, errs.KeyReused) }
