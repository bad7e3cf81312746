package monitoring

// The severities: critical wakes somebody up, warning waits until the morning.
const (
	critical = "critical"
	warning  = "warning"
)

// alert is a rule with a test. docs/alerts.md says what to do about it.
type alert struct {
	name, expr, lasting, severity, says string
	fires                               []example
	quiet                               example
}

type labels = map[string]string

// Series in examples have a value each minute: 0+2x30 rises by 2, thirty times.
var alerts = []alert{
	{
		"NothingMeasured", `absent(up{job="stoa-apps"})`, "5m", critical, "Prometheus scrapes no app, so no other alert can fire.",
		[]example{{"10m", []series{{`up{job="another"}`, "1x20"}}, labels{"job": "stoa-apps"}}},
		example{"10m", []series{{`up{job="stoa-apps",app="blog"}`, "0x20"}}, nil},
	}, {
		"ProcessDown", `up{job=~"stoa-apps|stoa-sidecars"} == 0`, "1m", critical, "A process does not answer.",
		[]example{{"10m", []series{{`up{job="stoa-sidecars",app="blog"}`, "1x5 0x10"}}, labels{"job": "stoa-sidecars", "app": "blog"}}},
		example{"10m", []series{{`up{job="stoa-sidecars",app="blog"}`, "1x9 0x10"}}, nil}, // for less than a minute
	}, {
		"ProcessRestarts", `changes(process_start_time_seconds{job=~"stoa-apps|stoa-sidecars"}[15m]) > 2`, "", warning,
		"A process has died more than twice in a quarter of an hour.",
		[]example{{"15m", []series{{`process_start_time_seconds{job="stoa-apps",app="blog"}`, "1x3 2x3 3x3 4x9"}}, labels{"job": "stoa-apps", "app": "blog"}}},
		example{"15m", []series{{`process_start_time_seconds{job="stoa-apps",app="blog"}`, "1x3 2x3 3x12"}}, nil},
	}, {
		"OrdersLateFast", burning(critical), "", critical, "Orders are confirmed late: at this rate the error budget of 30 days is gone in five days, or sooner.",
		burnExamples(critical),
		example{"90m", confirmed("0+999x90", "0+1000x90"), nil},
	}, {
		"OrdersLateSlow", burning(warning), "", warning, "Orders are confirmed late: at this rate the error budget does not last 30 days.",
		burnExamples(warning),
		example{"7h", confirmed("0+9995x420", "0+10000x420"), nil},
	}, {
		"OrdersWait", `sum(increase(stoa_events_published_total{type="order.placed.v1"}[10m])) > 0` +
			` unless sum(increase(stoa_orders_total{outcome=~"confirmed|rejected|cancelled"}[10m])) > 0`, "2m", critical,
		"Orders are placed, and none is decided.",
		[]example{{"30m", []series{{`stoa_events_published_total{type="order.placed.v1"}`, "0+1x30"}, {`stoa_orders_total{outcome="confirmed"}`, "7x30"}}, nil}},
		example{"30m", []series{{`stoa_events_published_total{type="order.placed.v1"}`, "0+1x30"}, {`stoa_orders_total{outcome="rejected"}`, "0+1x30"}}, nil},
	}, {
		"StockOuts", `sum(rate(stoa_reservations_total{outcome="rejected"}[30m])) / sum(rate(stoa_reservations_total[30m])) > 0.2`, "10m", warning,
		"More than a fifth of the orders is rejected, because the stock is too small.",
		[]example{{"50m", []series{{`stoa_reservations_total{outcome="rejected"}`, "0+3x50"}, {`stoa_reservations_total{outcome="reserved"}`, "0+9x50"}}, nil}},
		example{"50m", []series{{`stoa_reservations_total{outcome="rejected"}`, "0+1x50"}, {`stoa_reservations_total{outcome="reserved"}`, "0+9x50"}}, nil},
	}, {
		"DeadLetters", `max(stoa_dead_letters_waiting) > 0`, "5m", warning, "Events could not be handled, and wait for the staff.",
		[]example{{"10m", []series{{`stoa_dead_letters_waiting{app="backoffice"}`, "0x2 1x10"}}, nil}},
		example{"10m", []series{{`stoa_dead_letters_waiting{app="backoffice"}`, "0x20"}}, nil},
	}, {
		"MailsFail", `sum(rate(stoa_mails_total{outcome=~"refused|failed"}[10m])) / sum(rate(stoa_mails_total[10m])) > 0.5`, "10m", warning,
		"Most mails cannot be sent.",
		[]example{{"30m", []series{{`stoa_mails_total{outcome="failed"}`, "0+3x30"}, {`stoa_mails_total{outcome="sent"}`, "0+1x30"}}, nil}},
		example{"30m", []series{{`stoa_mails_total{outcome="failed"}`, "0+1x30"}, {`stoa_mails_total{outcome="sent"}`, "0+9x30"}}, nil},
	}, {
		"SubscriptionDown", `min by (app, topic) (stoa_subscriptions_connected) == 0`, "2m", critical, "A consumer gets no events of a topic.",
		[]example{{"10m", []series{{`stoa_subscriptions_connected{app="blog",topic="accounts"}`, "1x5 0x9"}}, labels{"app": "blog", "topic": "accounts"}}},
		example{"10m", []series{{`stoa_subscriptions_connected{app="blog",topic="accounts"}`, "0x1 1x20"}}, nil},
	}, {
		"EventsLate", `histogram_quantile(0.9, sum by (app, topic, le) (rate(stoa_events_age_seconds_bucket[10m]))) > 60`, "10m", warning,
		"Events of a topic are handled more than a minute after they were made.",
		[]example{{"40m", ages("0+1x40", "0+9x40"), labels{"app": "blog", "topic": "accounts"}}},
		example{"40m", ages("0+9x40", "0+9x40"), nil},
	}, {
		"EventsRetried", `sum by (app, topic) (rate(stoa_events_handled_seconds_count{outcome="retry"}[5m])) > 0.05`, "10m", warning,
		"A consumer fails on events again and again, because something that it needs does not answer.",
		[]example{{"30m", []series{{`stoa_events_handled_seconds_count{app="blog",topic="accounts",outcome="retry"}`, "0+6x30"}}, labels{"app": "blog", "topic": "accounts"}}},
		example{"30m", []series{{`stoa_events_handled_seconds_count{app="blog",topic="accounts",outcome="retry"}`, "0+1x30"}}, nil},
	}, {
		"PublishingFails", `sum by (app_id, topic) (rate(dapr_component_pubsub_egress_count{success="false"}[5m])) > 0`, "5m", critical,
		"The broker does not accept events of a topic.",
		[]example{{"20m", []series{{`dapr_component_pubsub_egress_count{app_id="blog",topic="posts",success="false"}`, "0+1x20"}}, labels{"app_id": "blog", "topic": "posts"}}},
		example{"20m", []series{{`dapr_component_pubsub_egress_count{app_id="blog",topic="posts",success="true"}`, "0+1x20"}}, nil},
	}, {
		"BreakerOpen", `max by (app, target) (stoa_breaker_state) > 0`, "1m", critical, "An app gives no answers to another.",
		[]example{{"10m", []series{{`stoa_breaker_state{app="gateway",target="blog"}`, "0x5 2 1 2 1 2 1"}}, labels{"app": "gateway", "target": "blog"}}},
		example{"10m", []series{{`stoa_breaker_state{app="gateway",target="blog"}`, "0x8 2 0x9"}}, nil},
	}, {
		"GatewayErrors", `sum(rate(http_server_request_duration_seconds_count{app="gateway",http_response_status_code=~"5.."}[5m]))` +
			` / sum(rate(http_server_request_duration_seconds_count{app="gateway"}[5m])) > 0.05`, "5m", critical,
		"More than a twentieth of the requests of people fails.",
		[]example{{"20m", answers("0+1x20", "0+9x20"), nil}},
		example{"20m", answers("0+1x20", "0+99x20"), nil},
	},
}

// confirmed are orders that are confirmed within two seconds, and all.
func confirmed(inTime, total string) []series {
	return []series{
		{`stoa_orders_decided_seconds_bucket{outcome="confirmed",le="2"}`, inTime},
		{`stoa_orders_decided_seconds_bucket{outcome="confirmed",le="+Inf"}`, total},
		{`stoa_orders_decided_seconds_count{outcome="confirmed"}`, total},
	}
}

// ages are events that were handled within a minute, and within five.
func ages(minute, five string) []series {
	const of = `stoa_events_age_seconds_bucket{app="blog",topic="accounts",le="`
	return []series{{of + `60"}`, minute}, {of + `300"}`, five}, {of + `+Inf"}`, five}}
}

// answers are those of the gateway that are errors, and others.
func answers(failed, fine string) []series {
	const of = `http_server_request_duration_seconds_count{app="gateway",http_response_status_code="`
	return []series{{of + `503"}`, failed}, {of + `200"}`, fine}}
}
