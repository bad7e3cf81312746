package monitoring

// The parts of queries that come again.
const (
	all       = `{job=~"stoa-.+"}`
	apps      = `{job="stoa-apps"}`
	requests  = "http_server_request_duration_seconds"
	published = "stoa_events_published_total"
	handled   = "stoa_events_handled_seconds"
	decided   = "stoa_orders_decided_seconds"
	stores    = "dapr_component_state"
)

// byStatus are the requests to an app in a minute, by the status of the answer.
func byStatus(app string) string {
	return perMinute(requests+`_count{app="`+app+`"}`, "http_response_status_code")
}

const statusLegend = "{{http_response_status_code}}"

var dashboards = []dashboard{
	{"system", "system", []panel{
		{"Processes", "short", "Those that answer, of those that there should be.", []line{
			{"sum by (job) (up" + all + ")", "{{job}} up"}, {"count by (job) (up" + all + ")", "{{job}} wanted"},
		}},
		one("Restarts in an hour", "short", "sum by (app, job) (changes(process_start_time_seconds"+all+"[1h]))", "{{app}} {{job}}",
			"What dies is started again; each line above zero has a reason in the log."),
		one("CPU", "short", "sum by (app, job) (rate(process_cpu_seconds_total"+all+window+"))", "{{app}} {{job}}", "In cores."),
		one("Memory", "bytes", "sum by (app, job) (process_resident_memory_bytes"+all+")", "{{app}} {{job}}",
			"Sidecars share most of theirs: see docs/performance.md."),
		one("Requests a minute", "cpm", perMinute(requests+"_count"+apps, "app"), "{{app}}", "What sidecars ask of apps; the gateway's are from people."),
		one("Slowest requests", "s", quantile(.99, requests, apps, "app"), "{{app}} 99 %", "A stream of an order counts until it ends."),
		one("Goroutines", "short", "sum by (app) (go_goroutines"+apps+")", "{{app}}", "A line that only rises is a leak."),
		one("Open files", "short", "sum by (app, job) (process_open_fds"+all+")", "{{app}} {{job}}", "Connections are among them."),
		one("Circuit breakers", "short", "max by (app, target) (stoa_breaker_state)", "{{app}} to {{target}}", "0 closed, 1 half-open, 2 open: the app that is called gives no answers."),
	}},
	{"orders", "orders", []panel{
		one("Placed a minute", "cpm", perMinute(published+`{type="order.placed.v1"}`, ""), "placed", "Requests that were answered with 201, and those that were repeated after an outage."),
		one("What became of them, a minute", "cpm", perMinute("stoa_orders_total", "outcome"), "{{outcome}}", "Each order is counted once for each status that it reaches."),
		{"Accepted to confirmed", "s", "The promise: 99.9 % within two seconds.", spread(decided, `{outcome="confirmed"}`)},
		one("Confirmed within two seconds", "percentunit", inTime("$__rate_interval"), "share", "The objective is 99.9 % of 30 days."),
		{"Error budget", "short", "How many times faster than in 30 days it is used up. At 14.4, two days are left.", []line{
			{lateRule("1h") + " / " + budget, "of an hour"}, {lateRule("6h") + " / " + budget, "of six hours"},
		}},
		one("Stock, orders a minute", "cpm", perMinute("stoa_reservations_total", "outcome"), "{{outcome}}", "Rejected: the stock was too small. Cancelled: the order ended first."),
		one("Steps of an order", "s", quantile(.95, handled, `{topic=~"order-.+|stock"}`, "app, type"), "{{app}} {{type}}", "Time in handlers; 95 % are shorter."),
		one("Waiting between steps", "s", quantile(.95, "stoa_events_age_seconds", `{topic=~"order-.+|stock"}`, "app, topic"), "{{app}} {{topic}}", "Age of events when they are handled: the broker, and events before them."),
		one("Mails a minute", "cpm", perMinute("stoa_mails_total", "outcome"), "{{outcome}}", "Attempts. Refused: this mail. Failed: the mail server takes none. Postponed: too many to one address."),
	}},
	{"blog", "blog", []panel{
		one("Posts a minute", "cpm", perMinute("stoa_posts_total", "outcome"), "{{outcome}}", "What authors and editors do."),
		one("Comments a minute", "cpm", perMinute(published+`{type="comment.added.v1"}`, ""), "comments", ""),
		one("Pages of followers told a minute", "cpm", perMinute(published+`{type="post.announced.v1"}`, ""), "pages", "25 followers each."),
		one("Requests a minute", "cpm", byStatus("blog"), statusLegend, "Those that the gateway's cache did not answer."),
		{"Answers", "s", "Time in the app.", spread(requests, `{app="blog"}`)},
		one("Its store, calls a minute", "cpm", perMinute(stores+`_count{app_id="blog"}`, "operation"), "{{operation}}", ""),
	}},
	{"pages", "pages", []panel{
		one("Answers a minute", "cpm", byStatus("web"), statusLegend, "303: a form was carried out. 503: an app that the page needs does not answer."),
		{"Answers", "s", "Time in web, with the calls that a page makes.", spread(requests, `{app="web"}`)},
		one("Calls of other apps a minute", "cpm", perMinute(`dapr_runtime_service_invocation_req_sent_total{app_id="web"}`, "dst_app_id"), "{{dst_app_id}}", ""),
		one("Circuit breakers", "short", `max by (target) (stoa_breaker_state{app="web"})`, "{{target}}", "0 closed, 1 half-open, 2 open."),
		one("Its store, calls a minute", "cpm", perMinute(stores+`_count{app_id="web"}`, "operation"), "{{operation}}", "Sessions and carts."),
		one("CPU", "short", `sum by (job) (rate(process_cpu_seconds_total{app="web"}`+window+"))", "{{job}}", "In cores."),
	}},
	{"events", "events and lag", []panel{
		one("Published a minute", "cpm", perMinute(published, "topic"), "{{topic}}", "What the broker has accepted."),
		one("Handled a minute", "cpm", perMinute(handled+`_count`, "app, topic"), "{{app}} {{topic}}", "Retries count too."),
		one("Outcomes a minute", "cpm", perMinute(handled+"_count", "app, outcome"), "{{app}} {{outcome}}", "Retries are an outage, or a defect that becomes a dead letter after ten."),
		one("Lag", "s", quantile(.95, "stoa_events_age_seconds", "", "app, topic"), "{{app}} {{topic}}", "Age of events when they are handled at last, on any bus. A dead letter that is replayed has its old age."),
		one("Handlers", "s", quantile(.95, handled, "", "app, topic"), "{{app}} {{topic}}", "They have seven seconds."),
		one("Subscriptions", "short", "min by (app, topic) (stoa_subscriptions_connected)", "{{app}} {{topic}}", "1: the sidecar delivers the topic."),
		one("Delivered by sidecars a minute", "cpm", perMinute("dapr_component_pubsub_ingress_count", "app_id, process_status"), "{{app_id}} {{process_status}}", ""),
		one("Publishing", "ms", quantile(.95, "dapr_component_pubsub_egress_latencies", "", "topic"), "{{topic}}", "Until the broker has acknowledged, as sidecars see it."),
	}},
	{"dead-letters", "dead letters", []panel{
		one("Waiting", "short", "max(stoa_dead_letters_waiting)", "dead letters", "Neither replayed nor deleted, among the newest thousand. Counted every 30 s."),
		one("New, a minute, by consumer", "cpm", perMinute(handled+`_count{outcome="dead_letter"}`, "app"), "{{app}}", "Who could not handle an event."),
		one("New, a minute, by type", "cpm", perMinute(handled+`_count{outcome="dead_letter"}`, "topic, type"), "{{topic}} {{type}}", "What could not be handled."),
		one("Stored a minute", "cpm", perMinute(handled+`_count{topic="dead-letters"}`, "outcome"), "{{outcome}}", "By backoffice."),
	}},
	{"sidecars", "sidecars", []panel{
		one("Stores, calls a minute", "cpm", perMinute(stores+"_count", "app_id, operation"), "{{app_id}} {{operation}}", ""),
		one("Stores, by success", "cpm", perMinute(stores+"_count", "operation, success"), "{{operation}} {{success}}", "A write that another came before is not a success, and is repeated."),
		one("Stores", "ms", quantile(.95, stores+"_latencies", "", "app_id, operation"), "{{app_id}} {{operation}}", ""),
		one("Publishing a minute", "cpm", perMinute("dapr_component_pubsub_egress_count", "app_id, topic, success"), "{{app_id}} {{topic}} {{success}}", ""),
		one("Handling, with the app", "ms", quantile(.95, "dapr_component_pubsub_ingress_latencies", "", "app_id, topic"), "{{app_id}} {{topic}}", ""),
		one("Calls between apps a minute", "cpm", perMinute("dapr_runtime_service_invocation_req_sent_total", "app_id, dst_app_id"), "{{app_id}} to {{dst_app_id}}", ""),
		one("Bindings", "ms", quantile(.95, "dapr_component_output_binding_latencies", "", "component, success"), "{{component}} {{success}}", "Mails."),
		one("Policies a minute", "cpm", perMinute("dapr_resiliency_count", "app_id, policy"), "{{app_id}} {{policy}}", "Timeouts and retries of components/config/resiliency."),
		one("Memory", "bytes", `sum by (app) (process_resident_memory_bytes{job="stoa-sidecars"})`, "{{app}}", ""),
	}},
	{"gateway", "gateway", []panel{
		one("Requests a minute", "cpm", byStatus("gateway"), statusLegend, "401 and 403: API keys. 429: limits. 503: an app does not answer."),
		{"Answers", "s", "A stream counts until it ends.", spread(requests, `{app="gateway"}`)},
		one("Methods a minute", "cpm", perMinute(requests+`_count{app="gateway"}`, "http_request_method"), "{{http_request_method}}", ""),
		one("Bytes a second", "Bps", `sum (rate(http_server_response_body_size_bytes_sum{app="gateway"}`+window+"))", "sent", ""),
		one("Circuit breakers", "short", `max by (target) (stoa_breaker_state{app="gateway"})`, "{{target}}", "0 closed, 1 half-open, 2 open."),
		one("CPU", "short", `sum by (job) (rate(process_cpu_seconds_total{app="gateway"}`+window+"))", "{{job}}", "In cores."),
	}},
}
