package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"stoa/gateway/edge/apikey"
)

const (
	defaultTimeoutMS    = 1000
	defaultCacheSeconds = 4
)

// Config is what kong.yml says under `config` of one use of the plugin. Kong reads its own schema out of the fields, and
// sends null for a setting that is left out.
type Config struct {
	// VerificationURLs are those of auth's operation verify/apikey; the next is asked when one does not answer in time.
	VerificationURLs []string `json:"verification_urls"`
	// TimeoutMS is how long one URL may take to answer.
	TimeoutMS *int `json:"timeout_ms"`
	// CacheSeconds is how long an answer is used, at most 5.
	CacheSeconds *int `json:"cache_seconds"`
	// Permission is what a key must allow: "shop" stands for shop:read or, for unsafe methods, shop:write.
	Permission string `json:"permission"`
	// LimitPerMinute is how many requests a key may send in a minute; 0 is without limit.
	LimitPerMinute int `json:"limit_per_minute"`
	// Anonymous lets requests without a key through.
	Anonymous bool `json:"anonymous"`
	// Browser lets what browsers send for their app go on: our cookies, and where a request comes from.
	Browser bool `json:"browser"`

	edge *edge
	keys *apikey.Checker
}

// UnmarshalJSON reads the settings when Kong starts a use of the plugin. What it refuses never runs: Kong answers such
// requests with 500.
func (c *Config) UnmarshalJSON(raw []byte) error {
	type settings Config // without this method
	if err := json.Unmarshal(raw, (*settings)(c)); err != nil {
		return err
	}
	if c.LimitPerMinute < 0 {
		return errors.New("limit_per_minute is negative")
	}
	if c.Anonymous {
		return nil
	}
	timeout, age, err := c.times()
	if err != nil {
		return err
	}
	c.keys, err = c.edge.checker(c.VerificationURLs, timeout, age)
	return err
}

// times returns how long a URL may take, and how long an answer is used.
func (c *Config) times() (timeout, age time.Duration, err error) {
	timeout = time.Duration(or(c.TimeoutMS, defaultTimeoutMS)) * time.Millisecond
	if timeout <= 0 {
		return 0, 0, errors.New("timeout_ms must be positive")
	}
	if len(c.VerificationURLs) == 0 {
		return 0, 0, errors.New("verification_urls is empty")
	}
	for _, text := range c.VerificationURLs {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return 0, 0, fmt.Errorf("verification_urls: %q is not an http URL", text)
		}
	}
	return timeout, time.Duration(or(c.CacheSeconds, defaultCacheSeconds)) * time.Second, nil
}

func or(value *int, otherwise int) int {
	if value == nil {
		return otherwise
	}
	return *value
}
