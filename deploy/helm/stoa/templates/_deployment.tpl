{{/* The pods of one app. A list: the root, the app, its values, the components that its sidecar loads, and a text that
changes when the sidecar has to start again. */}}

{{/* The annotations by which Dapr adds the sidecar. */}}
{{- define "stoa.sidecar" -}}
{{- $root := index . 0 -}}{{- $app := index . 1 -}}{{- $values := index . 2 -}}{{- $components := index . 3 -}}
{{- $dapr := $root.Values.dapr -}}
{{- $names := include "stoa.ownSecrets" (list $root $app.id) | fromJsonArray -}}
{{- $mounts := list }}{{ $env := list -}}
{{- range $components -}}
{{- range .spec.metadata }}{{ if .secretKeyRef }}{{ $names = append $names .secretKeyRef.name }}{{ end }}{{ end -}}
{{- if eq .spec.type "bindings.localstorage" }}{{ $mounts = append $mounts (printf "%s:/state/.stoa/%s" .metadata.name .metadata.name) }}{{ end -}}
{{- if eq .spec.type "pubsub.jetstream" -}}
{{- with ternary "broker:14222" $root.Values.broker.address (not (empty (include "stoa.embedded" $root))) }}{{ $env = list (printf "STOA_BROKER=%s" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $secrets := list -}}
{{- range $names | uniq | sortAlpha -}}
{{- $from := include "stoa.secretKey" (list $root .) | fromJson -}}
{{- $secrets = append $secrets (printf "%s=%s:%s" . $from.name $from.key) -}}
{{- end -}}
{{- range $name, $value := $values.env }}{{ if hasPrefix "OTEL_" $name -}}
{{- if regexMatch `,\s*[a-zA-Z_][a-zA-Z0-9_]*=` $value }}{{ fail (printf "env.%s: Dapr would take what follows a comma for another variable of the sidecar" $name) }}{{ end -}}
{{- $env = append $env (printf "%s=%s" $name $value) }}{{ end }}{{ end -}}
dapr.io/enabled: "true"
dapr.io/app-id: {{ $app.id }}
dapr.io/config: {{ $app.id }}
{{- if and $app.port (not (and $app.public $root.Values.kong.enabled)) }}
dapr.io/app-port: {{ quote $app.port }}
dapr.io/app-protocol: {{ $app.protocol }}
{{- end }}
dapr.io/sidecar-image: {{ include "stoa.image" $root.Values.images.sidecar }}
dapr.io/api-token-secret: {{ $app.id }}-token
dapr.io/app-token-secret: {{ $app.id }}-token
{{- with $secrets }}
dapr.io/env-from-secret: {{ join "," . | quote }}
{{- end }}
{{- with $env }}
dapr.io/env: {{ join "," . | quote }}
{{- end }}
{{- with $mounts }}
dapr.io/volume-mounts-rw: {{ join "," . | quote }}
{{- end }}
{{- if $root.Values.certificates }}
dapr.io/volume-mounts: certificates:/etc/ssl/certs
{{- end }}
dapr.io/disable-builtin-k8s-secret-store: "true"
{{- if not $dapr.actors }}
dapr.io/scheduler-host-address: " "
dapr.io/placement-host-address: " "
{{- end }}
dapr.io/sidecar-listen-addresses: 127.0.0.1
dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
dapr.io/read-buffer-size: 32Ki
dapr.io/log-level: {{ $dapr.logLevel }}
dapr.io/log-as-json: "true"
dapr.io/graceful-shutdown-seconds: "15"
dapr.io/sidecar-readiness-probe-period-seconds: "2"
dapr.io/sidecar-readiness-probe-timeout-seconds: "3"
dapr.io/sidecar-readiness-probe-threshold: "6"
dapr.io/sidecar-liveness-probe-timeout-seconds: "5"
dapr.io/sidecar-liveness-probe-threshold: "6"
{{- if $dapr.nativeSidecar }}
dapr.io/enable-native-sidecar: "true"
{{- else }}
dapr.io/block-shutdown-duration: {{ add $root.Values.shutdown.unfound 20 }}s
{{- end }}
{{- with $values.sidecar.requests }}
{{- with .cpu }}
dapr.io/sidecar-cpu-request: {{ quote . }}
{{- end }}
{{- with .memory }}
dapr.io/sidecar-memory-request: {{ quote . }}
{{- end }}
{{- end }}
{{- with $values.sidecar.limits }}
{{- with .cpu }}
dapr.io/sidecar-cpu-limit: {{ quote . }}
{{- end }}
{{- with .memory }}
dapr.io/sidecar-memory-limit: {{ quote . }}
{{- end }}
{{- end }}
{{- range $name, $value := $dapr.annotations }}
dapr.io/{{ $name }}: {{ quote $value }}
{{- end }}
{{- end }}

{{/* The container of the app. Only probes and metrics can be reached from outside the pod, and the port of the public app. */}}
{{- define "stoa.container" -}}
{{- $root := index . 0 -}}{{- $app := index . 1 -}}{{- $values := index . 2 -}}
- name: app
  image: {{ include "stoa.image" $root.Values.images.apps }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy }}
  command: [/{{ $app.program }}]
  env:
    - {name: APP_ID, value: {{ $app.id }}}
{{- if $app.port }}
    - {name: APP_PORT, value: {{ quote $app.port }}}
{{- end }}
{{- if $app.public }}
    - {name: HOST, value: 0.0.0.0}
{{- end }}
    - {name: PROBE_HOST, value: 0.0.0.0}
    - {name: PROBE_PORT, value: "8200"}
    - {name: DAPR_API_TOKEN, valueFrom: {secretKeyRef: {name: {{ $app.id }}-token, key: token}}}
    - {name: APP_API_TOKEN, valueFrom: {secretKeyRef: {name: {{ $app.id }}-token, key: token}}}
{{- range $name, $value := merge dict $values.env ($app.env | default dict) }}
    - {name: {{ $name }}, value: {{ quote $value }}}
{{- end }}
  ports:
{{- if $app.public }}
    - {name: http, containerPort: {{ $app.port }}}
{{- end }}
    - {name: probes, containerPort: 8200}
  # Alive: the process answers. It waits for its sidecar first, which waits for its broker.
  startupProbe: {httpGet: {path: /healthz, port: probes}, periodSeconds: 1, timeoutSeconds: 4, failureThreshold: 300}
  livenessProbe: {httpGet: {path: /healthz, port: probes}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
  # Ready: sidecar, store and subscriptions answer. A short outage of a server, which all pods share, makes none unready.
  readinessProbe: {httpGet: {path: /readyz, port: probes}, periodSeconds: 5, timeoutSeconds: 4, failureThreshold: 4}
  # It still answers while others learn that it is leaving.
  lifecycle: {preStop: {sleep: {seconds: {{ $root.Values.shutdown.unfound }}}}}
  resources: {{ toJson $values.resources }}
  securityContext: {{ include "stoa.containerSecurity" . }}
{{- if $root.Values.certificates }}
  volumeMounts: [{name: certificates, mountPath: /etc/ssl/certs, readOnly: true}]
{{- end }}
{{- end }}

{{/* Kong in place of the built-in gateway, with the same routes. It serves no metrics where the apps do, so its port has another name. */}}
{{- define "stoa.kong" -}}
{{- $root := index . 0 -}}{{- $app := index . 1 -}}{{- $values := index . 2 -}}
- name: app
  image: {{ $root.Values.kong.image }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy }}
  command: [/docker-entrypoint.sh]
  args: [kong, docker-start]
  env:
    - {name: DAPR_API_TOKEN, valueFrom: {secretKeyRef: {name: {{ $app.id }}-token, key: token}}}
{{- $kong := ($root.Files.Get "compose/kong.yml" | fromYaml).services.gateway.environment }}
{{- $own := dict "KONG_STATUS_LISTEN" "0.0.0.0:8200" }}
{{- range $name, $value := $values.env }}{{ if hasPrefix "KONG_" $name }}{{ $_ := set $own $name $value }}{{ end }}{{ end }}
{{- range $name, $value := merge $own $kong }}
    - {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
  ports:
    - {name: http, containerPort: {{ $app.port }}}
    - {name: status, containerPort: 8200}
  startupProbe: {httpGet: {path: /status, port: status}, periodSeconds: 1, timeoutSeconds: 4, failureThreshold: 300}
  livenessProbe: {httpGet: {path: /status, port: status}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
  readinessProbe: {httpGet: {path: /status/ready, port: status}, periodSeconds: 5, timeoutSeconds: 4, failureThreshold: 4}
  lifecycle: {preStop: {sleep: {seconds: {{ $root.Values.shutdown.unfound }}}}}
  resources: {{ toJson $root.Values.kong.resources }}
  securityContext: {{ include "stoa.containerSecurity" . }}
  volumeMounts:
{{- range list "kong.yml" "http.conf" "proxy.conf" }}
    - {name: kong, mountPath: /stoa/{{ . }}, subPath: {{ . }}, readOnly: true}
{{- end }}
    - {name: run, mountPath: /run/kong}
    - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "stoa.deployment" -}}
{{- $root := index . 0 -}}{{- $app := index . 1 -}}{{- $values := index . 2 -}}{{- $components := index . 3 -}}
{{- $kong := and $root.Values.kong.enabled ($app.public | default false) -}}
{{- $scaled := ternary $root.Values.scaling.events.enabled $root.Values.scaling.cpu.enabled (not (empty $app.consumes)) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $app.id }}
  labels: {{- include "stoa.labels" (list $root $app.id) | nindent 4 }}
spec:
{{- if not $scaled }}
  replicas: {{ $values.replicas }}
{{- end }}
  revisionHistoryLimit: 3
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector:
    matchLabels: {{- include "stoa.selector" (list $root $app.id) | nindent 6 }}
  template:
    metadata:
      labels: {{- include "stoa.selector" (list $root $app.id) | nindent 8 }}
        app.kubernetes.io/part-of: stoa
      annotations:
        checksum/dapr: {{ index . 4 | quote }}
{{- if and $root.Values.metrics.annotations (not $kong) }}
        prometheus.io/scrape: "true"
        prometheus.io/port: "8200"
        prometheus.io/path: /metrics
{{- end }}
{{- include "stoa.sidecar" . | nindent 8 }}
{{- with $values.podAnnotations }}
{{- toYaml . | nindent 8 }}
{{- end }}
    spec:
      serviceAccountName: {{ $app.id }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ $root.Values.shutdown.grace }}
{{- with $values.priorityClassName }}
      priorityClassName: {{ . }}
{{- end }}
      securityContext: {{- include "stoa.podSecurity" (ternary 1000 65532 $kong) | nindent 8 }}
{{- include "stoa.pullSecrets" $root | nindent 6 }}
{{- with $values.nodeSelector }}
      nodeSelector: {{ toJson . }}
{{- end }}
{{- with $values.tolerations }}
      tolerations: {{ toJson . }}
{{- end }}
{{- with $values.topologySpread }}
      topologySpreadConstraints:
{{- range . }}
        - {{ merge (dict "labelSelector" (dict "matchLabels" (include "stoa.selector" (list $root $app.id) | fromYaml)) "matchLabelKeys" (list "pod-template-hash")) . | toJson }}
{{- end }}
{{- end }}
      containers:
{{- include (ternary "stoa.kong" "stoa.container" $kong) . | nindent 8 }}
{{- $volumes := list }}
{{- range $components }}
{{- if eq .spec.type "bindings.localstorage" }}{{ $volumes = append $volumes (dict "name" .metadata.name "emptyDir" (dict "sizeLimit" "64Mi")) }}{{ end }}
{{- end }}
{{- with $root.Values.certificates }}{{ $volumes = append $volumes (dict "name" "certificates" "configMap" (dict "name" .)) }}{{ end }}
{{- if $kong }}
{{- $volumes = append $volumes (dict "name" "kong" "configMap" (dict "name" "kong")) }}
{{- range list "run" "tmp" }}{{ $volumes = append $volumes (dict "name" . "emptyDir" (dict "sizeLimit" "64Mi")) }}{{ end }}
{{- end }}
{{- with $volumes }}
      volumes: {{ toJson . }}
{{- end }}
{{- end }}
